/** The languages that outputs are written in. */
export type LanguageName = "nix" | "shell" | "tmpfiles" | "go-template" | "html";

/**
 * Text that is valid in one language already. Only `src/languages/` makes one; everywhere else plain strings are data
 * and have to be quoted by the language they go to.
 */
export class Fragment<L extends LanguageName> {
  readonly language: L;
  readonly text: string;

  constructor(language: L, text: string) {
    this.language = language;
    this.text = text;
  }

  /** A fragment must not slip into text of another language by string concatenation. */
  toString(): never {
    throw new TypeError(`a ${this.language} fragment was used as a plain string`);
  }
}

/** What every language can do with data. */
export interface Language<L extends LanguageName> {
  readonly name: L;
  /** The literal of this language that stands for exactly this string. */
  quote(value: string): Fragment<L>;
  /** A comment of one line; line breaks and control characters of the text become blanks. */
  comment(text: string): Fragment<L>;
}

/** Text made fit for a comment of one line: no control characters, no line breaks of any script. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
}
