import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keysIn } from "../../src/carry/keys.ts";
import { apply } from "../support/chezmoi.ts";
import { aliceAt, generate, homeIn } from "../support/chezmoi-tree.ts";
import { enginePath } from "../support/engine-table.ts";
import { describeWith } from "../support/engines.ts";
import { filesBelow, folderWith, readText, remanence, scratch, writeFiles } from "../support/workspace.ts";

const manifest = `version: 1
users: { alice: {} }
hosts: { desk: { os: fedora, stores: { persist: ~/.persist } } }
home: [Documents/]
`;

function world(files: Readonly<Record<string, string>>) {
  const home = scratch();
  const folder = folderWith({ "persistence.yaml": manifest });
  writeFiles(home, files);
  const run = (...args: string[]) => remanence(folder, ["carry", ...args], { HOME: home, PATH: enginePath });
  return { home, folder, source: `${folder}/chezmoi`, run };
}

describeWith(["chezmoi"], "remanence carry --keys", () => {
  it.each([
    ["json", '{"b": {"x y": [1, "ü"], "rest": 1}, "a": true, "own": "mine"}\n', '{"own": "yours", "new": 2}\n'],
    ["toml", 'a = true\nown = "mine"\n[b]\n"x y" = [1, "ü"]\nrest = 1\n', 'own = "yours"\nnew = 2\n'],
    ["yaml", 'a: true\nown: mine\nb: { "x y": [1, ü], rest: 1 }\n', "own: yours\nnew: 2\n"],
  ])("sets these in a .%s file, and leaves the rest to its program", async (extension, text, other) => {
    const path = `.config/app/settings.${extension}`;
    const { folder, source, run } = world({ [path]: text });
    expect(run(`~/${path}`, "--keys", "a,b.x y")).toMatchObject({ code: 0, stderr: "" });
    expect(filesBelow(source)).toEqual([`dot_config/app/modify_settings.${extension}`]);
    expect(readText(source, `dot_config/app/modify_settings.${extension}`)).not.toContain("mine");
    await generate(folder);
    const home = homeIn(folder);
    writeFiles(home, { [path]: other });
    expect(apply(source, home, ["--force"], aliceAt(home))).toMatchObject({ code: 0, stderr: "" });
    const { HOME, ...rest } = { HOME: home };
    expect(rest).toEqual({});
    const read = remanence(folder, ["carry", `~/${path}`, "--keys", "own", "--dry-run"], { HOME, PATH: enginePath });
    expect(read.code).toBe(0);
    const now = readText(home, path);
    for (const part of ["yours", "new", "x y", "ü"]) expect(now).toContain(part);
    expect(now).not.toContain("rest");
    // at rest, also when the program writes it in its own form
    expect(apply(source, home, ["--verbose"], aliceAt(home))).toMatchObject({ code: 0, stdout: "" });
    writeFiles(home, { [path]: `${now}\n\n` });
    expect(apply(source, home, ["--force", "--verbose"], aliceAt(home))).toMatchObject({ code: 0, stdout: "" });
  });

  it("makes the file where there is none", async () => {
    const { folder, source, run } = world({ ".config/app.json": '{"a": {"b": "{{ x }}"}}' });
    expect(run("~/.config/app.json", "--keys", "a.b").code).toBe(0);
    await generate(folder);
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home))).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(readText(home, ".config/app.json"))).toEqual({ a: { b: "{{ x }}" } });
  });

  it.each([
    ["a key that is not there", ".config/app.json", "{}", "a", "there is no key `a` in it"],
    ["a format without keys", ".config/apprc", "a", "a", "keys are carried of .json"],
    ["a secret", ".config/gh/hosts.yml", "token: x", "token", "it is a secret"],
  ])("refuses %s", (_, path, text, key, why) => {
    const { source, run } = world({ [path]: text });
    const { code, stderr } = run(`~/${path}`, "--keys", key);
    expect(code).toBe(1);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("token: x");
    expect(() => filesBelow(source)).toThrow("ENOENT");
  });

  it("says where chezmoi cannot read the file, and does not touch what is carried already", () => {
    const { source, run } = world({ ".config/broken.json": "{", ".config/there.json": "{}" });
    expect(run("~/.config/broken.json", "--keys", "a")).toMatchObject({ code: 2 });
    expect(run("~/.config/there.json").code).toBe(0);
    expect(run("~/.config/there.json", "--keys", "a").stderr).toContain(
      "your chezmoi source has it already (dot_config/there.json)",
    );
    expect(readText(source, "dot_config/there.json")).toBe("{}");
  });
});

describe("the keys of a file", () => {
  it("are found by the names on the way, whatever is in them", () => {
    const name = fc
      .string({ minLength: 1, maxLength: 8 })
      .filter((text) => !text.includes("\\") && text !== "__proto__");
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.jsonValue(), (path, value) => {
        const data = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
        const key = path.map((part) => part.replaceAll(".", "\\.")).join(".");
        expect(keysIn(data, [key])).toEqual({ keys: [{ path, value: JSON.stringify(value) }], missing: undefined });
        expect(keysIn({}, [key]).missing).toBe(key);
      }),
    );
  });
});
