import { directoryName } from "../../languages/chezmoi-names.ts";
import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import { readSourcePath } from "../../survey/source-path.ts";

/** The person's own source tree by target, and ours inside it: finds or makes the source directory of each parent. */
export interface SourceTree {
  /** Source path of what the person manages at a target themselves, a directory too. */
  ownAt(target: string): string | undefined;
  /** The same, but for a directory in which names are read. */
  ownLeafAt(target: string): string | undefined;
  /** What the person manages above a target that is no directory in which names are read. */
  ownLeafAbove(target: string): string | undefined;
  /** True where the person's source has a file or link at this target or below it. */
  hasContent(target: string): boolean;
  /** The directories above a target in which chezmoi removes what it does not know. */
  exactAbove(target: string): readonly string[];
  /**
   * Source path of the directory of a target. Parents that the person does not have are recorded as ours; of these,
   * one that is there keeps its spelling, unless it must be `private_` or not.
   */
  directoryFor(target: string, isPrivate?: boolean): string;
  /** Target directories that exist only for us. */
  readonly made: ReadonlySet<string>;
}

/** `isPrivateParent` tells of a directory that is not there yet whether nobody else may look into it. */
export function sourceTree(source: ChezmoiSource, isPrivateParent: (target: string) => boolean): SourceTree {
  const directories = new Map<string, string>([["", ""]]);
  const spelled = new Map<string, { path: string; isPrivate: boolean }>();
  const leaves = new Map<string, string>();
  const exact = new Set<string>();
  for (const path of source.own) {
    const read = readSourcePath(path);
    if (read === undefined) continue;
    const known = read.directory === undefined || read.directory.type !== "directory" ? leaves : directories;
    if (!known.has(read.target)) known.set(read.target, read.path);
    if (read.directory?.exact === true) exact.add(read.target);
  }
  for (const path of source.made) {
    const read = readSourcePath(`${path}/`);
    if (read?.directory !== undefined) spelled.set(read.target, { path, isPrivate: read.directory.private });
  }
  const withContent = new Set([...leaves.keys()].flatMap((target) => [target, ...parentsOf(target)]));
  const made = new Set<string>();
  const tree: SourceTree = {
    ownAt: (target) => leaves.get(target) ?? (made.has(target) ? undefined : directories.get(target)),
    ownLeafAt: (target) => leaves.get(target),
    ownLeafAbove: (target) =>
      parentsOf(target)
        .map((parent) => leaves.get(parent))
        .find((leaf) => leaf !== undefined),
    hasContent: (target) => withContent.has(target),
    exactAbove: (target) => parentsOf(target).filter((parent) => exact.has(parent)),
    directoryFor(target, isPrivate) {
      const known = directories.get(target);
      if (known !== undefined) return known;
      const at = target.lastIndexOf("/");
      const parent = tree.directoryFor(at === -1 ? "" : target.slice(0, at));
      const there = spelled.get(target);
      const name =
        there !== undefined && there.isPrivate === (isPrivate ?? there.isPrivate)
          ? there.path.slice(there.path.lastIndexOf("/") + 1)
          : directoryName(target.slice(at + 1), isPrivate ?? isPrivateParent(target));
      const path = parent === "" ? name : `${parent}/${name}`;
      directories.set(target, path);
      made.add(target);
      return path;
    },
    made,
  };
  return tree;
}

/** The directories above a path, nearest first. */
export function parentsOf(target: string): string[] {
  const parents: string[] = [];
  for (let at = target.lastIndexOf("/"); at > 0; at = target.lastIndexOf("/", at - 1))
    parents.push(target.slice(0, at));
  return parents;
}
