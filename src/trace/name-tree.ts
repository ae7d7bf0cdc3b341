/** Values by absolute path, so that a directory can be moved or taken away with all below it. */
export interface NameTree<Value> {
  value: Value | undefined;
  /** By the next component; undefined where there is none. */
  children: Map<string, NameTree<Value>> | undefined;
}

export function nameTree<Value>(): NameTree<Value> {
  return { value: undefined, children: undefined };
}

/** The node of a path, with a value or with something below it; undefined where there is neither. */
export function findNode<Value>(tree: NameTree<Value>, path: string): NameTree<Value> | undefined {
  let node: NameTree<Value> | undefined = tree;
  for (const name of namesOf(path)) {
    node = node.children?.get(name);
    if (node === undefined) return undefined;
  }
  return node;
}

/** Sets the value of a path; what lies below it stays. */
export function addNode<Value>(tree: NameTree<Value>, path: string, value: Value): void {
  let node = tree;
  for (const name of namesOf(path)) node = childOf(node, name);
  node.value = value;
}

/** Takes a path away with all below it, and those above it that are empty then. */
export function takeNode<Value>(tree: NameTree<Value>, path: string): NameTree<Value> | undefined {
  const along: [NameTree<Value>, string][] = [];
  let node: NameTree<Value> | undefined = tree;
  for (const name of namesOf(path)) {
    along.push([node, name]);
    node = node.children?.get(name);
    if (node === undefined) return undefined;
  }
  for (const [parent, name] of along.reverse()) {
    parent.children?.delete(name);
    if (parent.value !== undefined || (parent.children?.size ?? 0) > 0) break;
  }
  return node;
}

/** Puts a node, with all below it, in the place of whatever is at a path. */
export function moveNode<Value>(tree: NameTree<Value>, path: string, moved: NameTree<Value>): void {
  const names = namesOf(path);
  const last = names.pop();
  if (last === undefined) return;
  let node = tree;
  for (const name of names) node = childOf(node, name);
  node.children ??= new Map();
  node.children.set(last, moved);
}

/** Calls `visit` for each path that has a value. */
export function forEachNode<Value>(tree: NameTree<Value>, visit: (path: string, value: Value) => void, at = ""): void {
  if (tree.value !== undefined) visit(at === "" ? "/" : at, tree.value);
  for (const [name, child] of tree.children ?? []) forEachNode(child, visit, `${at}/${name}`);
}

function childOf<Value>(node: NameTree<Value>, name: string): NameTree<Value> {
  node.children ??= new Map();
  const known = node.children.get(name);
  if (known !== undefined) return known;
  const made = nameTree<Value>();
  node.children.set(name, made);
  return made;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}
