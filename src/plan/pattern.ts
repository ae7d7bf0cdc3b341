import { type AbsolutePath, componentsOf } from "./path.ts";

/** True for a component that stands for several names. */
export function isWild(component: string): boolean {
  return /[*?]/.test(component);
}

/**
 * `*` stands for any run of characters within one component and `?` for one, as in gitignore; unlike a shell's, they
 * match a leading dot. All other characters mean themselves.
 *
 * A manifest is untrusted, so no pattern may take long: what stands between two `*` is right where it is found first,
 * and a look-ahead, whose match is never tried again (`(?=(…))\1`), keeps the engine from trying the other places.
 */
export function patternRegex(pattern: string): RegExp {
  let groups = 0;
  const component = (text: string): string => {
    const [first = "", ...rest] = text.split("*").map(literal);
    const last = rest.pop();
    if (last === undefined) return first;
    const middle = rest.filter((part) => part !== "").map((part) => `(?=([^/]*?${part}))\\${++groups}`);
    return `${first}${middle.join("")}[^/]*${last}`;
  };
  return new RegExp(`^${pattern.split("/").map(component).join("/")}$`, "su");
}

/** The source of a regular expression for a text without `*`. */
export function literal(text: string): string {
  return text.replace(/[\\^$.+?()[\]{}|]/g, (c) => (c === "?" ? "[^/]" : `\\${c}`));
}

/** True where a pattern may match a path, or something above or below it. */
export function reaches(pattern: AbsolutePath, path: AbsolutePath): boolean {
  const names = componentsOf(path);
  return componentsOf(pattern).every((component, i) => {
    const name = names[i];
    return name === undefined || patternRegex(component).test(name);
  });
}

/** Values by a component with `*` or `?`, to find those that match a name without trying all of them. */
export interface WildMap<T> {
  get(component: string): T | undefined;
  set(component: string, value: T): void;
  matching(name: string): T[];
}

interface Wild<T> {
  readonly component: string;
  readonly regex: RegExp;
  readonly value: T;
}

/** Components by what is fixed in them: the text before the first and after the last `*` or `?`, by length. */
interface WildGroup<T> {
  readonly before: number;
  readonly after: number;
  readonly byText: Map<string, Wild<T>[]>;
}

export function wildMap<T>(): WildMap<T> {
  const groups = new Map<string, WildGroup<T>>();
  const textOf = (name: string, before: number, after: number): string =>
    `${name.slice(0, before)}/${name.slice(name.length - after)}`;
  const find = (component: string): { group: WildGroup<T>; same: Wild<T>[] } => {
    const before = component.search(/[*?]/);
    const after = component.length - 1 - Math.max(component.lastIndexOf("*"), component.lastIndexOf("?"));
    const size = `${before} ${after}`;
    const group = groups.get(size) ?? { before, after, byText: new Map<string, Wild<T>[]>() };
    groups.set(size, group);
    return { group, same: group.byText.get(textOf(component, before, after)) ?? [] };
  };
  return {
    get: (component) => find(component).same.find((wild) => wild.component === component)?.value,
    set(component, value) {
      const { group, same } = find(component);
      same.push({ component, regex: patternRegex(component), value });
      group.byText.set(textOf(component, group.before, group.after), same);
    },
    matching: (name) =>
      [...groups.values()].flatMap(({ before, after, byText }) => {
        const same = name.length < before + after ? undefined : byText.get(textOf(name, before, after));
        return (same ?? []).flatMap(({ regex, value }) => (regex.test(name) ? [value] : []));
      }),
  };
}
