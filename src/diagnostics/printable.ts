/**
 * Text that cannot steer a terminal: control characters, and those that reorder or hide text (bidirectional
 * marks), become visible escapes. A manifest is somebody else's data.
 */
export function printable(text: string): string {
  return text
    .replaceAll("\t", "  ")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/\p{Cs}/gu, "\uFFFD");
}
