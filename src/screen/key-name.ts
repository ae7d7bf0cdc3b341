/** What node's readline says of a key (`keypress`). */
interface PressedKey {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  readonly sequence?: string | undefined;
}

const named: Readonly<Record<string, string>> = { return: "enter", enter: "enter" };
const moving = [
  "up",
  "down",
  "left",
  "right",
  "pageup",
  "pagedown",
  "home",
  "end",
  "escape",
  "backspace",
  "tab",
  "space",
];

/**
 * A key by its name: the letter as it is typed, `up`, `enter`, `ctrl-c`; nothing for what no program asks for. Escape with a
 * letter soon after it looks like Alt with that letter, which we have no use for: it is taken for both keys.
 */
export function keyNames(text: string | undefined, key: PressedKey): readonly string[] {
  const name = key.name ?? "";
  if (key.ctrl === true) return [`ctrl-${name}`];
  if (key.meta === true && name !== "escape") return ["escape", ...keyNames(key.sequence?.slice(1), { name })];
  const special = Object.hasOwn(named, name) ? named[name] : moving.includes(name) ? name : undefined;
  if (special !== undefined) return [special];
  return text !== undefined && /^[^\p{Cc}]$/u.test(text) ? [text] : [];
}
