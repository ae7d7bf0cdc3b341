import { describe, expect, it } from "vitest";
import { hostNameOf } from "../../../src/init/host-name.ts";
import { isHostName } from "../../../src/init/people.ts";
import { userFolders } from "../../../src/init/user-folders.ts";

const dirs = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

describe("user-dirs.dirs", () => {
  it("names the folders, each once, what matters most first", () => {
    const text = dirs([
      "# comment",
      'XDG_DOWNLOAD_DIR="$HOME/Downloads"',
      'XDG_DOCUMENTS_DIR="$HOME/Dokumente/"',
      'XDG_TEMPLATES_DIR="$HOME/Dokumente"',
      'XDG_MUSIC_DIR="$HOME/"',
      'XDG_PICTURES_DIR="$HOME/Media/My Pictures"',
    ]);
    expect(userFolders(text)).toEqual({
      folders: [
        { path: "Dokumente", need: "critical", role: "documents" },
        { path: "Media/My Pictures", need: "critical", role: "pictures" },
        { path: "Downloads", need: "important", role: "download" },
      ],
      outside: [],
    });
  });

  it("says which lie elsewhere, or cannot be written", () => {
    const text = dirs([
      'XDG_DOCUMENTS_DIR="/data/docs"',
      'XDG_MUSIC_DIR="$HOME/a*"',
      'XDG_VIDEOS_DIR="$HOME/../x"',
      'XDG_DESKTOP_DIR="$HOME/~/y"',
      "XDG_PICTURES_DIR=$(touch /tmp/x)",
    ]);
    expect(userFolders(text)).toEqual({ folders: [], outside: ["/data/docs", "$HOME/../x", "$HOME/a*", "$HOME/~/y"] });
  });

  it("takes the quoting of shells off", () => {
    const [folder] = userFolders('XDG_MUSIC_DIR="$HOME/a \\"b\\" \\$c"\n').folders;
    expect(folder?.path).toBe('a "b" $c');
  });

  it("is not needed where the folders have their usual names", () => {
    expect(userFolders(undefined).folders.map(({ path }) => path)).toContain("Documents");
    expect(userFolders("").folders).toEqual([]);
  });
});

describe("the name of a host", () => {
  it.each([
    ["desk", "desk"],
    ["desk.example.org\n", "desk"],
    ["MacBook von Jürgen", "MacBook-von-J-rgen"],
    ["-_x_-", "x"],
    ["日本", "machine"],
    ["", "machine"],
    ["a".repeat(100), "a".repeat(63)],
    ["__proto__", "proto"],
  ])("%j is %j", (machine, name) => {
    expect(hostNameOf(machine)).toBe(name);
    expect(isHostName(hostNameOf(machine))).toBe(true);
  });
});
