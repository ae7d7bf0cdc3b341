import { type AbsolutePath, componentsOf } from "./path.ts";
import { isWild, patternRegex } from "./pattern.ts";

/** Values by path, component by component. */
export interface PathTree<T> {
  readonly inside: Map<string, PathTree<T>>;
  value: T | undefined;
}

export function pathTree<T>(items: Iterable<readonly [AbsolutePath, T]>): PathTree<T> {
  const root: PathTree<T> = { inside: new Map(), value: undefined };
  for (const [path, value] of items) {
    let node = root;
    for (const name of componentsOf(path)) {
      const next = node.inside.get(name) ?? { inside: new Map(), value: undefined };
      node.inside.set(name, next);
      node = next;
    }
    node.value = value;
  }
  return root;
}

/** The values at paths that the beginning of a pattern matches, each with what remains of the pattern. */
export function beginnings<T>(tree: PathTree<T>, pattern: AbsolutePath): { value: T; rest: string }[] {
  const components = componentsOf(pattern);
  const found: { value: T; rest: string }[] = [];
  let nodes = [tree];
  for (const [depth, component] of components.slice(0, -1).entries()) {
    nodes = nodes.flatMap((node) => insideOf(node, component));
    const rest = components.slice(depth + 1).join("/");
    for (const { value } of nodes) if (value !== undefined) found.push({ value, rest });
  }
  return found;
}

function insideOf<T>({ inside }: PathTree<T>, component: string): PathTree<T>[] {
  if (!isWild(component)) return [inside.get(component) ?? []].flat();
  const regex = patternRegex(component);
  return [...inside].flatMap(([name, node]) => (regex.test(name) ? [node] : []));
}
