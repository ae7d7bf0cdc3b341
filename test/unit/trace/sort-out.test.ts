import { describe, expect, it } from "vitest";
import { editLines, editsFor } from "../../../src/commands/trace-edits.ts";
import { nameOf } from "../../../src/scan/names.ts";
import type { SortedOut } from "../../../src/trace/sort-out.ts";

import { type Seen, sorted } from "./sorted.ts";

function linesFor(proposals: SortedOut["proposals"]): string {
  return editLines(editsFor(proposals));
}

/** Proposals as `path class writes`, a directory with its slash. */
function shown({ proposals }: SortedOut): string[] {
  return proposals.map(({ path, kind, class: entryClass, writes }) =>
    [path + (kind === "directory" ? "/" : ""), entryClass, ...(writes === null ? [] : [writes])].join(" "),
  );
}

describe("proposals", () => {
  it.each<[string, Seen, readonly string[]]>([
    [
      "the directory of the program, never the tree around it",
      {
        written: {
          "/home/m/.config/zot/a/b": null,
          "/home/m/.config/zot/c": "rename",
          "/home/m/.local/share/zot/x": null,
        },
      },
      [".config/zot/ config", ".local/share/zot/ state"],
    ],
    ["a single file, with the way it is saved", { written: { "/home/m/.zotrc": "rename" } }, [".zotrc state rename"]],
    [
      "the directory named like the program inside one of its vendor",
      { written: { "/home/m/.config/Vendor/Zot/a": null }, programs: ["/usr/bin/env", "/opt/zot"] },
      [".config/Vendor/Zot/ config"],
    ],
    [
      "and not a deeper one, where the outer has the name already",
      { written: { "/home/m/.config/zot/zot/a": null }, programs: ["/opt/zot"] },
      [".config/zot/ config"],
    ],
    ["a person's own folder", { written: { "/home/m/Letters/2026/a.odt": "rename" } }, ["Letters/ data"]],
    [
      "a secret inside of what is none",
      { written: { "/home/m/.config/zot/a": null, "/home/m/.config/zot/credentials": "in-place" } },
      [".config/zot/ config", ".config/zot/credentials secret in-place"],
    ],
    ["a state directory of a service", { written: { "/var/lib/zot/db": "in-place" } }, ["/var/lib/zot/ state"]],
    ["a home by its other name", { written: { "/var/home/m/.zotrc": null } }, [".zotrc state"]],
    [
      "a place that nothing is known of, below a home",
      { written: { "/home/m/.local/zot/a/b": null } },
      [".local/zot/a/ state"],
    ],
  ])("%s", async (_, seen, expected) => {
    expect(shown(await sorted(seen))).toEqual(expected);
  });

  it("are the catalogue's where it knows the path, by profile and with what was seen", async () => {
    const { proposals } = await sorted({
      written: { "/home/m/.gitconfig": "rename", "/home/m/.npm/_cacache/x": "rename" },
    });
    expect(proposals).toMatchObject([
      { path: ".gitconfig", profile: "git", class: "config", writes: "rename" },
      { path: ".npm", profile: "npm", class: "cache", writes: null },
    ]);
    expect(linesFor(proposals)).toBe("profiles:\n  - git # ~/.gitconfig\n  - npm # ~/.npm/\n");
  });

  it("name a folder of a person's own by itself: its profile would keep all such folders", async () => {
    const { proposals } = await sorted({ written: { "/home/m/Music/a.ogg": null } });
    expect(proposals).toMatchObject([{ path: "Music", profile: "xdg-user-dirs", class: "data" }]);
    expect(linesFor(proposals)).toMatch(/^home:\n {2}- \{ path: Music\/, class: data.* \} # /);
  });

  it("say what a profile of a package of another kind says", async () => {
    const { proposals } = await sorted({ written: { "/home/m/.var/app/org.vim.Vim/data/x": null } });
    expect(linesFor(proposals)).toBe("profiles:\n  - { name: vim, flavour: flatpak } # ~/.var/app/org.vim.Vim/\n");
  });

  it("know a database by what stands beside it, or was looked for there; its journal is part of it", async () => {
    const beside = await sorted({
      written: {
        "/home/m/.a.db": "in-place",
        "/home/m/.a.db-wal": null,
        "/home/m/.b": "in-place",
        "/home/m/.c": "in-place",
      },
      sidecars: ["/home/m/.a.db-wal"],
      missing: ["/home/m/.b-journal"],
    });
    expect(beside.proposals.map(({ path, database }) => [path, database])).toEqual([
      [".a.db", true],
      [".b", true],
      [".c", false],
    ]);
  });

  it("know a LevelDB and an LMDB by their files", async () => {
    const { proposals } = await sorted({
      written: {
        "/home/m/.config/a/db/CURRENT": "rename",
        "/home/m/.config/a/db/MANIFEST-000001": "in-place",
        "/home/m/.config/b/data.mdb": "in-place",
        "/home/m/.config/b/lock.mdb": "in-place",
        "/home/m/.config/c/CURRENT": "rename",
        "/home/m/.config/d/MANIFEST-000001": "in-place",
      },
      sidecars: ["/home/m/.config/b/lock.mdb"],
    });
    expect(proposals.map(({ path, database }) => [path, database])).toEqual([
      [".config/a", true],
      [".config/b", true],
      [".config/c", false],
      [".config/d", false],
    ]);
  });

  it("are lines of a manifest that is sound, and then nothing is left to decide", async () => {
    const seen: Seen = {
      written: {
        "/home/m/.config/zot: #1/a": "rename",
        "/home/m/.- {x}": "in-place",
        "/home/m/.npmrc": "in-place",
        "/home/m/.a.db": "in-place",
        "/home/m/Letters/a": null,
        "/var/lib/zot/x": null,
        "/etc/zot.key": "in-place",
      },
      missing: ["/home/m/.a.db-journal"],
    };
    const first = await sorted(seen);
    const second = await sorted(seen, linesFor(first.proposals));
    expect(first.proposals).toHaveLength(7);
    expect(second.proposals).toEqual([]);
    expect(second.decided.flatMap(({ written }) => written)).toHaveLength(7);
  });
});

describe("what needs no proposal", () => {
  it("is what a line decides already, whichever path it was written by", async () => {
    const { proposals, decided, outside, passing } = await sorted(
      { written: { "/home/m/.zot/a": null, "/persist/home/m/.zot/b": null, "/persist/home/m/else": null } },
      "home: [.zot/]\n",
      "os: nixos",
    );
    expect([proposals, outside, passing]).toEqual([[], [], 1]);
    expect(decided).toMatchObject([{ rule: { path: ".zot", origin: { line: 4 } } }]);
    expect(decided[0]?.written.map(({ place }) => place.live)).toEqual(["/home/m/.zot/a", "/home/m/.zot/b"]);
  });

  it("is what passes, and what is gone", async () => {
    const result = await sorted({
      written: { "/tmp/x": null, "/run/user/1000/y": null, "/dev/shm/z": null, "/home/m/.gone": null, "/home/m": null },
      find: (path) => (path === "/home/m/.gone" ? undefined : { kind: "file", bytes: 1 }),
    });
    expect(result).toMatchObject({ proposals: [], decided: [], outside: [], passing: 4 });
  });

  it("is told apart where no manifest can name it", async () => {
    const result = await sorted({
      written: {
        [nameOf(Buffer.from([0x2f, ...Buffer.from("home/m/."), 0xff]))]: null,
        "/home/m/.a\nb": null,
        "/home/m/.x*": null,
      },
    });
    expect(result.unnameable).toHaveLength(3);
    expect(result.proposals).toEqual([]);
  });

  it("is collapsed into a directory that can be named", async () => {
    const odd = nameOf(Buffer.concat([Buffer.from("/home/m/.config/zot/"), Buffer.of(0xff)]));
    expect(shown(await sorted({ written: { [odd]: null } }))).toEqual([".config/zot/ config"]);
  });

  it("is told apart where a path has its own right answer, and where packages write", async () => {
    const result = await sorted({ written: { "/etc/passwd": "rename", "/usr/bin/x": "rename" } }, "", "os: nixos");
    expect(result).toMatchObject({
      proposals: [],
      special: [{ instead: expect.stringContaining("declare users") }],
      outside: [{ place: { path: "/usr/bin/x" } }],
    });
  });
});

describe("what a program looked for in vain", () => {
  it("is where its settings would be: nothing decided, no search for programs, no file of a person's own", async () => {
    const { missing } = await sorted(
      {
        missing: [
          "/home/m/.config/git/config",
          "/home/m/.zotrc",
          "/home/m/.zot.db-wal",
          "/home/m/.local/bin/x",
          "/home/m/.local/lib/libx.so.1",
          "/home/m/Letters/.zot",
          "/home/m/.kept/x",
          "/etc/zot",
          "/etc/zot/a",
          "/tmp/x",
        ],
      },
      "home: [.kept/]\n",
    );
    expect(missing.map(({ place, profile }) => [place.path, profile])).toEqual([
      [".config/git/config", "git"],
      [".zotrc", null],
      ["/etc/zot", null],
    ]);
  });

  it("is not told of a directory that is proposed as a whole", async () => {
    const { missing } = await sorted({ written: { "/home/m/.zot/a": null }, missing: ["/home/m/.zot/b"] });
    expect(missing).toEqual([]);
  });
});
