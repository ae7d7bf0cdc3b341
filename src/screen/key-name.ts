/** What node's readline says of a key (`keypress`). */
interface PressedKey {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

const named: Readonly<Record<string, string>> = { return: "enter", enter: "enter", delete: "delete" };
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

/** A key by one name: the letter as it is typed, `up`, `enter`, `ctrl-c`; undefined for what no program asks for. */
export function keyName(text: string | undefined, key: PressedKey): string | undefined {
  const name = key.name ?? "";
  if (key.ctrl === true) return `ctrl-${name}`;
  if (key.meta === true && name !== "escape") return undefined;
  if (Object.hasOwn(named, name)) return named[name];
  if (moving.includes(name)) return name;
  return text !== undefined && /^[^\p{Cc}]$/u.test(text) ? text : undefined;
}
