import { spawnSync } from "node:child_process";
import { parse as parseToml } from "@iarna/toml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { goTemplate } from "../../src/languages/go-template.ts";
import { printJson } from "../../src/languages/json.ts";
import { printToml } from "../../src/languages/toml.ts";
import { printYaml } from "../../src/languages/yaml.ts";
import { renderText } from "../support/chezmoi.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { batchOf, oddLine, oddText, runs } from "../support/odd-texts.ts";

/** Puts NUL between the parts of a template, and takes the output apart there. */
function rendered(parts: readonly string[]): string[] {
  return renderText(parts.map((part) => `${part}{{ "\\u0000" }}`).join(""))
    .split("\0")
    .slice(0, -1);
}

describeWith(["chezmoi"], "Go templates, rendered by chezmoi", () => {
  it("quote any text inside an action", () => {
    fc.assert(
      fc.property(batchOf(oddText), (texts) => {
        expect(rendered(texts.map((text) => `{{ ${goTemplate.quote(text).text} }}`))).toEqual(texts);
        const list = texts.map((text) => goTemplate.quote(text).text).join(" ");
        expect(renderText(`{{ range list ${list} }}{{ . }}{{ "\\u0000" }}{{ end }}`).split("\0").slice(0, -1)).toEqual(
          texts,
        );
      }),
      runs(15),
    );
  });

  it("carry any text outside actions", () => {
    fc.assert(
      fc.property(batchOf(oddText), (texts) => {
        expect(rendered(texts.map((text) => goTemplate.text(text).text))).toEqual(texts);
      }),
      runs(15),
    );
  });

  it("carry what means something to Go or to chezmoi", () => {
    const texts = [
      ...[
        "{{",
        "{{{",
        "{{{{",
        "}}",
        "{{ x }}",
        "{{- x -}}",
        "{{/* x */}}",
        "{",
        "}",
        '"',
        "\\",
        "`",
        "\\u0041",
        "${x}",
      ],
      ...[
        "chezmoi:template:left-delimiter=[[",
        "# chezmoi:template: missing-key=zero",
        "{{ chezmoi:template:x",
        "\u007f",
      ],
      ...["a\n  {{- b", "\r\n", "<%= x %>", "", "é🎉", '{{ "', "{{`"],
    ];
    expect(rendered(texts.map((text) => goTemplate.text(text).text))).toEqual(texts);
    expect(rendered(texts.map((text) => `{{ ${goTemplate.quote(text).text} }}`))).toEqual(texts);
  });

  it("keep comments to themselves", () => {
    fc.assert(
      fc.property(batchOf(oddText), (texts) => {
        expect(rendered(texts.map((text) => `a\n${goTemplate.comment(text).text}\nb`))).toEqual(texts.map(() => "ab"));
      }),
      runs(15),
    );
  });

  it("refuse a lone surrogate", () => {
    for (const make of [goTemplate.quote, goTemplate.text]) expect(() => make("a\ud800b")).toThrow("surrogate");
  });
});

/** A table of strings, numbers, truths and tables, as a document of ours may hold. */
const table = fc.letrec<{ table: Record<string, unknown> }>((tie) => ({
  table: fc.dictionary(
    oddLine,
    fc.oneof({ maxDepth: 3 }, oddLine, fc.integer(), fc.boolean(), fc.array(oddLine, { maxLength: 3 }), tie("table")),
    { maxKeys: 5, noNullPrototype: true },
  ),
})).table;

/** Keys that JavaScript itself gives another meaning or order. */
const plainKeys = (data: unknown): boolean =>
  typeof data !== "object" ||
  data === null ||
  Object.entries(data).every(([k, v]) => k !== "__proto__" && plainKeys(v));

describe("TOML, parsed back", () => {
  it("is what was printed, to our own parser", () => {
    fc.assert(
      fc.property(table.filter(plainKeys), oddText, (data, header) => {
        expect(parseToml(printToml([header], data as never))).toEqual(data);
      }),
      runs(400),
    );
  });

  it("refuses control characters, of which the library escapes only the first", () => {
    for (const text of ["a\u0001b\u0001", "a\nb", "\u007f", "a\ud800"]) {
      expect(() => printToml([], { key: text }), JSON.stringify(text)).toThrow("cannot hold");
      expect(() => printToml([], { [text]: "value" })).toThrow("cannot hold");
      expect(() => printToml([], { deep: { er: [text] } })).toThrow("cannot hold");
    }
  });
});

describeWith(["python3"], "TOML, parsed by Python", () => {
  const python = (script: string, input: string) =>
    spawnSync(engineCommand("python3"), ["-c", script], { input, encoding: "utf8" });
  const script = "import json, sys, tomllib; print(json.dumps([tomllib.loads(d) for d in json.load(sys.stdin)]))";
  const hasToml = () => python("import tomllib", "").status === 0;

  it.runIf(hasToml())("is what was printed", () => {
    fc.assert(
      fc.property(fc.array(table.filter(plainKeys), { minLength: 1, maxLength: 40 }), oddText, (documents, header) => {
        const run = python(script, JSON.stringify(documents.map((data) => printToml([header], data as never))));
        expect(run.stderr).toBe("");
        expect(JSON.parse(run.stdout)).toEqual(documents);
      }),
      runs(15),
    );
  });
});

describe("JSON and YAML, parsed back", () => {
  it("are what was printed", () => {
    const data = fc
      .dictionary(oddText, fc.oneof(oddText, fc.jsonValue()), { noNullPrototype: true })
      .filter(plainKeys)
      .map((value) => JSON.parse(JSON.stringify(value)) as unknown);
    fc.assert(
      fc.property(data, (value) => {
        expect(JSON.parse(printJson(value))).toEqual(value);
        expect(parseYaml(printYaml(value))).toEqual(value);
      }),
      runs(300),
    );
    expect(printJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  });
});
