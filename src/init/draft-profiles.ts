import { parentOf } from "../plan/path.ts";
import type { ProfileEntry } from "../profiles/profile.ts";
import type { DraftItem, DraftPart } from "./draft.ts";
import type { FoundProgram } from "./find-programs.ts";
import type { Machine } from "./machine.ts";

/** Headings of the list of profiles, in their order. */
const groups = {
  system: "the system and its services",
  secret: "keys, logins and other secrets",
  plain: "applications and tools",
  sandbox: "applications in sandboxes",
  empty: "installed; nothing of theirs is here yet",
} as const;

/** The profiles of a draft, grouped by what they are, with what of each was found. */
export function draftProfiles(machine: Machine): DraftItem[] {
  const items = machine.programs.map((program) => ({ program, group: groupOf(program) }));
  const named = Object.values(groups).flatMap((group) =>
    items.filter((item) => item.group === group).map((item) => itemOf(item.program, group)),
  );
  const isNamed = (name: string): boolean => machine.programs.some(({ profile }) => profile.name === name);
  // Without it numbers may be given out anew, and files that were kept belong to somebody else.
  if (machine.os !== "nixos" || isNamed("nixos-ids")) return named;
  return [{ data: "nixos-ids", reason: "/var/lib/nixos/", group: groups.system }, ...named];
}

function groupOf({ flavour, paths, profile }: FoundProgram): string {
  if (paths.length === 0) return groups.empty;
  if (paths.every(({ scope }) => scope === "system")) return groups.system;
  if (
    flavour !== null &&
    profile.flavours[flavour]?.paths.every(({ path }) => /^(?:\.var\/app|snap)\//.test(path)) === true
  )
    return groups.sandbox;
  const [first] = paths;
  return first?.class === "secret" ? groups.secret : groups.plain;
}

function itemOf(program: FoundProgram, group: string): DraftItem {
  const { profile, flavour, users, yieldsTo } = program;
  const options = { ...(flavour === null ? {} : { flavour }), ...(users === null ? {} : { users }) };
  const data = Object.keys(options).length === 0 ? profile.name : { name: profile.name, ...options };
  const reason = reasonOf(program);
  const item = { data, reason, group, parts: program.paths.flatMap((path) => partOf(path, program)) };
  if (yieldsTo === undefined) return item;
  const other = yieldsTo === "" ? "without a flavour" : `as ${yieldsTo}`;
  const aside = `${reason} is there too, but ${profile.name} stands above ${other}: put this in its place where it is the one you use`;
  return { ...item, aside };
}

/** Paths that are named as the reason of a line. */
const shown = 2;

function reasonOf({ profile, paths }: FoundProgram): string {
  if (paths.length === 0) return profile.title.toLowerCase() === profile.name ? "" : profile.title;
  const outer = paths.filter(({ path }) => !paths.some((other) => isAround(other.path, path)));
  const names = outer.slice(0, shown).map(shownPath);
  return outer.length > shown ? `${names.join(", ")}, and ${outer.length - shown} more` : names.join(", ");
}

function shownPath({ path, kind, scope }: ProfileEntry): string {
  return `${scope === "home" ? "~/" : ""}${path}${kind === "directory" ? "/" : ""}`;
}

function isAround(folder: string, path: string): boolean {
  for (let at = parentOf(path); at !== undefined; at = parentOf(at)) if (at === folder) return true;
  return false;
}

function partOf(entry: ProfileEntry, { profile, users }: FoundProgram): DraftPart[] {
  const { path, kind, scope, note } = entry;
  const written = {
    path: kind === "directory" ? `${path}/` : path,
    class: entry.class,
    need: entry.need,
    ...(entry.mode === null ? {} : { mode: entry.mode }),
    ...(entry.owner === null ? {} : { owner: entry.owner }),
    ...(entry.group === null ? {} : { group: entry.group }),
    ...(entry.database ? { database: true } : {}),
    ...(entry.writes === null ? {} : { writes: entry.writes }),
    ...(users === null || scope === "system" ? {} : { users }),
  };
  const reason = note === null ? profile.title : `${profile.title}: ${note}`;
  return [{ list: scope, path, data: written, reason }];
}
