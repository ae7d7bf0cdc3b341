import { isUtf8 } from "node:buffer";

/**
 * Names of files as text. A name is bytes: one that is no UTF-8 gets a lone surrogate (U+DC80 to U+DCFF) for each byte
 * that does not fit, so that no two names become one text and each text leads back to its bytes (PEP 383). No entry of a
 * manifest can hold such a text.
 */
export function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  return bytes
    .toString("latin1")
    .replace(wellFormedOrByte, (found: string, wellFormed: string | undefined) =>
      wellFormed === undefined
        ? String.fromCharCode(0xdc00 + found.charCodeAt(0))
        : Buffer.from(wellFormed, "latin1").toString("utf8"),
    );
}

/** Well-formed UTF-8 (Unicode, table 3-7), else one byte. */
const wellFormedOrByte = new RegExp(
  `(${[
    "[\\x00-\\x7f]+",
    "[\\xc2-\\xdf][\\x80-\\xbf]",
    "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
    "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
    "\\xed[\\x80-\\x9f][\\x80-\\xbf]",
    "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}",
    "[\\xf1-\\xf3][\\x80-\\xbf]{3}",
    "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}",
  ].join("|")})|[^]`,
  "g",
);

/** The bytes that a text of `textOf` stands for. */
export function bytesOf(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const parts = text.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part) => (isByte(part) ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, "utf8"))),
  );
}

/** A text of `textOf` to be shown: bytes that are no UTF-8 as `\xNN`. */
export function shownName(text: string): string {
  if (text.isWellFormed()) return text;
  return text.replace(/[\udc80-\udcff]/gu, (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16)}`);
}

function isByte(part: string): boolean {
  return part.length === 1 && /^[\udc80-\udcff]$/u.test(part);
}
