/**
 * A mode as four octal digits ("0700"), from octal ("700", "0700", "0o700") or symbolic text (`u=rwx,g=rx,o=`,
 * chmod(1) with `=` only). Undefined for anything else. The set-uid bit is refused: kept state has no use for it, and a
 * manifest must not be able to make a program set-uid.
 */
export function parseMode(text: string): string | undefined {
  const octal = /^(?:0o)?0?([0-3]?[0-7]{3})$/.exec(text);
  if (octal?.[1] !== undefined) return octal[1].padStart(4, "0");
  return parseSymbolic(text);
}

function parseSymbolic(text: string): string | undefined {
  const bits: Record<string, number> = { u: 0, g: 0, o: 0 };
  for (const clause of text.split(",")) {
    const match = /^([ugoa]+)=([rwx]*)$/.exec(clause);
    if (match === null) return undefined;
    const value = [...(match[2] ?? "")].reduce((sum, c) => sum | ({ r: 4, w: 2, x: 1 }[c] ?? 0), 0);
    for (const who of (match[1] ?? "").replaceAll("a", "ugo")) bits[who] = value;
  }
  return `0${bits["u"]}${bits["g"]}${bits["o"]}`;
}
