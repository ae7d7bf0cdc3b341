/** How texts, names and paths are written in Nix: the rules measured with nix-instantiate. */

const keywords = new Set(["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"]);

/** A string literal `"…"`: `\`, `"`, `${` and line breaks escaped. Data never goes into `''…''` unescaped. */
export function quoted(value: string): string {
  return `"${escaped(value)}"`;
}

export function escaped(value: string): string {
  if (value.includes("\0")) throw new TypeError("a Nix string cannot hold NUL");
  return value
    .replace(/[\\"]/g, (c) => `\\${c}`)
    .replaceAll("${", () => "\\${")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
}

export function attributeName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_'-]*$/.test(name) && !keywords.has(name) ? name : quoted(name);
}

/**
 * Text of an indented string `''…''`. `''` and `${` are escaped; a single `'` just before an escape would run
 * together with it, so it is written `''\'`.
 */
export function indentedText(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const two = text.slice(at, at + 2);
    if (two === "''") {
      out += "'''";
      at += 2;
    } else if (two === "${") {
      out += "''${";
      at += 2;
    } else if (text[at] === "'" && text.startsWith("${", at + 1)) {
      out += "''\\'";
      at += 1;
    } else out += text[at++];
  }
  return out;
}

/** What may stand in a path as it is (nix.dev, "path literal"); other paths are joined from a folder and a string. */
const pathLiteral = /^\.\.?(?:\/[a-zA-Z0-9._+-]+)+$/;

/** A path as seen from the file; `below` is the name of a variable that holds the rest of it. */
export function pathText(path: string, below: string | undefined): string {
  const full = path === "." || path === ".." ? `./${path}` : /^\.\.?\//.test(path) ? path : `./${path}`;
  const folder = pathLiteral.test(full) ? full : `./. + ${quoted(`/${full}`)}`;
  return below === undefined ? folder : `${folder} + "/\${${below}}"`;
}
