import { join, resolve } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Fragment } from "../../src/languages/fragment.ts";
import { type NixValue, nix } from "../../src/languages/nix.ts";
import { describeWith } from "../support/engines.ts";
import { evalNix } from "../support/nix.ts";
import { batchOf, oddLine, oddText, runs } from "../support/odd-texts.ts";

const script = (text: string): NixValue => nix.script(new Fragment("shell", text));

describeWith(["nix"], "Nix, read back by nix-instantiate", () => {
  it("quotes any text", () => {
    fc.assert(
      fc.property(batchOf(oddText), (texts) => {
        expect(evalNix(`[ ${texts.map((text) => nix.quote(text).text).join(" ")} ]`)).toEqual(texts);
      }),
      runs(12),
    );
  });

  it("writes any relative path, and what is below it", () => {
    const name = oddLine.filter(
      (text) => text !== "" && !/^\.{1,2}$|[/\0]/.test(text) && Buffer.byteLength(text) < 200,
    );
    const start = fc.constantFrom([], ["."], [".."], ["..", ".."], ["..", "a.b"]);
    const relative = fc.tuple(start, fc.array(name, { maxLength: 3 })).map((parts) => parts.flat().join("/") || ".");
    fc.assert(
      fc.property(fc.array(fc.tuple(relative, name), { minLength: 1, maxLength: 40 }), (cases) => {
        const printed = cases.map(([path, below]) => {
          const read = nix.lambda(["path"], nix.path(path, nix.reference("path")));
          return `(toString (${nix.value(nix.path(path)).text})) ((${nix.value(read).text}) ${nix.quote(below).text})`;
        });
        const shown = cases.flatMap(([path, below]) => [resolve(path), join(resolve(path), below)]);
        expect(evalNix(`map toString [ ${printed.map((text) => text.replace(/ \+ ""\)$/, ")")).join(" ")} ]`)).toEqual(
          shown,
        );
      }),
      runs(12),
    );
  });

  it("quotes texts that mean something to Nix", () => {
    const texts = [
      ...[
        "${x}",
        "$${x}",
        "$$${x}",
        "\\${x}",
        "\\\\${x}",
        "''${x}",
        "'${x}",
        "${",
        "$",
        "$$",
        "\\",
        "\\\\",
        '"',
        '\\"',
      ],
      ...["''", "'''", "''\\", "\n", "\r\n", "\t", "\\n", "{}", "#", "/*", "a".repeat(70_000), "", " ", "é🎉\u202e"],
    ];
    expect(evalNix(`[ ${texts.map((text) => nix.quote(text).text).join(" ")} ]`)).toEqual(texts);
  });

  it("prints values of any shape", () => {
    const { value } = fc.letrec<{ value: fc.JsonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        oddText,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(oddLine, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const printed = (data: fc.JsonValue | undefined): NixValue => {
      if (Array.isArray(data)) return data.map(printed);
      if (typeof data !== "object" || data === null) return data ?? null;
      return nix.set(Object.entries(data).map(([name, member]) => ({ name, value: printed(member) })));
    };
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (data) => {
        expect(evalNix(nix.value(printed(data)).text)).toEqual(data);
      }),
      runs(25),
    );
  });

  it("prints names and paths of names, keywords too", () => {
    const keywords = [
      "assert",
      "else",
      "if",
      "in",
      "inherit",
      "let",
      "or",
      "rec",
      "then",
      "with",
      "true",
      "null",
      "a'b",
      "x-y",
    ];
    const names = batchOf(fc.oneof(oddText, fc.constantFrom(...keywords, "", "0", "_", "__curPos", "-", "'")), 60);
    fc.assert(
      fc.property(names, fc.constantFrom("single", "path"), (list, how) => {
        const unique = [...new Set(list)];
        const bindings = unique.map((name, i) => ({ name: how === "single" ? name : [name, name], value: i }));
        const expected = unique.map((name, i): [string, unknown] => [name, how === "single" ? i : { [name]: i }]);
        expect(new Map(Object.entries(evalNix(nix.value(nix.set(bindings)).text) as object))).toEqual(
          new Map(expected),
        );
        const selected = unique.map((name) => nix.select("x", how === "single" ? [name] : [name, name]));
        const chosen = `let x = ${nix.value(nix.set(bindings)).text}; in ${nix.value(selected).text}`;
        expect(evalNix(chosen)).toEqual(unique.map((_, i) => i));
      }),
      runs(20),
    );
  });

  it("carries any script in an indented string", () => {
    const piece = fc.constantFrom(
      "'",
      "''",
      "$",
      "${",
      "{",
      "}",
      "\\",
      "x",
      " ",
      "\n",
      "\n  ",
      "\n\t",
      "\n\n",
      '"',
      "`",
      "\r",
    );
    const text = fc
      .oneof(
        fc.array(piece, { maxLength: 12 }).map((parts) => parts.join("")),
        oddText,
      )
      .map((rest) => (/^(?:[ \n]|$)/.test(rest) ? `:${rest}` : rest));
    fc.assert(
      fc.property(batchOf(text, 80), (texts) => {
        const nested = nix.set([{ name: "deep", value: nix.set([{ name: "er", value: texts.map(script) }]) }]);
        expect(evalNix(`(${nix.value(nested).text}).deep.er`)).toEqual(texts.map((t) => `${t.replace(/\n+$/, "")}\n`));
      }),
      runs(40),
    );
  });

  it("refuses a script whose lines are all indented, of which Nix would cut the blanks", () => {
    for (const text of ["  a\n  b", " a", "\n  a"]) expect(() => nix.value(script(text))).toThrow("indented");
    expect(evalNix(nix.value(script("  a\nb")).text)).toBe("  a\nb\n");
  });

  it("keeps comments to themselves, wherever they stand", () => {
    fc.assert(
      fc.property(batchOf(oddText, 40), (texts) => {
        const bindings = texts.map((text, i) => ({ name: `n${i}`, value: i, above: [text, text], comment: text }));
        const list = nix.list(texts.map((text, i) => ({ value: i, above: text, comment: text })));
        const body = [...bindings, { name: "list", value: list, gap: true }];
        const value = evalNix(`(${nix.module({ header: texts, args: [], body })})`) as Record<string, unknown>;
        expect(value.list).toEqual(texts.map((_, i) => i));
        expect(Object.keys(value)).toHaveLength(texts.length + 1);
      }),
      runs(20),
    );
  });

  it("breaks a list of one element that is wider than nixfmt lets it be", () => {
    const of = (length: number): string => nix.value(nix.set([{ name: "a", value: ["x".repeat(length)] }])).text;
    const fitting = 100 - '  a = [ "" ];'.length;
    expect(of(fitting).split("\n")[1]).toBe(`  a = [ "${"x".repeat(fitting)}" ];`);
    expect(of(fitting + 1)).toBe(`{\n  a = [\n    "${"x".repeat(fitting + 1)}"\n  ];\n}`);
  });

  it("calls, compares and joins as written", () => {
    const x = nix.reference("x");
    const values: [NixValue, unknown][] = [
      [nix.text("${", x, '"\\', x), '${1"\\1'],
      [nix.call("f", -1, nix.call("f", 2, 3)), -1 * 100 + 203],
      [
        [nix.call("f", 1, 2), -3, nix.equal(1, 1), nix.equal(-1, "a")],
        [102, -3, true, false],
      ],
      [[-1], [-1]],
      [nix.equal(nix.equal(1, 2), false), true],
      [nix.call("not", nix.equal(1, 2)), true],
      [nix.list([{ value: nix.equal("a", "a") }]), [true]],
      [nix.call("map", nix.lambda(["y"], nix.text("<", nix.reference("y"), ">")), ["a"]), ["<a>"]],
      [
        nix.call(
          "apply",
          nix.lambda(
            ["x", "y"],
            nix.set([
              { name: "x", value: nix.reference("x") },
              { name: "y", value: 2 },
            ]),
          ),
        ),
        { x: 3, y: 2 },
      ],
      [
        [nix.selectOr("set", ["odd name", "b"], []), nix.selectOr("set", ["no"], -1)],
        [4, -1],
      ],
    ];
    const scope = 'let x = "1"; f = a: b: a * 100 + b; not = a: !a; apply = f: f 3 0; set."odd name".b = 4; in';
    for (const [value, expected] of values) expect(evalNix(`${scope} ${nix.value(value).text}`)).toEqual(expected);
  });
});
