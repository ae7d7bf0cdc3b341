import { beforeEach, describe, expect, it, vi } from "vitest";
import { Fragment } from "../../../src/languages/fragment.ts";
import { goTemplate } from "../../../src/languages/go-template.ts";
import { html } from "../../../src/languages/html.ts";
import { nix } from "../../../src/languages/nix.ts";
import { shell } from "../../../src/languages/shell.ts";
import { renderTemplate } from "../../../src/languages/template.ts";

const texts = vi.hoisted(() => new Map<string, string>());
vi.mock("../../../src/package-files.ts", () => ({ packageText: (path: string) => texts.get(path) }));

let count = 0;
beforeEach(() => texts.clear());

/** Renders a template that is there for one test only. */
function render(text: string, data: object, kind = "gotmpl"): string {
  const name = `test-${count++}.${kind}.ejs`;
  texts.set(`${kind === "gotmpl" ? "chezmoi-templates" : "src/report/templates"}/${name}`, text);
  return renderTemplate(name, data);
}

describe("a template", () => {
  it("quotes a string in the language of its name", () => {
    expect(render("{{ <%= data.x %> }}", { x: 'a"b{{' })).toBe('{{ "a\\"b{{" }}');
  });

  it("puts a fragment of its own language as it is", () => {
    expect(render("<%= data.x %>", { x: goTemplate.text("a {{ b") })).toBe('a {{ "{{" }} b');
  });

  it("escapes text in HTML and SVG, and takes attributes only as they are printed", () => {
    for (const kind of ["html", "svg"]) {
      expect(render("<p><%= data.x %></p>", { x: "</p><b>&" }, kind)).toBe("<p>&lt;/p&gt;&lt;b&gt;&amp;</p>");
      expect(render("<p <%= data.x %>>", { x: html.attributes({ id: '"' }) }, kind)).toBe('<p id="&quot;">');
      expect(() => render("<%= data.x %>", { x: shell.quote("a") }, kind)).toThrow(
        "a shell fragment in a html template",
      );
    }
  });

  it("refuses a fragment of another language", () => {
    for (const x of [nix.quote("a"), shell.quote("a"), new Fragment("tmpfiles", "a")])
      expect(() => render("<%= data.x %>", { x })).toThrow(
        /a (?:nix|shell|tmpfiles) fragment in a go-template template/,
      );
  });

  it("refuses what is neither text nor a fragment", () => {
    for (const x of [undefined, null, 1, true, {}, ["a"], Symbol("a"), () => "a"])
      expect(() => render("<%= data.x %>", { x }), String(x)).toThrow("neither text nor a fragment");
    expect(() => render("<%= data.missing %>", {})).toThrow("neither text nor a fragment");
    expect(() => render("<%= missing %>", {})).toThrow("missing");
  });

  it("refuses to put out anything unquoted", () => {
    for (const text of ["<%- data.x %>", "a <%-data.x%>", "<% if (data.x) { %><%- data.x %><% } %>"])
      expect(() => render(text, { x: "a" })).toThrow("not allowed");
  });

  it("refuses a language that it does not know", () => {
    for (const kind of ["sh", "nix", "txt", "GOTMPL", "constructor", ""])
      expect(() => render("x", {}, kind)).toThrow("unknown");
    for (const name of ["x.ejs", "x.gotmpl", "gotmpl.ejs", "x.gotmpl.ejs.bak"])
      expect(() => renderTemplate(name, {})).toThrow("unknown");
  });

  it("does not reach beyond its data", () => {
    expect(render("<% for (const x of data.list) { -%>\n<%= x %>;\n<% } -%>\n", { list: ["a", "b"] })).toBe(
      '"a";\n"b";\n',
    );
    expect(() => render("<%= include('here.gotmpl.ejs') %>", {})).toThrow();
  });
});

describe("a fragment", () => {
  it("is never a plain string by accident", () => {
    const fragment = shell.quote("a");
    expect(() => `${fragment}`).toThrow("a shell fragment was used as a plain string");
    expect(() => `x${fragment}`).toThrow(TypeError);
    expect(() => [fragment].join(" ")).toThrow(TypeError);
    expect(fragment.text).toBe("'a'");
  });
});
