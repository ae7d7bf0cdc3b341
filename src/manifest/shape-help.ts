import { at, isMap, keysAt } from "./shape-words.ts";
import { wrongKeys, wrongValues } from "./wrong-facts.ts";
import type { DocumentPath } from "./yaml-source.ts";

/** What to write instead of a part that has the wrong shape, by the key it stands at. */

/** How each map looks, for who wrote something else in its place. */
const maps: Readonly<Record<string, string>> = {
  stores: "stores: { persist: /persist }",
  users: "users: { mitsio: {} }",
  hosts: "hosts: { laptop: { os: nixos } }",
  outputs: "outputs: { chezmoi: dotfiles }",
  backup: 'backup: { engine: restic, repository: "sftp:nas:/backup" }',
  retain: "retain: { daily: 7, weekly: 4 }",
  encrypt: 'encrypt: { age: "age1…" }',
  nixos: "nixos: { module: impermanence }",
  fedora: "fedora: { link: symlink }",
  wipe: "wipe: { path: /, method: tmpfs }",
  fetch: 'fetch: { git: "https://example.org/notes.git" }',
};

/** Examples of what is missed most. */
const missing: Readonly<Record<string, string>> = {
  os: "write `os: nixos` or `os: fedora`",
  engine: "write `engine: restic` or `engine: tar`",
  repository: 'write where the backups go: `repository: "sftp:nas:/backup"`',
  method: "write `method: tmpfs` or `method: btrfs`",
  name: "write which profile: `name: firefox`",
  age: 'write the recipient: `age: "age1…"`, or `gpg: …`',
  git: "write where it comes from: `git:`, `archive:` or `file:`",
};

/** Help for a key that is missing in the map at `parent`. */
export function helpForMissing(name: string, parent: DocumentPath): string | undefined {
  if (name !== "path") return missing[name];
  if (isEntry(parent)) return "write what it is about: `path: Documents/`";
  if (parent.includes("wipe")) return "write the mount point that is wiped: `path: /`";
  if (parent.at(-1) === "backup") return "write the folder that receives the archives: `path: /mnt/backup`";
  return "write where it lies: `path: /persist`";
}

/** Help for a value of another type than the `expected` one; `typed` is its text as it stands in the file. */
export function helpForType(
  expected: string,
  found: unknown,
  path: DocumentPath,
  typed: string | undefined,
): string | undefined {
  const key = path.at(-1);
  if (path.length === 0) return "begin with `version: 1`, and keys such as `users:` and `hosts:` below it";
  if (isEntry(path)) {
    if (found === null) return "write a path (`Documents/`), or remove the item";
    if (Array.isArray(found)) return "write the paths one by one, or `path: [a/, b/]` in one entry";
  }
  if (expected === "boolean" && found !== null) return "write `true` or `false`, without quotes";
  if (expected !== "array" && isExample(path, found)) return `write \`${exampleAt(path)}\``;
  if (found === null) return key === "path" ? helpForMissing(key, path.slice(0, -1)) : helpForNothing(key);
  if (expected === "array") return isMap(found) ? "begin each item with `- `" : `write \`${String(key)}: [${typed}]\``;
  if (ages.includes(String(key))) return "write how long, with its unit: `30d`";
  if (key === "owner" || key === "group") return "write the name, not the number: numbers differ from host to host";
  if (typeof found === "object" || typed === undefined) return undefined;
  return `write it in quotes: \`"${typed}"\``;
}

const ages = ["expire", "refresh", "retain"];

function helpForNothing(key: PropertyKey | undefined): string | undefined {
  return typeof key === "string" ? `give it a value, or leave \`${key}\` away` : undefined;
}

/** Help for a value that is none of the options. */
export function helpForValue(
  path: DocumentPath,
  found: unknown,
  options: readonly string[],
  typed: string | undefined,
): string | undefined {
  const key = path.at(-1);
  if (key === "version") return "write `version: 1`, without quotes";
  if (found === null) return helpForNothing(key);
  if (typeof found === "string") return wrongValues.get(`${String(key)}: ${found}`);
  return typed !== undefined && options.includes(typed) ? `write it in quotes: \`"${typed}"\`` : undefined;
}

/** Help for an unknown key: wrong facts that circulate, what commas of a mode break off, keys that exclude others. */
export function helpForKey(name: string, path: DocumentPath, root: unknown): string | undefined {
  const map = at(root, path);
  if (isEntry(path) && isMap(map) && modeClause.test(name)) {
    const written = typeof map["mode"] === "string" ? [map["mode"]] : [];
    const mode = [...written, ...Object.keys(map).filter((key) => modeClause.test(key))].join(",");
    return `put the mode in quotes: \`mode: "${mode}"\`, its commas separate keys otherwise`;
  }
  const others = isMap(map) ? Object.keys(map).filter((key) => key !== name) : [];
  if (keysAt(path, root).includes(name) && others.length > 0 && !wrongKeys.has(name)) {
    return `\`${name}\` does not go together with \`${others.join("`, `")}\`: keep what is meant`;
  }
  return wrongKeys.get(name);
}

/** Help for a key that resembles none: those there are. */
export function knownKeysHelp(path: DocumentPath, root: unknown): string {
  return `it may have ${keysAt(path, root).join(", ")}`;
}

/** A clause of a symbolic mode, such as `g=rx`. */
const modeClause = /^[ugoa]+=[rwxXst]*$/;

/** What is wrong with the size of a value, in words. */
export function sizeDetail(issue: {
  readonly code: "too_small" | "too_big";
  readonly origin: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
}): string {
  if (issue.origin === "array") return "the list is empty; leave it away, or name something in it";
  if (issue.origin === "string") return "the text is empty";
  return issue.code === "too_small" ? `write at least ${issue.minimum}` : `write at most ${issue.maximum}`;
}

function isEntry(path: DocumentPath): boolean {
  return path.length === 2 && (path[0] === "home" || path[0] === "system");
}

/** True where a map is wanted, and its name tells which. */
function isExample(path: DocumentPath, found: unknown): boolean {
  return !isMap(found) && (isDefinition(path) || Object.hasOwn(maps, String(path.at(-1))));
}

function isDefinition(path: DocumentPath): boolean {
  return path.length === 2 && ["hosts", "users", "stores"].includes(String(path[0]));
}

function exampleAt(path: DocumentPath): string {
  const [section, name] = path;
  if (!isDefinition(path)) return maps[String(path.at(-1))] ?? "";
  if (section === "hosts") return `${String(name)}: { os: nixos }`;
  return section === "users" ? `${String(name)}: { home: /home/${String(name)} }` : `${String(name)}: /persist`;
}
