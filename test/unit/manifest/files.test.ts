import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CannotRun } from "../../../src/diagnostics/cannot-run.ts";
import { type Resolved, resolve } from "../../../src/pipeline.ts";
import { errorsOf, planNamed, resolveText, withCode } from "../../support/small-manifest.ts";
import { folderWith } from "../../support/workspace.ts";

const head = "version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\n";

function livesOf(resolved: Resolved): string[] {
  return planNamed(resolved, "f").rules.map((rule) => rule.live);
}

describe("an included file", () => {
  it("is named relative to the file that includes it", async () => {
    const resolved = await resolveText(`${head}include: [a/one.yaml]\nhome: [x/]\n`, {
      "a/one.yaml": "version: 1\ninclude: [b/two.yaml, ../three.yaml]\nhome: [y/]\n",
      "a/b/two.yaml": "home: [z/]\n",
      "three.yaml": "home: [w/]\n",
    });
    expect(errorsOf(resolved)).toEqual([]);
    expect(livesOf(resolved)).toEqual(["/home/u/w", "/home/u/x", "/home/u/y", "/home/u/z"]);
    const origins = planNamed(resolved, "f").rules.map(
      ({ origin }) => `${origin.file}:${origin.line}:${origin.column}`,
    );
    expect(origins).toEqual(["three.yaml:1:8", "persistence.yaml:5:8", "a/one.yaml:3:8", "a/b/two.yaml:1:8"]);
  });

  it("may be included from two sides, and counts once", async () => {
    const resolved = await resolveText(`${head}include: [a.yaml, b.yaml]\n`, {
      "a.yaml": "include: [c.yaml]\n",
      "b.yaml": "include: [c.yaml]\n",
      "c.yaml": "users: { v: {} }\nhome: [x/]\n",
    });
    expect(errorsOf(resolved)).toEqual([]);
    expect(livesOf(resolved)).toEqual(["/home/u/x", "/home/v/x"]);
  });

  it("must not include what includes it", async () => {
    const resolved = await resolveText(`${head}include: [a.yaml]\n`, { "a.yaml": "include: [persistence.yaml]\n" });
    expect(errorsOf(resolved)).toEqual([expect.stringContaining("it includes itself")]);
  });

  it("must not lie outside the manifest's folder, links resolved", async () => {
    const outside = folderWith({ "secret.yaml": "hosts: { stolen: { os: fedora } }\n" });
    const folder = folderWith({ "persistence.yaml": `${head}include: [link.yaml, "../${outside}/secret.yaml"]\n` });
    symlinkSync(`${outside}/secret.yaml`, `${folder}/link.yaml`);
    const resolved = await resolve(`${folder}/persistence.yaml`);
    expect(errorsOf(resolved)[0]).toContain("outside the manifest's folder");
    expect(errorsOf(resolved)).toHaveLength(2);
    expect([...resolved.sources.values()].map((source) => source.text).join()).not.toContain("stolen");
  });

  it.each([
    ["nowhere.yaml", "there is no such file"],
    ["folder", "it is a directory"],
    ["/etc/passwd", "relative"],
    ["~/x.yaml", "relative"],
    ["loop.yaml", "loop"],
    ["pipe", "not a file"],
    ["closed.yaml", process.getuid?.() === 0 ? "no such file" : "permission denied"],
  ])("that cannot be read is reported at its place: %s", async (name, reason) => {
    const folder = folderWith({ "persistence.yaml": `${head}include: [${name}]\nhome: [.ssh]\n` });
    mkdirSync(`${folder}/folder`);
    symlinkSync("loop.yaml", `${folder}/loop.yaml`);
    execFileSync("mkfifo", [`${folder}/pipe`]);
    if (process.getuid?.() !== 0) {
      writeFileSync(`${folder}/closed.yaml`, "");
      chmodSync(`${folder}/closed.yaml`, 0);
    }
    const resolved = await resolve(`${folder}/persistence.yaml`);
    const [fault] = withCode(resolved, "manifest/include");
    expect(fault?.message).toContain(reason);
    expect(fault?.span).toMatchObject({ file: "persistence.yaml", start: `${head}include: [`.length });
    // The rest is checked in the same run, and what may be in that file is not called missing.
    expect(resolved.diagnostics.map((d) => d.code)).toEqual(["manifest/include", "manifest/kind", "catalogue/secret"]);
  });

  it("that has a fault of YAML does not make its users and stores unknown", async () => {
    const resolved = await resolveText(
      "version: 1\ninclude: [a.yaml]\nhome: [{ path: x/, users: [u], store: s, on: [f] }]\n",
      {
        "a.yaml": "hosts: { f: { os: fedora } }\nusers: { u: {} }\nstores: { s: /s }\n\t- x\n",
      },
    );
    const codes = new Set(resolved.diagnostics.map((d) => d.code));
    expect(codes).toEqual(new Set(["yaml/syntax"]));
  });

  it("defines a name only once", async () => {
    const resolved = await resolveText(`${head}include: [a.yaml]\n`, {
      "a.yaml": "users: { u: {} }\nhosts: { f: { os: fedora } }\noutputs: { fedora: f }\n",
    });
    expect(errorsOf(resolved)).toEqual([
      "manifest/defined-twice: user `u` is defined in persistence.yaml too",
      "manifest/defined-twice: host `f` is defined in persistence.yaml too",
    ]);
  });

  it("is one of at most 200", async () => {
    const others = Object.fromEntries(
      Array.from({ length: 250 }, (_, i) => [`${i}.yaml`, i < 249 ? `include: [${i + 1}.yaml]\n` : "home: [x/]\n"]),
    );
    const resolved = await resolveText(`${head}include: [0.yaml]\n`, others);
    expect(errorsOf(resolved)).toEqual([expect.stringContaining("more than 200 files")]);
  });
});

