import { describe, expect, it } from "vitest";
import { parseYaml } from "../../../src/manifest/yaml-source.ts";

function read(text: string): { value: unknown; codes: string[] } {
  const { value, diagnostics } = parseYaml({ path: "persistence.yaml", text });
  return { value, codes: diagnostics.map((d) => d.code) };
}

const sound = (value: unknown) => ({ value, codes: [] });

describe("a manifest as YAML", () => {
  it.each([
    ["yes", "yes"],
    ["no", "no"],
    ["on", "on"],
    ["Off", "Off"],
    ["y", "y"],
    ["~", null],
    ["null", null],
    ["true", true],
    ["True", true],
    ["1_000", "1_000"],
    ["0o17", 15],
    ["0x1f", 31],
    ["12:30:45", "12:30:45"],
    ["2026-01-01", "2026-01-01"],
    ["<<", "<<"],
    ["=", "="],
  ])("reads %s as YAML 1.2 does, not as 1.1", (text, value) => {
    expect(read(`a: ${text}\n`)).toEqual(sound({ a: value }));
  });

  it("keeps a key that JavaScript has a meaning for as any other", () => {
    const { value, codes } = read("__proto__: { polluted: true }\nconstructor: 1\n");
    expect(codes).toEqual([]);
    expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each([
    "!!binary aGVsbG8=",
    "!!set { a, b }",
    "!!omap [a: 1]",
    "!!timestamp 2026-01-01",
    "!local x",
    "!!js/function x",
  ])("refuses the tag of %s", (text) => {
    expect(read(`a: ${text}\n`).codes).toEqual(["yaml/tag"]);
  });

  it.each(["!!str 12", "!!int '12'", "! 12"])("takes the tag of %s, which is of YAML itself", (text) => {
    expect(read(`a: ${text}\n`).codes).toEqual([]);
  });

  it("does not merge maps", () => {
    const { value } = read("a: &a { x: 1 }\nb: { <<: *a, y: 2 }\n");
    expect(value).toEqual({ a: { x: 1 }, b: { "<<": { x: 1 }, y: 2 } });
  });

  it("takes a byte order mark, and CRLF as line breaks", () => {
    expect(read("a:\r\n  - b\r\n  - c\r\n")).toEqual(sound({ a: ["b", "c"] }));
    expect(read("\uFEFFa: b\n")).toEqual(sound({ a: "b" }));
  });

  it("shares what is used often", () => {
    const text = `a: &a [nixos, fedora]\nb:\n${"  - { on: *a }\n".repeat(10_000)}`;
    const { value, codes } = read(text);
    expect(codes).toEqual([]);
    const { a, b } = value as { a: string[]; b: { on: string[] }[] };
    expect(b).toHaveLength(10_000);
    expect(b[9_999]?.on).toBe(a);
  });

  it("uses the anchor before an alias where a name is given twice", () => {
    expect(read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")).toEqual(sound({ a: 1, b: 1, c: 2, d: 2 }));
  });

  it("takes an alias of a key, and one of a map around nothing of itself", () => {
    expect(read("&k key: v\nother: *k\n")).toEqual(sound({ key: "v", other: "key" }));
  });

  it("stops a billion laughs in no time", () => {
    const level = (i: number): string =>
      `l${i}: &l${i} [${Array(9)
        .fill(`*l${i - 1}`)
        .join(", ")}]\n`;
    const text = `l0: &l0 lol\n${Array.from({ length: 12 }, (_, i) => level(i + 1)).join("")}home: *l12\n`;
    const start = performance.now();
    expect(read(text)).toEqual({ value: undefined, codes: ["yaml/aliases"] });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("stops an anchor that contains itself", () => {
    expect(read("a: &a { b: [*a] }\n")).toEqual({ value: undefined, codes: ["yaml/aliases"] });
  });

  const deep = 100_000;
  it.each([
    ["brackets", "[".repeat(deep)],
    ["braces", "{a: ".repeat(deep)],
    ["brackets beside closed ones in quotes", '["]", '.repeat(deep)],
    ["brackets after closed ones", `${"]\n".repeat(200)}${"[".repeat(deep)}`],
    ["dashes", "- ".repeat(deep)],
    ["dashes and tabs", "-\t".repeat(deep)],
    ["question marks", "? ".repeat(deep)],
    ["mixed indicators", "? - : ".repeat(deep)],
    ["indentation", Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ])("stops at nesting by %s without running out of stack", (_, text) => {
    expect(read(text)).toEqual({ value: undefined, codes: ["yaml/too-deep"] });
  });

  it.each([
    ["names", Array.from({ length: 500 }, (_, i) => `- "{{ ${i} [["\n- a[${i}\n`).join("")],
    ["comments", `${"# [[[[{{{{\n".repeat(500)}a: b\n`],
    ["closed lists", `a: [${"[x], ".repeat(5_000)}]\n`],
    ["text over lines", `a: |\n${"  - - - - [[[[\n".repeat(500)}`],
  ])("does not take brackets in %s for nesting", (_, text) => {
    expect(read(text).codes).toEqual([]);
  });

  it("reads much in little time, also in one line", () => {
    const start = performance.now();
    expect(read(`home: [${"{ path: a, class: cache }, ".repeat(20_000)}]\n`).codes).toEqual([]);
    expect(read("- - - - x\n".repeat(20_000)).codes).toEqual([]);
    expect(read(`${"- ".repeat(60)}${"-   ".repeat(3)}x${" -".repeat(50_000)}`).codes).toEqual([]);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it("gives the place of a value, of its key, and of what is missing that of the nearest key", () => {
    const text = "home:\n  - { path: x/, note: hi }\n";
    const { spanOf } = parseYaml({ path: "f", text });
    const at = (...place: Parameters<typeof spanOf>): string =>
      text.slice(spanOf(...place).start, spanOf(...place).end);
    expect(at(["home", 0, "note"])).toBe("hi");
    expect(at(["home", 0, "note"], "key")).toBe("note");
    expect(at(["home", 0])).toBe("{ path: x/, note: hi }");
    expect(at(["home", 0, "class", "deeper"])).toBe("{ path: x/, note: hi }");
    expect(at(["nothing"])).toBe("home:");
  });

  it("gives scalars as they were typed", () => {
    const { typed, value } = parseYaml({
      path: "f",
      text: 'a: 0700\nb: 0o700\nc: "0700"\nd: &m 0755\ne: *m\nf: [x]\n',
    });
    expect(value).toMatchObject({ a: 700, b: 448, c: "0700" });
    expect(["a", "b", "c", "e", "f", "g"].map((key) => typed([key]))).toEqual([
      "0700",
      "0o700",
      "0700",
      "0755",
      undefined,
      undefined,
    ]);
  });
});
