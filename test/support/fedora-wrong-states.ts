/** A home with links, mounts and notes in every wrong state, and what verify.sh must call each. */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Content, lay, run } from "./fedora.ts";

/** Where a state is laid. */
export interface Places {
  readonly home: string;
  readonly store: string;
  /** A folder that belongs to no entry. */
  readonly elsewhere: string;
  /** The entry's path, its place in the home, and the one in the store. */
  readonly path: string;
  readonly live: string;
  readonly stored: string;
}

export interface WrongState {
  /** The entry as the manifest has it, where it is no directory that is linked. */
  readonly entry?: string;
  readonly path?: string;
  readonly make: (places: Places) => void;
  readonly result: string;
  readonly says: string;
}

/** A tree whose every file says where it was laid. */
const tree = (of: string): Content => ({ a: `${of}: a`, deep: { b: `${of}: b` } });

const put = (at: string, content: Content): void => lay("/", { [at.slice(1)]: content });
const linkTo = (at: string, target: string): void => {
  mkdirSync(join(at, ".."), { recursive: true });
  symlinkSync(target, at);
};
/** The link as link.sh writes it. */
const ours = ({ live, path }: Places): void =>
  linkTo(live, `${"../".repeat(path.split("/").length - 1)}.remanence/${path}`);
const linked = (places: Places, content = tree(`${places.path} in the store`)): void => {
  put(places.stored, content);
  ours(places);
};
/** A note that what is at a path is a compared copy of something else, as link.sh writes it. */
const note = (name: string, about: string, from: string): void => {
  const scripts = join(import.meta.dirname, "../../src/emitters/scripts");
  const write =
    'for part in common links relocate; do source "$1/$part.sh"; done; stamp_of "$4"; note "$2" "$3" "$(fingerprint "$4")" "$reply"';
  const done = run(["bash", "-c", write, "-", scripts, name, about, from], { home: "/" });
  if (done.code !== 0) throw new Error(done.err);
};
const staleNote = (name: string): void => linkTo(name, `1_1970-01-01_00:00:00.000000000_+0000 ${"0".repeat(64)}`);
const mount = (...args: readonly string[]): void => {
  const done = run(["mount", ...args], { home: "/" });
  if (done.code !== 0) throw new Error(done.err);
  onTestFinished(() => void run(["umount", "-l", args.at(-1) ?? ""], { home: "/" }));
};
const old = (path: string): void => {
  run(["find", path, "-exec", "touch", "-h", "-d", "2020-01-01", "{}", "+"], { home: "/" });
};

const file = (name: string): string => `{ path: ${name}, how: symlink, writes: in-place }`;

