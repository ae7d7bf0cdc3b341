/**
 * Names on a disk are bytes, mostly UTF-8. Inside a scan a name is a string from which its bytes can be told: a byte that
 * belongs to no character stands as the lone surrogate U+DC00 + byte (as Python's `surrogateescape` has it). No manifest
 * can name such a string, and no two names are one.
 */
const escapedByte = 0xdc00;

/** The string for a name of any bytes. */
export function nameOf(bytes: Uint8Array): string {
  let name = "";
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    name += decode(bytes.subarray(from, at)) + String.fromCharCode(escapedByte + (bytes[at] ?? 0));
    from = ++at;
  }
  return name + decode(bytes.subarray(from));
}

/** Lone surrogates that stand for a byte; with the `u` flag those of a pair are none. */
const escaped = /([\udc80-\udcff])/u;

/** The path for a system call: a string where that says it, else the bytes. */
export function realPath(path: string): string | Buffer {
  if (path.isWellFormed()) return path;
  const parts = path.split(escaped);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) - escapedByte) : Buffer.from(part))),
  );
}

/**
 * A path as it is shown and reported: bytes that are no character as \xNN. A backslash that would read as such a byte is
 * \x5c, so that what is shown stands for one path only.
 */
export function shownPath(path: string): string {
  if (path.isWellFormed() && !path.includes("\\x")) return path;
  const parts = path.split(escaped).map((part, i) => {
    if (i % 2 === 1) return `\\x${(part.charCodeAt(0) - escapedByte).toString(16)}`;
    return part.replace(/\\(?=x[0-9a-f]{2})/g, "\\x5c");
  });
  return parts.join("");
}

/** The path that is shown so: the inverse of `shownPath`. */
export function pathShownAs(shown: string): string {
  return shown.replace(/\\x(5c(?=x[0-9a-f]{2})|[89a-f][0-9a-f])/g, (_, byte: string) => {
    return byte === "5c" ? "\\" : String.fromCharCode(escapedByte + Number.parseInt(byte, 16));
  });
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

/** Bytes of the UTF-8 character that begins there (Unicode, table 3-7); 0 where none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  const follows = (byte: number, low = 0x80, high = 0xbf): boolean => byte >= low && byte <= high;
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return follows(b) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    const first = a === 0xe0 ? follows(b, 0xa0) : a === 0xed ? follows(b, 0x80, 0x9f) : follows(b);
    return first && follows(c) ? 3 : 0;
  }
  if (a < 0xf0 || a > 0xf4) return 0;
  const first = a === 0xf0 ? follows(b, 0x90) : a === 0xf4 ? follows(b, 0x80, 0x8f) : follows(b);
  return first && follows(c) && follows(d) ? 4 : 0;
}
