import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import { decodeDirectory, decodeFile, directoryName } from "./source-names.ts";

/** The person's own source tree by target, and ours inside it: finds or makes the source directory of each parent. */
export interface SourceTree {
  /** Source path of what the person manages at a target themselves (a file, link or directory with content). */
  ownAt(target: string): string | undefined;
  /** What the person manages above a target that is no directory. */
  ownLeafAbove(target: string): string | undefined;
  /** True where the person's source has anything below this target. */
  hasOwnBelow(target: string): boolean;
  /** Source path of the directory of a target; parents that the person does not have yet are recorded as ours. */
  directoryFor(target: string, isPrivate: boolean): string;
  /** Target directories that exist only for us. */
  readonly made: ReadonlySet<string>;
}

export function sourceTree(source: ChezmoiSource): SourceTree {
  const directories = new Map<string, string>([["", ""]]);
  const leaves = new Map<string, string>();
  const made = new Set<string>();
  for (const path of source.own) {
    const isDirectory = path.endsWith("/");
    const components = (isDirectory ? path.slice(0, -1) : path).split("/");
    const target = targetOf(components, isDirectory);
    if (target === undefined) continue;
    const known = isDirectory ? directories : leaves;
    if (!known.has(target)) known.set(target, components.join("/"));
  }
  const withContent = new Set([...leaves.keys()].flatMap((target) => parentsOf(target)));
  return {
    ownAt: (target) => leaves.get(target) ?? (withContent.has(target) ? directories.get(target) : undefined),
    ownLeafAbove: (target) =>
      parentsOf(target)
        .map((parent) => leaves.get(parent))
        .find((leaf) => leaf !== undefined),
    hasOwnBelow: (target) => withContent.has(target),
    directoryFor(target, isPrivate) {
      const known = directories.get(target);
      if (known !== undefined) return known;
      const at = target.lastIndexOf("/");
      const parent = this.directoryFor(at === -1 ? "" : target.slice(0, at), false);
      const name = directoryName(target.slice(at + 1), isPrivate);
      const path = parent === "" ? name : `${parent}/${name}`;
      directories.set(target, path);
      made.add(target);
      return path;
    },
    made,
  };
}

function targetOf(components: readonly string[], isDirectory: boolean): string | undefined {
  const names: string[] = [];
  for (const [i, component] of components.entries()) {
    const last = i === components.length - 1;
    const decoded = last && !isDirectory ? decodeFile(component) : decodeDirectory(component);
    if (decoded === undefined) return undefined;
    names.push(decoded.name);
  }
  return names.join("/");
}

function parentsOf(target: string): string[] {
  const parents: string[] = [];
  for (let at = target.lastIndexOf("/"); at > 0; at = target.lastIndexOf("/", at - 1))
    parents.push(target.slice(0, at));
  return parents;
}
