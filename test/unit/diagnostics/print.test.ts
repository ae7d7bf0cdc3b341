import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf } from "../../../src/diagnostics/columns.ts";
import type { Diagnostic } from "../../../src/diagnostics/diagnostic.ts";
import { countDiagnostics, diagnosticRow, printDiagnostic } from "../../../src/diagnostics/print.ts";
import { positionAt, type SourceFile } from "../../../src/diagnostics/span.ts";
import { unmarked } from "../../support/marked.ts";
import { folderWith, remanence } from "../../support/workspace.ts";

const plain = { color: false };

/** A diagnostic that points at the text between two marks. */
function at(marked: string, more: Partial<Diagnostic> = {}): { d: Diagnostic; sources: Map<string, SourceFile> } {
  const { text, marks } = unmarked(marked);
  const [start = 0, end = start] = marks;
  const d: Diagnostic = {
    code: "manifest/kind",
    severity: "error",
    message: "`.ssh` is a directory",
    span: { file: "persistence.yaml", start, end },
    ...more,
  };
  return { d, sources: new Map([["persistence.yaml", { path: "persistence.yaml", text }]]) };
}

function printed(marked: string, more: Partial<Diagnostic> = {}): string[] {
  const { d, sources } = at(marked, more);
  return printDiagnostic(d, sources, plain).split("\n");
}

/** The line with the text and the one with the caret. */
function excerpt(marked: string): [string, string] {
  const [, , , text = "", caret = ""] = printed(marked);
  return [text, caret];
}

