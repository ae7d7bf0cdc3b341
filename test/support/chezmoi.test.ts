import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { apply, archive, managed, readTar, verify } from "./chezmoi.ts";
import { describeWith } from "./engines.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "remanence-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (files: Record<string, string>, to: string) => {
  for (const [path, text] of Object.entries(files)) {
    const file = join(to, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return to;
};

describeWith(["chezmoi"], "chezmoi in a scratch world", () => {
  const long = `${"deep/".repeat(30)}${"n".repeat(120)}`;
  const tree = {
    ".remanence/ledger": "chezmoi does not see this",
    ".chezmoiignore": `{{ if eq .chezmoi.osRelease.id "nixos" }}.mozilla\n{{ end }}`,
    symlink_dot_mozilla: "/persist/home/alice/.mozilla\n",
    "symlink_dot_ünï cødé": `../${"far/".repeat(40)}é`,
    "private_dot_ssh/private_config": "Host *\n",
    "dot_local/bin/executable_tool": "#!/bin/sh\n",
    [long]: "deep",
    "who.tmpl":
      "{{ .chezmoi.username }}@{{ .chezmoi.hostname }}:{{ .chezmoi.homeDir }} {{ .chezmoi.os }} {{ .chezmoi.osRelease.id }}",
    "run_after_never.sh": "exit 1",
  };
  const source = () => write(tree, join(folder, "source"));
  const host = { home: "/home/alice", username: "alice", hostname: "desk" };

  it("archives every target with its type, mode, link and content", () => {
    const entries = archive(source(), { ...host, os: "fedora" });
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    expect(entries).toHaveLength(byPath.size);
    expect(entries.filter(({ path }) => !path.startsWith("deep"))).toEqual([
      { path: ".local", type: "dir", mode: "0755", link: null, content: null },
      { path: ".local/bin", type: "dir", mode: "0755", link: null, content: null },
      { path: ".local/bin/tool", type: "file", mode: "0755", link: null, content: "#!/bin/sh\n" },
      { path: ".mozilla", type: "symlink", mode: null, link: "/persist/home/alice/.mozilla", content: null },
      { path: ".ssh", type: "dir", mode: "0700", link: null, content: null },
      { path: ".ssh/config", type: "file", mode: "0600", link: null, content: "Host *\n" },
      { path: ".ünï cødé", type: "symlink", mode: null, link: `../${"far/".repeat(40)}é`, content: null },
      { path: "who", type: "file", mode: "0644", link: null, content: "alice@desk:/home/alice linux fedora" },
    ]);
    expect(byPath.get(long)).toMatchObject({ type: "file", content: "deep" });
  });

  it("believes to be on another system", () => {
    const entries = archive(source(), { ...host, os: "nixos" });
    expect(entries.map(({ path }) => path)).not.toContain(".mozilla");
    expect(entries.find(({ path }) => path === "who")?.content).toMatch(/nixos$/);
  });

  it("lets guards look into the destination", () => {
    const guarded = write(
      { a: "a", ".chezmoiignore": `{{ if stat (joinPath .chezmoi.destDir "taken") }}a{{ end }}` },
      join(folder, "source"),
    );
    const destination = join(folder, "destination");
    mkdirSync(destination);
    const paths = () => archive(guarded, { ...host, os: "fedora", destination }).map(({ path }) => path);
    expect(paths()).toEqual(["a"]);
    write({ taken: "" }, destination);
    expect(paths()).toEqual([]);
  });

  it("throws chezmoi's message", () => {
    const broken = write({ "a.tmpl": "{{ .nosuch }}" }, join(folder, "source"));
    expect(() => archive(broken, { ...host, os: "fedora" })).toThrow(/nosuch/);
  });

  it("applies, verifies and is then at rest", () => {
    const home = join(folder, "home");
    mkdirSync(home);
    const flags = ["--exclude=scripts"];
    expect(verify(source(), home, flags).code).toBe(1);
    expect(apply(source(), home, flags, { ...host, os: "fedora", home })).toMatchObject({ code: 0, stderr: "" });
    expect(readlinkSync(join(home, ".mozilla"))).toBe("/persist/home/alice/.mozilla");
    expect(lstatSync(join(home, ".ssh")).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(home, "who"), "utf8")).toBe(`alice@desk:${home} linux fedora`);
    expect(verify(source(), home, flags, { ...host, os: "fedora", home }).code).toBe(0);
    expect(apply(source(), home, [...flags, "-v"], { ...host, os: "fedora", home })).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("keeps its state, so that an edited target is not overwritten in silence", () => {
    const home = join(folder, "home");
    mkdirSync(home);
    const plain = write({ a: "one" }, join(folder, "source"));
    expect(apply(plain, home).code).toBe(0);
    write({ a: "edited" }, home);
    expect(apply(plain, home).code).toBe(1);
    expect(readFileSync(join(home, "a"), "utf8")).toBe("edited");
    expect(apply(plain, home, ["--force"]).code).toBe(0);
    expect(readFileSync(join(home, "a"), "utf8")).toBe("one");
  });

  it("lists what it manages and what it would remove", () => {
    const home = join(folder, "home");
    mkdirSync(home);
    const removing = write({ ".chezmoiremove": "old*\n" }, source());
    // a pattern of .chezmoiremove is a target only where it matches something
    write({ "old one": "" }, home);
    expect(managed(removing, home, undefined, { os: "nixos" })).not.toContain(".mozilla");
    expect(managed(removing, home, undefined, { os: "fedora" })).toEqual(
      expect.arrayContaining([".mozilla", ".ssh/config", ".ünï cødé", long]),
    );
    expect(managed(removing, home, ["--include=remove"])).toEqual(["old one"]);
  });
});

describe("tar reader", () => {
  const deep = `${"d".repeat(90)}/${"é".repeat(40)}`;
  const tar = (...args: string[]) => spawnSync("tar", ["-C", folder, "-cf", "-", ...args]).stdout;

  it.each(["ustar", "pax"])("reads what GNU tar writes as %s", (format) => {
    write({ [deep]: "x".repeat(1025), empty: "", "sub/exact": "y".repeat(512) }, folder);
    const entries = readTar(tar(`--format=${format}`, "--mode=0640", "empty", deep, "sub/exact"));
    expect(entries).toEqual([
      { path: "empty", type: "file", mode: "0640", link: null, content: "" },
      { path: deep, type: "file", mode: "0640", link: null, content: "x".repeat(1025) },
      { path: "sub/exact", type: "file", mode: "0640", link: null, content: "y".repeat(512) },
    ]);
  });

  it("refuses what is damaged, cut off or of another format", () => {
    write({ a: "a", [deep.repeat(2)]: "" }, folder);
    const good = tar("--format=ustar", "a");
    const damaged = Buffer.from(good);
    damaged[0] = 0x62;
    expect(() => readTar(damaged)).toThrow("checksum");
    expect(() => readTar(good.subarray(0, 512))).toThrow("cut off");
    expect(() => readTar(tar("--format=gnu", deep.repeat(2)))).toThrow("unknown type");
  });
});
