import { spawnSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fragment } from "../../src/languages/fragment.ts";
import { shell } from "../../src/languages/shell.ts";
import { batchOf, oddLine, oddText, runs } from "../support/odd-texts.ts";
import { scratch } from "../support/workspace.ts";

/** Runs bash on a script; what it prints is split at NUL. */
function bash(script: string, ...flags: string[]): string[] {
  const run = spawnSync("bash", ["--norc", "--noprofile", ...flags], {
    input: script,
    env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8" },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0 || run.stderr !== "") throw new Error(`bash ended with ${run.status}: ${run.stderr}`);
  return run.stdout.split("\0").slice(0, -1);
}

/** Prints all its words. */
const show = "show() { printf '%s\\0' \"$@\"; }\n";

describe("bash, run", () => {
  it("quotes any text", () => {
    fc.assert(
      fc.property(batchOf(oddText), (texts) => {
        expect(bash(`${show}show ${texts.map((text) => shell.quote(text).text).join(" ")}\n`)).toEqual(texts);
      }),
      runs(15),
    );
  });

  it("quotes texts that mean something to bash", () => {
    const texts = [
      ...[
        "'",
        "''",
        "'\\''",
        "\\'",
        "$'x'",
        "$x",
        "${x}",
        "$(x)",
        "`x`",
        "\\",
        "\\\\",
        "!",
        "!!",
        "~",
        "~root",
        "*",
        "?",
      ],
      ...[
        "[a]",
        "{a,b}",
        "#",
        "-n",
        "--",
        "-",
        "",
        " ",
        "\t",
        "\n",
        "a\nb",
        "é",
        "🎉",
        "\u202e",
        "x".repeat(60_000),
        "%s",
      ],
    ];
    expect(bash(`${show}show ${texts.map((text) => shell.quote(text).text).join(" ")}\n`)).toEqual(texts);
    // with history expansion, as a person who pastes a line into a terminal has it
    expect(bash(`set -H\n${show}show ${texts.map((text) => shell.quote(text).text).join(" ")}\n`)).toEqual(texts);
  });

  it("refuses NUL and names that are none", () => {
    expect(() => shell.quote("a\0b")).toThrow("NUL");
    for (const name of ["", "a b", "a-b", "1a", "a;b", "$(x)", "a[0]", "é", "a\nb"]) {
      for (const make of [shell.assign, shell.variable, shell.call] as ((
        name: string,
        value: string,
      ) => Fragment<"shell">)[])
        expect(() => make(name, "x"), name).toThrow("no shell name");
      expect(() => shell.array(name, [])).toThrow("no shell name");
      expect(() => shell.define(name, [])).toThrow("no shell name");
    }
  });

  it("assigns, fills arrays and calls with any words", () => {
    fc.assert(
      fc.property(batchOf(oddText, 40), ([first = "", ...rest]) => {
        const all = [first, ...rest];
        const script = [
          shell.assign("one", first).text,
          shell.array("some", rest).text,
          shell.array("none", []).text,
          'show "$one" "${some[@]}" "${none[@]}"',
          shell.call("show", ...all).text,
          shell.call("show", shell.quote(first), ...rest).text,
          shell.command("show", ...all).text,
          shell.longCommand(["show", first], rest).text,
        ];
        expect(bash(`${show}${script.join("\n")}\n`)).toEqual([...all, ...all, ...all, ...all, ...all]);
      }),
      runs(25),
    );
  });

  it("keeps remarks and comments to themselves", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(oddLine, fc.option(oddText)), { minLength: 1, maxLength: 40 }), (rows) => {
        const lines = rows.map(([word, remark]) => ({ line: shell.call("show", word), remark }));
        const between = rows.map(([, remark]) => shell.comment(remark ?? ""));
        const script = shell.script({
          header: rows.map(([, remark]) => remark ?? ""),
          before: [show],
          settings: [...between, shell.gap, shell.define("settings", [...lines, shell.gap, ...lines]), ...between],
          after: ["settings\n"],
        });
        const words = rows.map(([word]) => word);
        expect(bash(script)).toEqual([...words, ...words]);
      }),
      runs(25),
    );
  });

  it("does nothing in a function without lines, and runs a command only where nothing is", () => {
    expect(bash(`${shell.define("nothing", []).text}\nnothing\n`)).toEqual([]);
    const there = shell.unlessExists("/", shell.call("show", "run"));
    const missing = shell.unlessExists("/no such 'path' $x", shell.call("show", "run"));
    expect(bash(`${show}${shell.lines(there, missing).text}\n`)).toEqual(["run"]);
  });

  it("writes text into a file as it is, and goes on where a command fails", () => {
    const text = shell.lines(shell.assign("a", "$HOME `x` \\ it's"), shell.fixed('b=$a # "c"'));
    const file = join(scratch(), "it's");
    const end = shell.either(shell.command("false"), shell.command("cat", file));
    expect(bash(`${shell.here(file, text).text}\n${end.text}; printf '\\0'\n`)).toEqual([`${text.text}\n`]);
    expect(() => shell.here("/x", shell.fixed("a\nEND_OF_TEXT\nb"))).toThrow(TypeError);
  });

  it("is read by other shells of the family alike", () => {
    fc.assert(
      fc.property(batchOf(oddText, 60), (texts) => {
        const words = `printf '%s\\0' ${texts.map((text) => shell.quote(text).text).join(" ")}\n`;
        expect(bash(words, "--posix")).toEqual(texts);
        const sh = spawnSync("sh", [], {
          input: words,
          env: { PATH: process.env.PATH, LC_ALL: "C" },
          maxBuffer: 1 << 28,
        });
        expect(sh.stdout.toString().split("\0").slice(0, -1)).toEqual(texts);
      }),
      runs(8),
    );
  });
});
