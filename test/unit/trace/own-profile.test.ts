import { describe, expect, it } from "vitest";
import { parseYaml } from "../../../src/manifest/yaml-source.ts";
import { parseProfile } from "../../../src/profiles/parse.ts";
import { profileText } from "../../../src/trace/profile-text.ts";
import { programNames } from "../../../src/trace/sort-out.ts";

import { sorted } from "./sorted.ts";

describe("names of programs", () => {
  it("are those of files, past wrappers, and not of what runs other programs", () => {
    expect(
      programNames(["/bin/sh", "/usr/bin/python3.12", "/nix/store/x/bin/.zot-wrapped", "/usr/bin/env", "/bin/zot"]),
    ).toEqual(["zot"]);
  });
});

describe("a profile of one's own", () => {
  it("is one of the catalogue's shape, without what others have and what is a person's own", async () => {
    const { proposals } = await sorted({
      written: {
        "/home/m/.config/zot/a": null,
        "/home/m/.zot.db": "in-place",
        "/home/m/.gitconfig": "rename",
        "/home/m/Letters/a": null,
        "/var/lib/zot/x": null,
      },
      missing: ["/home/m/.zot.db-journal"],
    });
    const text = profileText("zot", "/opt/my zot/zot", proposals) ?? "";
    const { profile, diagnostics } = parseProfile(parseYaml({ path: "zot.yaml", text }), true);
    expect(diagnostics).toEqual([]);
    expect(profile).toMatchObject({
      name: "zot",
      title: "zot",
      detect: { commands: ["zot"] },
      sources: ["file:///opt/my%20zot/zot"],
      paths: [
        { scope: "home", path: ".config/zot", kind: "directory", class: "config" },
        { scope: "home", path: ".zot.db", kind: "file", class: "state", writes: "in-place", database: true },
        { scope: "system", path: "/var/lib/zot", kind: "directory", class: "state", basis: "judged" },
      ],
    });
    expect(profile?.paths).toHaveLength(3);
  });

  it("is none where others have all of it", async () => {
    const { proposals } = await sorted({ written: { "/home/m/.gitconfig": "rename", "/home/m/Letters/a": null } });
    expect(profileText("zot", "/bin/zot", proposals)).toBeUndefined();
  });
});