describe("a printed diagnostic", () => {
  it("says what, where and what to write instead", () => {
    const label = "written without a slash, this means a file";
    const help = "write `.ssh/`, or use the profile `ssh`";
    expect(printed("version: 1\nhome:\n  - ┆.ssh┆\n  - x/\n", { label, help })).toEqual([
      "error: `.ssh` is a directory                                                           manifest/kind",
      "  ┌─ persistence.yaml:3:5",
      "  │",
      "3 │   - .ssh",
      "  │     ^^^^ written without a slash, this means a file",
      "  = write `.ssh/`, or use the profile `ssh`",
      "",
    ]);
  });

  it("has room for line numbers of any length", () => {
    const lines = printed(`${"\n".repeat(1233)}a: ┆b┆\n`);
    expect(lines.slice(1, 5)).toEqual(["     ┌─ persistence.yaml:1234:4", "     │", "1234 │ a: b", "     │    ^"]);
  });

  it("without a place has no excerpt, and one of an unknown file only its name", () => {
    const { d } = at("x");
    const { span, ...nowhere } = d;
    void span;
    expect(printDiagnostic(nowhere, new Map(), plain).split("\n")).toHaveLength(2);
    expect(printDiagnostic(d, new Map(), plain)).toContain("┌─ persistence.yaml\n");
  });

  it("marks an empty place with one caret, and of several lines the first", () => {
    expect(excerpt("a:┆┆\n")).toEqual(["1 │ a:", "  │   ^"]);
    expect(excerpt("a: ┆b\n  c┆\n")).toEqual(["1 │ a: b", "  │    ^"]);
  });

  it("shows the end of a file without a line break", () => {
    expect(excerpt("a: ┆b┆")).toEqual(["1 │ a: b", "  │    ^"]);
    expect(excerpt("a: b\n┆┆")).toEqual(["2 │ ", "  │ ^"]);
  });

  it("shows no carriage return of a line break", () => {
    expect(excerpt("a: 1\r\nb: ┆2┆\r\nc: 3\r\n")).toEqual(["2 │ b: 2", "  │    ^"]);
  });

  it.each([
    ["\ta: ┆b┆", "1 │   a: b", "  │      ^"],
    ["日本: ┆b┆", "1 │ 日本: b", "  │       ^"],
    ["a: ┆日本┆ c", "1 │ a: 日本 c", "  │    ^^^^"],
    ["ｆｕｌｌ: ┆ﾊﾝ┆", "1 │ ｆｕｌｌ: ﾊﾝ", "  │           ^^"],
    ["u\u0308: ┆b┆", "1 │ u\u0308: b", "  │    ^"],
    ["한글 ┆b┆", "1 │ 한글 b", "  │      ^"],
    ["🗝: ┆b┆", "1 │ 🗝: b", "  │    ^"],
    ["🔑: ┆b┆", "1 │ 🔑: b", "  │     ^"],
    ["𝒳: ┆b┆", "1 │ 𝒳: b", "  │    ^"],
  ])("puts the caret under what it means in %j", (marked, text, caret) => {
    expect(excerpt(marked)).toEqual([text, caret]);
  });

  it("keeps a line of any length and any characters on the screen, what is marked in view", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "日", "🔑", "\t", "é", "\u001b", "u\u0308"), maxLength: 300 });
    fc.assert(
      fc.property(part, part, part, (before, marked, after) => {
        const [text, caret] = excerpt(`${before}┆X${marked}┆${after}`);
        expect(columnsOf(text)).toBeLessThanOrEqual(100);
        expect(columnsOf(caret)).toBeLessThanOrEqual(100);
        const column = caret.indexOf("^");
        const shown = [...text].reduce<[number, string]>(
          ([columns, found], c) => [columns + columnsOf(c), columns === column ? c : found],
          [0, ""],
        );
        expect(shown[1]).toBe("X");
        expect(text.isWellFormed()).toBe(true);
      }),
    );
  });

  it("is quick in a line of megabytes", () => {
    const text = `home: [${"日本/, ".repeat(1_000_000)}┆x┆]`;
    const { d, sources } = at(text);
    const start = performance.now();
    for (let i = 0; i < 1000; i++) printDiagnostic(d, sources, plain);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("lets nothing of a manifest steer a terminal", () => {
    const nasty = fc.string({ unit: "binary", maxLength: 60 });
    fc.assert(
      fc.property(nasty, nasty, nasty, (a, b, message) => {
        const file = `${a.replaceAll("┆", "")}.yaml`;
        const { text, marks } = unmarked(`${a}┆${b}┆\n`);
        const span = { file, start: marks[0] ?? 0, end: marks[1] ?? 0 };
        const d: Diagnostic = { code: "x/y", severity: "note", message, label: message, help: message, span };
        const out = printDiagnostic(d, new Map([[file, { path: file, text }]]), plain);
        expect(out).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(out.split("\n")).toHaveLength(7);
      }),
      { numRuns: 500 },
    );
  });

  it("lets none through the command either", () => {
    const evil = "\u001b]0;owned\u0007\u009b31m\u202e";
    const quoted = JSON.stringify(evil).replaceAll("\u009b", "\\x9b").replaceAll("\u202e", "\\u202e");
    const manifest = `version: 1\nhosts: { f: { os: fedora } }\n${quoted}: 1\nhome: [ {path: ${quoted}}, {path: x, ${quoted}: 1} ]\n`;
    const run = remanence(folderWith({ "persistence.yaml": manifest }), ["check"]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("\\u{1b}]0;owned");
    expect(run.stdout + run.stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  it("has colours only where they are asked for", () => {
    const { d, sources } = at("a: ┆b┆");
    const esc = "\u001b";
    expect(printDiagnostic(d, sources, plain)).not.toContain(esc);
    const colored = printDiagnostic(d, sources, { color: true });
    expect(colored).toContain(`${esc}[31m`);
    const codes = new RegExp(`${esc}\\[[0-9;]*m`, "g");
    expect(colored.replace(codes, "")).toBe(printDiagnostic(d, sources, plain));
  });
});

describe("a place", () => {
  it("has a column in characters, also in a line of megabytes", () => {
    const text = `é\n${"𝒳a".repeat(500_000)}!`;
    const source = { path: "f", text };
    const start = performance.now();
    for (let i = 0; i < 10_000; i++) positionAt(source, text.length - 1 - (i % 2) * 3);
    expect(positionAt(source, text.length - 1)).toEqual({ line: 2, column: 1_000_001 });
    expect(positionAt(source, 1)).toEqual({ line: 1, column: 2 });
    expect(positionAt(source, 99_999_999)).toEqual({ line: 2, column: 1_000_002 });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("is the same for a whole file, line by line", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "𝒳", "\r\n", "é") }), (text) => {
        const source = { path: "f", text };
        for (let offset = 0; offset <= text.length; offset++) {
          const before = text.slice(0, offset).split("\n");
          const last = before.at(-1) ?? "";
          // Inside a pair of surrogates there is no place.
          if (/[\ud800-\udbff]$/.test(last)) continue;
          expect(positionAt(source, offset)).toEqual({ line: before.length, column: [...last].length + 1 });
        }
      }),
    );
  });
});

describe("a row of JSON", () => {
  it("has the place and the help, or null", () => {
    const { d, sources } = at("a:\n  - ┆b┆", { help: "h" });
    expect(diagnosticRow(d, sources)).toEqual({
      code: "manifest/kind",
      severity: "error",
      message: "`.ssh` is a directory",
      file: "persistence.yaml",
      line: 2,
      column: 5,
      help: "h",
    });
    const { span, help, ...nowhere } = d;
    void [span, help];
    expect(diagnosticRow(nowhere, sources)).toMatchObject({ file: null, line: null, column: null, help: null });
  });
});

describe("the count", () => {
  it("names each kind that there is", () => {
    const of = (...severities: Diagnostic["severity"][]): string =>
      countDiagnostics(severities.map((severity) => ({ code: "a/b", severity, message: "m" })));
    expect(of("error")).toBe("1 error");
    expect(of("error", "error", "warning")).toBe("2 errors, 1 warning");
    expect(of("note", "warning", "warning")).toBe("2 warnings, 1 note");
    expect(of()).toBe("");
  });
});
