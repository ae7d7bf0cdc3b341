/** A file's bytes as text, and whether they are what a manifest is written in. */
interface DecodedText {
  /** Without a byte order mark; what is no UTF-8 replaced. */
  readonly text: string;
  /** Offset in the text of the first byte that is no UTF-8; undefined where all are. */
  readonly fault: number | undefined;
  readonly utf16: boolean;
}

/** Reads bytes as UTF-8, and says where they are something else. */
export function decodeText(bytes: Buffer): DecodedText {
  if (isUtf16(bytes)) return { text: "", fault: 0, utf16: true };
  const decoded = bytes.toString("utf8");
  const mark = decoded.startsWith("\uFEFF") ? 1 : 0;
  const text = decoded.slice(mark);
  if (Buffer.from(decoded).equals(bytes)) return { text, fault: undefined, utf16: false };
  return { text, fault: firstReplaced(decoded, bytes) - mark, utf16: false };
}

/** With its mark, or every other of the first bytes a NUL: what editors of another system write. */
function isUtf16(bytes: Buffer): boolean {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true;
  return bytes.length >= 4 && ((a === 0 && c === 0) || (b === 0 && d === 0));
}

/** The first replacement character that does not stand in the bytes themselves. */
function firstReplaced(decoded: string, bytes: Buffer): number {
  let at = decoded.indexOf("\uFFFD");
  let offset = 0;
  let from = 0;
  while (at !== -1) {
    offset += Buffer.byteLength(decoded.slice(from, at));
    if (!bytes.subarray(offset, offset + 3).equals(replacement)) return at;
    offset += replacement.length;
    from = at + 1;
    at = decoded.indexOf("\uFFFD", from);
  }
  return 0;
}

const replacement = Buffer.from("\uFFFD");