describe("a manifest file", () => {
  it("may begin with a byte order mark, which moves no column", async () => {
    const resolved = await resolveText(`\uFEFF${head}home: [.ssh]\n`);
    expect(withCode(resolved, "manifest/kind")[0]?.span?.start).toBe(`${head}home: [`.length);
  });

  it("may have CRLF line breaks, and means the same", async () => {
    const text = `${head}home:\n  - x/\n  - { path: .ssh/, class: secret, note: a key }\n`;
    const [unix, dos] = await Promise.all([resolveText(text), resolveText(text.replaceAll("\n", "\r\n"))]);
    const plain = (resolved: Resolved): object[] =>
      planNamed(resolved, "f").rules.map((rule) => ({ ...rule, span: null }));
    expect(plain(dos)).toEqual(plain(unix));
    expect(errorsOf(dos)).toEqual([]);
  });

  it("must be UTF-8, and the rest of its faults are reported too", async () => {
    const latin = Buffer.from(`${head}home: [Bücher/, .ssh]\n`, "latin1");
    const codes = (await resolveText(latin)).diagnostics.map((d) => d.code);
    expect(codes).toContain("manifest/not-utf8");
    expect(codes).toContain("manifest/kind");
  });

  it.each(["utf16le", "binary"] as const)("in another encoding is refused: %s", async (encoding) => {
    const text = `\uFEFF${head}home: [x/]\n`;
    const bytes = encoding === "utf16le" ? Buffer.from(text, encoding) : Buffer.from([0xff, 0xfe, 0, 1, 2, 0x80]);
    expect((await resolveText(bytes)).diagnostics.map((d) => d.code)).toContain("manifest/not-utf8");
  });

  it("of 50 MB is refused without being read", async () => {
    const start = performance.now();
    const resolved = await resolveText(Buffer.alloc(50 * 1024 * 1024, "#"));
    expect(resolved.diagnostics.map((d) => d.code)).toEqual(["manifest/too-large"]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it.each(["", "\n\n", "# nothing\n", "---\n...\n", "null\n", "~\n"])(
    "with nothing in it says how to begin: %j",
    async (text) => {
      expect((await resolveText(text)).diagnostics.map((d) => d.code)).toEqual(["manifest/empty"]);
    },
  );

  it.each(["just text\n", "- a\n- b\n", "42\n", "\0\u0001\n"])("that is no map is refused: %j", async (text) => {
    expect((await resolveText(text)).diagnostics.map((d) => d.code)).toEqual(["manifest/type"]);
  });

  it("that is missing, a directory or a pipe is for no diagnostic: the command cannot run", async () => {
    const folder = folderWith({});
    mkdirSync(`${folder}/dir`);
    execFileSync("mkfifo", [`${folder}/pipe`]);
    await expect(resolve(`${folder}/none.yaml`)).rejects.toThrow(CannotRun);
    await expect(resolve(`${folder}/none/none.yaml`)).rejects.toThrow("there is no such file");
    await expect(resolve(`${folder}/dir`)).rejects.toThrow("it is a directory");
    await expect(resolve(`${folder}/pipe`)).rejects.toThrow("it is not a file");
  });
});

describe("a folder for outputs", () => {
  it.each(["..", "a/../..", "/out", "~/out", ".git", "a/.git/hooks", ".remanence/x", "a//b", "{user}"])(
    "cannot be %j",
    async (path) => {
      const resolved = await resolveText(`${head}outputs: { fedora: "${path}" }\nhome: [x/]\n`);
      expect(errorsOf(resolved)).toEqual([expect.stringMatching(/^manifest\/output: /)]);
    },
  );
});
