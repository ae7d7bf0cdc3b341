import { isSidecar } from "./databases.ts";
import type { FileEvent } from "./file-event.ts";
import { addNode, findNode, forEachNode, moveNode, type NameTree, nameTree, takeNode } from "./name-tree.ts";

/** How a program saved a file: `rename` also where it took the old one away and made a new one. */
export type Writes = "rename" | "in-place";

/** A name that a program has written, and that is still there as far as its calls say. */
export interface WrittenName {
  readonly path: string;
  /** Null where it was only made: nobody knows how the program writes it the next time. */
  readonly writes: Writes | null;
  readonly kind: "file" | "link";
}

/** All that a program did, folded: what it wrote on its way to another name is gone from it. */
export interface Folded {
  readonly written: readonly WrittenName[];
  /** Names beside databases that were written, also where they are gone again. */
  readonly sidecars: ReadonlySet<string>;
  /** Looked for in vain, and not made afterwards; in the order in which they were missed. */
  readonly missing: readonly string[];
  /** The programs that were run, in their order. */
  readonly programs: readonly string[];
  readonly hasOtherRoot: boolean;
  readonly hasUnseenCalls: boolean;
  /** Calls about a path that could not be resolved. */
  readonly unresolved: number;
}

interface Written {
  readonly kind: "file" | "link";
  readonly writes: Writes | null;
  /** True for one that the program made anew under this name: nothing was there before. */
  readonly isNew: boolean;
}

/** What the events so far come to. */
export interface Fold {
  add(event: FileEvent): void;
  result(): Folded;
}

/**
 * Folds events, one after the other. A file that is written under one name and renamed to another is a file of the other
 * name that is written by rename; one that is opened for writing and stays is written in its place; one that is removed is
 * none. Where a file is written both ways it counts as written by rename: that is what a link or a mount does not survive.
 * Of what was looked for in vain only what `isSought` says is kept: a service may look for the same nothing all day.
 */
export function fold(isSought: (path: string) => boolean): Fold {
  const state: State = {
    names: nameTree(),
    gone: new Set(),
    sidecars: new Set(),
    missing: new Set(),
    programs: new Set(),
  };
  let hasOtherRoot = false;
  let hasUnseenCalls = false;
  let unresolved = 0;
  return {
    add(event) {
      if (event.kind === "other-root") hasOtherRoot = true;
      else if (event.kind === "unseen-calls") hasUnseenCalls = true;
      else if (event.kind === "unknown-folder") unresolved++;
      else if (event.kind !== "missing") apply(event, state);
      else if (findNode(state.names, event.path) === undefined && isSought(event.path)) state.missing.add(event.path);
    },
    result: () => ({
      written: writtenNames(state),
      sidecars: state.sidecars,
      missing: [...state.missing].filter((path) => findNode(state.names, path) === undefined),
      programs: [...state.programs],
      hasOtherRoot,
      hasUnseenCalls,
      unresolved,
    }),
  };
}

interface State {
  readonly names: NameTree<Written>;
  /** Names that were taken away: what is made there afterwards takes the place of what was there. */
  readonly gone: Set<string>;
  readonly sidecars: Set<string>;
  readonly missing: Set<string>;
  readonly programs: Set<string>;
}

type PathEvent = Exclude<FileEvent, { kind: "other-root" | "unseen-calls" | "unknown-folder" | "missing" }>;

function apply(event: PathEvent, state: State): void {
  switch (event.kind) {
    case "open":
      write(state, event.path, {
        kind: "file",
        writes: event.how === "change" ? "in-place" : null,
        isNew: event.how === "new",
      });
      break;
    case "make-link":
      write(state, event.path, { kind: "link", writes: null, isNew: true });
      break;
    case "link":
      write(state, event.to, { kind: "file", writes: null, isNew: true });
      break;
    case "rename":
      rename(state, event.from, event.to);
      break;
    case "exchange":
      exchange(state, event.from, event.to);
      break;
    case "remove":
      take(state, event.path);
      break;
    case "make-directory":
      // It is there; but only what is in it is anything to keep.
      state.missing.delete(event.path);
      break;
    case "run":
      state.programs.add(event.path);
  }
}

function write(state: State, path: string, seen: Written): void {
  const known = findNode(state.names, path)?.value;
  const isReplaced = state.gone.has(path) || known?.writes === "rename";
  if (isSidecar(path)) state.sidecars.add(path);
  addNode(state.names, path, {
    kind: seen.kind,
    writes: isReplaced ? "rename" : (seen.writes ?? known?.writes ?? null),
    isNew: seen.isNew && !isReplaced,
  });
}

/** Takes a name away. A new one was nobody's before: temporary files come and go under ever new names. */
function take(state: State, path: string): NameTree<Written> | undefined {
  const node = takeNode(state.names, path);
  if (node?.value?.isNew !== true) state.gone.add(path);
  return node;
}

function rename(state: State, from: string, to: string): void {
  if (from === to) return;
  const node = take(state, from);
  // Of what was not seen before nobody knows here whether it is a directory.
  if (node === undefined) addNode(state.names, to, replacing("file"));
  else place(state, to, node);
}

function exchange(state: State, one: string, other: string): void {
  const [first, second] = [takeNode(state.names, one), takeNode(state.names, other)];
  for (const [path, node] of [[one, second] as const, [other, first] as const]) {
    if (node === undefined) addNode(state.names, path, replacing("file"));
    else place(state, path, node);
  }
}

function place(state: State, path: string, node: NameTree<Written>): void {
  if (node.value !== undefined) node.value = replacing(node.value.kind);
  if (isSidecar(path)) state.sidecars.add(path);
  moveNode(state.names, path, node);
}

function replacing(kind: Written["kind"]): Written {
  return { kind, writes: "rename", isNew: false };
}

function writtenNames({ names }: State): WrittenName[] {
  const written: WrittenName[] = [];
  forEachNode(names, (path, value) => {
    written.push({ path, kind: value.kind, writes: value.writes });
  });
  return written;
}
