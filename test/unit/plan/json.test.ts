import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planJson } from "../../../src/commands/plan.ts";
import { filesOf } from "../../support/model.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { folderWith, remanence } from "../../support/workspace.ts";
import { errorCodes, resolveFiles } from "./said.ts";

const text = expect.any(String);
const count = expect.any(Number);
const yesNo = expect.any(Boolean);

/** `null`, or what is asked for. */
function orNull(value: unknown, wanted: unknown): unknown {
  return value === null ? null : wanted;
}

function oneOf(value: unknown, ...words: string[]): unknown {
  return words.includes(String(value)) ? value : `one of ${words.join(", ")}`;
}

type Row = Record<string, unknown>;

/** An entry as design, section 6 fixes it; fields may be added. */
function contract(row: Row): object {
  const { origin } = row as { origin: Row };
  return {
    scope: oneOf(row["scope"], "home", "system"),
    user: row["scope"] === "system" ? null : text,
    path: text,
    live: expect.stringMatching(/^\//),
    kind: oneOf(row["kind"], "directory", "file", "pattern"),
    class: oneOf(row["class"], "config", "data", "state", "secret", "log", "cache"),
    need: oneOf(row["need"], "critical", "important", "optional", "none"),
    disposition: oneOf(row["disposition"], "persist", "carry", "fetch", "discard"),
    store: row["disposition"] === "persist" ? text : null,
    stored: row["disposition"] === "persist" ? orNull(row["stored"], expect.stringMatching(/^\//)) : null,
    how: row["stored"] === null ? null : oneOf(row["how"], "bind", "symlink"),
    mode: orNull(row["mode"], expect.stringMatching(/^0[0-7]{3}$/)),
    owner: orNull(row["owner"], text),
    group: orNull(row["group"], text),
    backup: yesNo,
    expire: orNull(row["expire"], expect.stringMatching(/^[0-9]+[hdw]$/)),
    origin: { file: text, line: count, column: count, profile: orNull(origin["profile"], text) },
  };
}

describe("plan --format json", () => {
  it("has the fields of the contract, each of its type, in byte order of the live path", async () => {
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const resolved = await resolveFiles(filesOf(model));
        fc.pre(errorCodes(resolved).length === 0);
        for (const plan of resolved.plans) {
          const { entries, ...rest } = JSON.parse(JSON.stringify(planJson(plan))) as Row & { entries: Row[] };
          expect(rest).toEqual({ version: 1, host: plan.host.name, os: plan.host.os });
          for (const row of entries) expect(row).toMatchObject(contract(row));
          const lives = entries.map((row) => Buffer.from(String(row["live"])));
          expect(lives).toEqual([...lives].sort(Buffer.compare));
          expect(new Set(lives.map(String)).size).toBe(lives.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("sorts by bytes where the language sorts otherwise", async () => {
    const home = ["\u{10000}/", "\ue000/", "z/", "Z/", "a-b/", "a/", "a/b", "ä/"];
    const manifest = `version: 1\nusers: { u: {} }\nhosts: { d: { os: fedora } }\nhome: ${JSON.stringify(home)}\n`;
    const { plans } = await resolveFiles({ "persistence.yaml": manifest });
    const paths = plans[0]?.rules.map((rule) => rule.path);
    expect(paths).toEqual(["Z", "a", "a-b", "a/b", "z", "ä", "\ue000", "\u{10000}"]);
  });
});

const manifest = `version: 1
users: { mitsio: {} }
hosts:
  laptop: { os: nixos, backup: { engine: restic, repository: /r, password-file: /persist/p } }
  desk: { os: fedora }
profiles: [nixos-ids, ssh]
home:
  - Documents/
  - { path: .cache/, class: cache }
`;

function json(...args: string[]): unknown {
  const folder = folderWith({ "persistence.yaml": manifest });
  const run = remanence(folder, [...args, "--format", "json"]);
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return JSON.parse(run.stdout);
}

describe("the commands' JSON", () => {
  it("of `plan` gives an entry with its store, its place and where it was written", () => {
    const { entries } = json("plan", "--host", "laptop") as { entries: Row[] };
    expect(entries.find((row) => row["path"] === ".ssh")).toMatchObject({
      scope: "home",
      user: "mitsio",
      live: "/home/mitsio/.ssh",
      kind: "directory",
      class: "secret",
      need: "critical",
      disposition: "persist",
      store: "persist",
      stored: "/persist/home/mitsio/.ssh",
      how: "bind",
      mode: "0700",
      owner: "mitsio",
      group: "users",
      backup: true,
      expire: null,
      origin: { file: "persistence.yaml", line: 6, column: 23, profile: "ssh" },
    });
  });

  it("of `explain` has a row a host, with who decided", () => {
    const answer = json("explain", "~/Documents/letter.odt") as { hosts: Row[] };
    expect(answer).toMatchObject({ version: 1, path: "~/Documents/letter.odt" });
    expect(answer.hosts.map((row) => row["host"]).sort()).toEqual(["desk", "laptop"]);
    const origin = { file: "persistence.yaml", line: 8, column: 5, profile: null };
    expect(answer.hosts.find((row) => row["host"] === "laptop")).toMatchObject({
      fate: "persist",
      live: "/home/mitsio/Documents/letter.odt",
      stored: "/persist/home/mitsio/Documents/letter.odt",
      backup: true,
      class: "state",
      need: "important",
      origin,
      outputs: expect.any(Array),
    });
  });

  it("of `explain` says undecided, and nothing more, where no line covers a path", () => {
    const { hosts } = json("explain", "/srv/nobody", "--host", "laptop") as { hosts: Row[] };
    expect(hosts).toEqual([
      expect.objectContaining({
        fate: "undecided",
        stored: null,
        backup: false,
        class: null,
        need: null,
        origin: null,
      }),
    ]);
  });

  it("of `check` has a row a diagnostic, with its place", () => {
    const folder = folderWith({ "persistence.yaml": manifest.replace("Documents/", "Documents") });
    const run = remanence(folder, ["check", "--format", "json"]);
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      version: 1,
      diagnostics: expect.arrayContaining([
        {
          code: "manifest/kind",
          severity: "error",
          message: text,
          file: "persistence.yaml",
          line: 8,
          column: 5,
          help: text,
        },
      ]),
    });
  });
});