/** By the name of the entry. */
export const wrongStates: Readonly<Record<string, WrongState>> = {
  elsewhere: {
    make: ({ live, elsewhere, stored }) => {
      put(join(elsewhere, "a"), tree("elsewhere"));
      put(stored, tree("elsewhere in the store"));
      linkTo(live, join(elsewhere, "a"));
    },
    result: "foreign",
    says: "not to the store",
  },
  "other-store": {
    make: ({ live, home }) => {
      put(join(home, ".bulk", "other-store"), tree("other-store"));
      linkTo(live, join(home, ".bulk", "other-store"));
    },
    result: "other-store",
    says: "a link into the store bulk, and the manifest says persist",
  },
  dangling: { make: ours, result: "dangling", says: "is it mounted?" },
  "dangling-kept": {
    make: (places) => {
      ours(places);
      put(`${places.live}.remanence-original`, tree("dangling-kept"));
    },
    result: "dangling",
    says: "what was here before link.sh is in ~/dangling-kept.remanence-original",
  },
  chain: {
    make: ({ live, stored, home }) => {
      put(stored, tree("chain"));
      linkTo(join(home, "middle"), stored);
      linkTo(live, "middle");
    },
    result: "indirect",
    says: "by way of ~/middle",
  },
  absolute: {
    make: ({ live, stored }) => {
      put(stored, tree("absolute"));
      linkTo(live, stored);
    },
    result: "ok",
    says: "an absolute one",
  },
  circle: {
    make: (places) => {
      linkTo(places.stored, places.stored);
      ours(places);
      put(`${places.live}.remanence-original`, tree("circle"));
    },
    result: "loop",
    says: "leads in a circle",
  },
  "self-loop": {
    make: ({ live, stored }) => {
      put(live, tree("self-loop"));
      linkTo(stored, stored);
    },
    result: "interrupted",
    says: "run it again",
  },
  mark: {
    make: ({ live, stored }) => {
      put(live, tree("mark"));
      linkTo(stored, ".remanence/mark");
    },
    result: "interrupted",
    says: "run it again",
  },
  "stored-link": {
    make: (places) => {
      put(join(places.elsewhere, "b"), tree("stored-link"));
      linkTo(places.stored, join(places.elsewhere, "b"));
      ours(places);
    },
    result: "stored-link",
    says: "the store has a link there",
  },
  "file-here": { make: ({ live }) => put(live, "file-here"), result: "kind", says: "a file, not a directory" },
  "file-here-full": {
    make: ({ live, stored }) => {
      put(live, "file-here-full");
      put(stored, tree("file-here-full in the store"));
    },
    result: "kind",
    says: "a file stands in place of the link",
  },
  "file-stored": {
    make: (places) => linked(places, "file-stored"),
    result: "kind",
    says: "the store has a file, not a directory",
  },
  "directory-for-file": {
    entry: file("directory-for-file"),
    make: ({ live }) => put(live, tree("directory-for-file")),
    result: "kind",
    says: "a directory, not a file",
  },
  "file-replaced": {
    entry: file("file-replaced"),
    make: ({ live, stored }) => {
      put(stored, "file-replaced, old");
      old(stored);
      put(live, "file-replaced, new");
    },
    result: "replaced",
    says: "newer data on this side",
  },
  replaced: {
    make: ({ live, stored }) => {
      put(stored, tree("replaced in the store"));
      old(stored);
      put(live, tree("replaced"));
    },
    result: "replaced",
    says: "newer data on this side",
  },
  "replaced-older": {
    make: ({ live, stored }) => {
      put(live, tree("replaced-older"));
      old(live);
      put(stored, tree("replaced-older in the store"));
    },
    result: "replaced",
    says: "the store's is newer",
  },
  "empty-here": {
    make: ({ live, stored }) => {
      put(stored, tree("empty-here"));
      mkdirSync(live);
    },
    result: "empty-here",
    says: "an empty directory stands in place of the link",
  },
  "empty-store": {
    make: (places) => {
      linked(places, {});
      put(`${places.live}.remanence-original`, tree("empty-store"));
      note(`${places.stored}.remanence-copied`, places.stored, `${places.live}.remanence-original`);
    },
    result: "empty-store",
    says: "what was here before is in ~/empty-store.remanence-original",
  },
  "only-original": {
    make: ({ live }) => put(`${live}.remanence-original`, tree("only-original")),
    result: "missing",
    says: "neither here nor in the store",
  },
  "unknown-original": {
    make: (places) => {
      linked(places);
      put(`${places.live}.remanence-original`, tree("unknown-original"));
    },
    result: "ok",
    says: "is kept in ~/unknown-original.remanence-original, and yours to remove",
  },
  "put-aside": {
    make: (places) => {
      linked(places);
      put(`${places.stored}.remanence-other`, tree("put-aside"));
    },
    result: "ok",
    says: "what the store had before is kept in",
  },
  late: {
    make: (places) => {
      linked(places);
      put(`${places.live}.remanence-original`, tree("late"));
      note(`${places.stored}.remanence-copied`, places.stored, `${places.live}.remanence-original`);
      put(`${places.live}.remanence-original/deep/late`, "late: written after the copy");
    },
    result: "late",
    says: "newer data on this side",
  },
  half: {
    make: ({ live, stored }) => {
      put(live, tree("half"));
      put(`${stored}.remanence-partial`, { a: "half of a copy" });
    },
    result: "interrupted",
    says: "run it again",
  },
  "half-linked": {
    make: (places) => {
      linked(places);
      put(`${places.stored}.remanence-partial`, { a: "half of a copy" });
    },
    result: "leftover",
    says: "half a copy, and no data",
  },
  "half-back": {
    make: (places) => {
      linked(places);
      put(`${places.live}.remanence-back`, { a: "half of a copy back" });
    },
    result: "interrupted",
    says: "run it again",
  },
  trash: {
    make: (places) => {
      linked(places);
      put(`${places.live}.remanence-trash`, { a: "was decided about" });
    },
    result: "interrupted",
    says: "link.sh --commit was stopped here; run it again",
  },
  "trash-unlinked": {
    make: ({ live, stored }) => {
      put(live, tree("trash-unlinked"));
      put(stored, tree("trash-unlinked in the store"));
      put(`${live}.remanence-trash`, { a: "was decided about" });
    },
    result: "replaced",
    says: "the link is gone since",
  },
  "trash-stored": {
    make: ({ live, stored }) => {
      put(live, tree("trash-stored"));
      put(`${stored}.remanence-trash`, { a: "was decided about" });
    },
    result: "unlinked",
    says: "unlink.sh --commit was stopped here",
  },
  "stale-copied": {
    make: (places) => {
      linked(places);
      put(`${places.live}.remanence-original`, tree("stale-copied"));
      staleNote(`${places.stored}.remanence-copied`);
    },
    result: "note",
    says: "is about something that is not there any more",
  },
  "stale-returned": {
    make: ({ live, stored }) => {
      put(live, tree("stale-returned"));
      put(stored, tree("stale-returned in the store"));
      staleNote(`${stored}.remanence-returned`);
    },
    result: "replaced",
    says: "is about something that is not there any more",
  },
  "note-of-nothing": {
    make: (places) => {
      linked(places);
      staleNote(`${places.stored}.remanence-returned`);
    },
    result: "note",
    says: "is about something that is not there any more",
  },
  "no-note": {
    make: (places) => {
      linked(places);
      put(`${places.stored}.remanence-copied`, tree("no-note"));
    },
    result: "note",
    says: "has the name of a note of link.sh, and is none",
  },
  returned: {
    make: ({ live, stored }) => {
      put(stored, tree("returned"));
      run(["cp", "-a", stored, live], { home: "/" });
      note(`${stored}.remanence-returned`, live, stored);
    },
    result: "unlinked",
    says: "brought back by unlink.sh",
  },
  outdated: {
    make: ({ stored }) => {
      put(stored, tree("outdated"));
      staleNote(`${stored}.remanence-returned`);
    },
    result: "outdated",
    says: "what the store has is from before",
  },
  "half-exchange": {
    make: (places) => {
      put(places.live, tree("half-exchange"));
      put(places.stored, tree("half-exchange in the store"));
      linkTo(`${places.live}.remanence-original`, `.remanence/${places.path}`);
    },
    result: "interrupted",
    says: "run it again",
  },
  unlinked: {
    make: ({ stored }) => put(stored, tree("unlinked")),
    result: "unlinked",
    says: "the data is in the store, but there is no link",
  },
  "two-of-home": {
    make: ({ live }) => {
      put(live, tree("two-of-home"));
      put(`${live}.remanence-original`, tree("two-of-home before"));
    },
    result: "original",
    says: "what was here before a run is in ~/two-of-home.remanence-original",
  },
  "never-linked": { make: ({ live }) => put(live, tree("never-linked")), result: "unlinked", says: "not linked yet" },
  special: {
    make: ({ live }) => void run(["mkfifo", live], { home: "/" }),
    result: "special",
    says: "fifo stands in its place",
  },
  "special-stored": {
    make: (places) => {
      mkdirSync(join(places.stored, ".."), { recursive: true });
      run(["mkfifo", places.stored], { home: "/" });
      ours(places);
    },
    result: "special",
    says: "the store has a fifo",
  },
  "open-mode": {
    entry: "{ path: open-mode/, class: secret }",
    make: (places) => {
      linked(places);
      chmodSync(places.stored, 0o755);
    },
    result: "mode",
    says: "mode 0755, and should be 0700",
  },
  owner: {
    make: (places) => {
      linked(places);
      chownSync(places.stored, 4321, 4321);
    },
    result: "owner",
    says: "belongs to 4321, not to you",
  },
  "owner-inside": {
    make: (places) => {
      linked(places);
      chownSync(join(places.stored, "deep", "b"), 4321, 4321);
    },
    result: "ok",
    says: "1 files in it belong to others, the first is",
  },
  detour: {
    entry: "detour/app/",
    path: "detour/app",
    make: ({ home, elsewhere }) => {
      put(join(elsewhere, "c"), { app: tree("detour") });
      linkTo(join(home, "detour"), join(elsewhere, "c"));
    },
    result: "detour",
    says: "is reached through a link",
  },
  mounted: {
    make: (places) => {
      put(places.stored, tree("mounted"));
      mkdirSync(places.live);
      mount("-t", "tmpfs", "tmpfs", places.live);
      put(join(places.live, "x"), "mounted: in the mount");
    },
    result: "mounted",
    says: "something else is mounted over it: tmpfs",
  },
  "mounted-store": {
    make: (places) => {
      put(places.stored, tree("mounted-store"));
      mkdirSync(places.live);
      mount("--bind", places.stored, places.live);
    },
    result: "mounted",
    says: "the store is mounted over it, where a link is asked for",
  },
  "mounted-inside": {
    make: (places) => {
      linked(places);
      mount("-t", "tmpfs", "tmpfs", join(places.stored, "deep"));
    },
    result: "nested",
    says: "something is mounted inside it",
  },
  "kept-link": {
    entry: "{ path: kept-link/, how: none }",
    make: ({ live, elsewhere }) => {
      put(join(elsewhere, "d"), tree("kept-link"));
      linkTo(live, join(elsewhere, "d"));
    },
    result: "kind",
    says: "a link, not a directory",
  },
  "kept-file": {
    entry: "{ path: kept-file/, how: none }",
    make: ({ live }) => put(live, "kept-file"),
    result: "kind",
    says: "a file, not a directory",
  },
  "kept-mode": {
    entry: "{ path: kept-mode/, how: none, class: secret }",
    make: ({ live }) => {
      put(live, tree("kept-mode"));
      chmodSync(live, 0o750);
    },
    result: "mode",
    says: "mode 0750, and should be 0700",
  },
  "kept-owner": {
    entry: "{ path: kept-owner, how: none }",
    make: ({ live }) => {
      put(live, "kept-owner");
      chownSync(live, 4321, 4321);
    },
    result: "owner",
    says: "belongs to 4321, not to you",
  },
};

