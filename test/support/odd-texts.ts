/** Strings that have broken some quoting or other, for property tests. */
import fc from "fast-check";

/** Pieces with a meaning in one of the languages that outputs are written in. */
const pieces = [
  ...[
    " ",
    "  ",
    "'",
    "''",
    "'''",
    '"',
    "\\",
    "\\\\",
    "$",
    "$$",
    "${",
    "${x}",
    "$(x)",
    "`",
    "{{",
    "}}",
    "{",
    "}",
    "{{{",
  ],
  ...["%", "%%", "%h", "#", "!", "-", "--", "~", "*", "?", "[", "]", "[a-z]", "(", ")", "|", "^", "+", ".", ",", ":"],
  ...["=", ";", "&", "<", ">", "<%=", "%>", "<%-", "/*", "*/", "//", "@", "\u00a0", "\u3000", "\u2003", "\ufeff"],
  ...["é", "e\u0301", "ü", "日本", "🎉", "\u202e", "\u200b", "chezmoi:template:left-delimiter=[[", "\\n", "\\x20"],
  ...["dot_", "private_", "symlink_", "exact_", "run_", "remove_", ".tmpl", ".literal", ".age", "a", "b", "x", "0"],
];

/** Any line: no control characters, no lone surrogates. */
export const oddLine: fc.Arbitrary<string> = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 }).map((p) => p.join("")),
    },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 255 }).map((length) => "n".repeat(length)) },
  )
  .filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text) && text.isWellFormed());

/** Any text: lines, tabs and carriage returns too, but no NUL. */
export const oddText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: oddLine }, fc.constantFrom("\n", "\t", "\r", "\r\n", "\u0007", "\u007f", "")),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(""));

/** Any name of a file that a manifest takes; no pattern. */
export const oddName: fc.Arbitrary<string> = oddLine.filter(isName);

function isName(text: string): boolean {
  if (text === "" || text === "." || text === ".." || /[/*?]/.test(text)) return false;
  if (text.endsWith("\\") || /\{[^{}]*,[^{}]*\}/.test(text)) return false;
  return Buffer.byteLength(text) <= 255;
}

/** Names that are written out because each has its story. */
export const knownOddNames: readonly string[] = [
  ...[
    "dot_x",
    "private_x",
    "symlink_x",
    "exact_x",
    "external_x",
    "remove_x",
    "literal_x",
    "run_x",
    "once_x",
    "after_x",
  ],
  ...["x.tmpl", "x.literal", "x.tmpl.literal", "x.literal.tmpl", "x.age", ".tmpl", "dot_.tmpl", "encrypted_x.age"],
  ...[".hidden", "..x", "...", "._x", ".chezmoiignore", ".chezmoiroot", ".git", "dot_dot_x", "_x", "empty_private_x"],
  ...["#h", "a #b", "!b", "[x]", "[z", "x]", "{a}", "{b", "x}", "a\\b", "\\x", "-rf", "--", "-", "~", "~x", " lead"],
  ...["a  b", "a'b", 'a"b', "$HOME", "${x}", "$(touch x)", "`id`", "{{ .x }}", "{{", "}}", "<%= x %>", "100%", "%h"],
  ...[
    "é",
    "e\u0301",
    "ﬁ",
    "日本語",
    "🎉",
    "\u202egnp.exe",
    "a\u00a0b",
    "a\u3000b",
    "\u200b",
    "chezmoi:template:x",
    "a;b",
    "a&b",
  ],
  ...["n".repeat(240), "é".repeat(120), `.${"d".repeat(239)}`, `dot_${"n".repeat(236)}`],
];

/** A fixed sample of an arbitrary: the same on every run, told apart. */
export function sampleOf(arbitrary: fc.Arbitrary<string>, count: number, seed: number): string[] {
  return [...new Set(fc.sample(arbitrary, { numRuns: count, seed }))];
}

/** Settings of a property: the same strings on every run, unless FC_SEED asks for others. */
export function runs(numRuns: number): { numRuns: number; seed: number } {
  return { numRuns, seed: Number(process.env.FC_SEED ?? 20261122) };
}

/** A batch of strings, so that one run of an engine reads many. */
export function batchOf(text: fc.Arbitrary<string>, maxLength = 120): fc.Arbitrary<string[]> {
  return fc.array(text, { minLength: 1, maxLength, size: "max" });
}
