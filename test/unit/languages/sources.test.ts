import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const filesIn = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));

/** What touches an output tag so that a value would stand inside a string, a variable or a word of the template. */
function touched(template: string): string[] {
  return [...template.matchAll(/(.?)<%=(?:(?!%>).)*%>(.?)/gs)]
    .filter(([, before = "", after = ""]) => /["'`$\\\w]/.test(before) || /["'`$\\\w]/.test(after))
    .map(([tag]) => tag);
}

/** Calls of replace and replaceAll whose replacement is a string in which `$` would mean something. */
function dollarReplacements(source: string): string[] {
  const literal =
    /\.replace(?:All)?\(\s*(?:\/(?:\\.|\[(?:\\.|[^\]])*\]|[^/\\[])+\/[a-z]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\w.]+)\s*,\s*(["'`](?:\\.|[^\\])*?["'`])/gs;
  return [...source.matchAll(literal)].filter(([, text = ""]) => text.includes("$")).map(([call]) => call);
}

/** Calls whose replacement is a name, of which nobody knows what is in it. */
function namedReplacements(source: string): string[] {
  const calls = source.matchAll(/\.replace(?:All)?\((?:[^()]|\([^()]*\))*?,\s*([A-Za-z_.]+)\s*\)/gs);
  return [...calls].filter(([, name = ""]) => !/^(?:escape\w*|\w+Of)$/.test(name)).map(([call]) => call);
}

describe("templates", () => {
  const templates = [...filesIn("chezmoi-templates", ".ejs"), ...filesIn("src/report/templates", ".ejs")];

  it("are there", () => {
    expect(templates.length).toBeGreaterThan(6);
  });

  it.each(templates)("never puts a value inside quotes, a variable or a word: %s", (path) => {
    expect(touched(read(path))).toEqual([]);
    expect(read(path)).not.toContain("<%-");
  });

  it("would be found out", () => {
    for (const bad of ['"<%= x %>"', "$<%= x %>", "<%= x %>a", "\\<%= x %>", "'<%= x\n%> '", "a<%= x %> "])
      expect(touched(bad), bad).toHaveLength(1);
    for (const good of ["(<%= x %>)", " <%= x %> ", "<%= x %><% } %>", "\n<%= x %>\n", "/<%= x %>."])
      expect(touched(good), good).toEqual([]);
  });
});

describe("replacements", () => {
  const sources = [
    ...filesIn("src/languages", ".ts"),
    ...filesIn("src/emitters", ".ts"),
    ...filesIn("src/survey", ".ts"),
  ];

  it.each(sources)("are functions where a dollar sign could be in them: %s", (path) => {
    expect(dollarReplacements(read(path))).toEqual([]);
    expect(namedReplacements(read(path))).toEqual([]);
  });

  it("would be found out", () => {
    for (const bad of [
      'x.replaceAll("$", "$$")',
      "x.replace(/a/g, '\\\\$&')",
      "x.replace(/[(\\/]/, `a${b}`)",
      'a.replace("b", "$1")',
    ])
      expect(dollarReplacements(bad), bad).toHaveLength(1);
    for (const good of [
      'x.replaceAll("$", () => "$$")',
      'x.replace(/a/g, "b")',
      "x.replace(/[$]/g, (c) => `\\\\${c}`)",
    ])
      expect(dollarReplacements(good), good).toEqual([]);
    expect(namedReplacements("x.replace(/a/, name)")).toHaveLength(1);
    expect(namedReplacements('x.replaceAll("{host}", host.name)')).toHaveLength(1);
    expect(namedReplacements("x.replaceAll(a, () => name)")).toEqual([]);
  });
});