export type States = Readonly<Record<string, WrongState>>;

/** Those in which a copy to another mount, or back, plays a part. */
export const statesOfCopies: States = Object.fromEntries(
  Object.entries(wrongStates).filter(([name]) =>
    /half|trash|note|stale|returned|late|original|home|mark|self|circle|dangling|empty|^replaced|never/.test(name),
  ),
);

/** The entries of the manifest for them, and one that lies in the other store. */
export const entriesOf = (states: States): readonly string[] => [
  ...Object.entries(states).map(([name, { entry }]) => entry ?? `${name}/`),
  "{ path: in-bulk/, store: bulk }",
];

/** Lays all of them as they are before any script. */
export function layStates(states: States, home: string, store: string, elsewhere: string): void {
  linkTo(join(home, ".remanence"), store.startsWith(`${home}/`) ? store.slice(home.length + 1) : store);
  for (const [name, { path = name, make }] of Object.entries(states)) {
    make({ home, store, elsewhere, path, live: join(home, path), stored: join(store, path) });
  }
}

/** Names beside an entry that no script reads as data, and the scripts' own journal. */
const untrusted = /\.remanence-(?:partial|trash|back)(?:\/|$)|\/\.local\/state\/remanence\//;

/** The content of every file below folders that lies under a name that is read as data. */
export function dataIn(folders: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !untrusted.test(path)) found.add(readFileSync(path, "utf8"));
    }
  }
  return found;
}
