import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../src/diagnostics/diagnostic.ts";
import type { Draft, DraftItem } from "../../../src/init/draft.ts";
import { settle, type Verdict } from "../../../src/init/settle.ts";

const file = "draft.yaml";
const item = (data: unknown, more: Partial<DraftItem> = {}): DraftItem => ({
  data,
  reason: "why",
  group: "some",
  ...more,
});

const draft: Draft = {
  about: ["About."],
  users: [
    { name: "u", data: {}, reason: "" },
    { name: "v", data: { home: "/x" }, reason: "" },
  ],
  host: { name: "h", os: { key: "os", data: "nixos", reason: "" }, settings: [], own: [] },
  lists: {
    profiles: [
      item("aside", { aside: "before" }),
      item("one", {
        parts: [
          { list: "home", path: "d", data: { path: "d/" }, reason: "part" },
          { list: "home", path: "f", data: "f", reason: "part" },
          { list: "system", path: "/s", data: "/s/", reason: "part" },
        ],
      }),
      item({ name: "two" }),
    ],
    system: [item("/s/")],
    home: [item(".x/")],
  },
  outputs: [{ key: "chezmoi", data: ".", reason: "the source" }],
};

/** Finds fault with each of these texts, where it stands in a draft as data. */
function checker(faults: Readonly<Record<string, Partial<Diagnostic>>>): (text: string) => Promise<Verdict> {
  return async (text) => ({
    file,
    diagnostics: Object.entries(faults).flatMap(([wanted, more]) => {
      const start = text.indexOf(wanted);
      if (start === -1 || text.lastIndexOf("#", start) > text.lastIndexOf("\n", start)) return [];
      const span = { file, start, end: start + wanted.length };
      return [{ code: "plan/x", severity: "warning", message: `no ${wanted}`, span, ...more } satisfies Diagnostic];
    }),
  });
}

describe("a draft is settled", () => {
  it("as it is, where nothing is found", async () => {
    const { draft: settled, text, remaining } = await settle(draft, checker({ "- one": { severity: "note" } }));
    expect([settled, remaining]).toEqual([draft, []]);
    expect(text).toContain("  - one # why\n");
  });

  it("with what is at fault as a comment, and why", async () => {
    const { text, remaining } = await settle(draft, checker({ "two }": { help: "write three" }, ".x/": {} }));
    expect(remaining).toEqual([]);
    expect(text).toContain("  # no two }; write three\n  # - { name: two }\n");
    expect(text).toContain("# home:\n#   some\n#   no .x/\n#   - .x/\n");
    expect(text).toContain("  - one # why\n");
  });

  it("with the directories of a profile in its place, each once, where it is a matter of single files", async () => {
    const { draft: settled, text } = await settle(draft, checker({ "one # why": { code: "files/unknown-writer" } }));
    expect(settled.lists.home.map(({ data }) => data)).toEqual([".x/", { path: "d/" }]);
    expect(settled.lists.system.map(({ data }) => data)).toEqual(["/s/"]);
    expect(text).toContain("  - { path: d/ } # part\n");
    const other = await settle(draft, checker({ "one # why": { code: "plan/contradiction" } }));
    expect(other.draft.lists.home.map(({ data }) => data)).toEqual([".x/"]);
  });

  it("in several rounds, where what stands in its place is at fault as well", async () => {
    const faults = { "one # why": { code: "files/unknown-writer" }, "{ path: d/ }": {} };
    const { text, remaining } = await settle(draft, checker(faults));
    expect(remaining).toEqual([]);
    expect(text).toContain("  # no { path: d/ }\n  # - { path: d/ }\n");
  });

  it("without a user who cannot be one", async () => {
    const { draft: settled, text } = await settle(draft, checker({ "home: /x": {} }));
    expect(settled.users.map(({ name }) => name)).toEqual(["u"]);
    expect(text).toContain("# The account v is left out: no home: /x.\n");
  });

  it("without the dotfiles before anything is given up for them", async () => {
    const { text } = await settle(draft, checker({ "chezmoi: .": {}, "- one": { code: "chezmoi/hand-managed" } }));
    expect(text).toContain("  - { name: two } # why\n");
    expect(text).toMatch(/# set aside: no - one\n# outputs:\n# {3}chezmoi: \.\n$/);
  });

  it("and says what cannot be helped", async () => {
    const { remaining, text } = await settle(draft, checker({ "os: nixos": { severity: "error" } }));
    expect(remaining.map(({ message }) => message)).toEqual(["no os: nixos"]);
    expect(text).toContain("os: nixos");
  });
});
