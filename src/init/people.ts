import { manifestSchema } from "../manifest/schema.ts";
import { parseSystemPath } from "../plan/path.ts";
import { impossiblePlace } from "../plan/special-paths.ts";
import type { Os } from "../plan/vocabulary.ts";
import type { Disk } from "./disk.ts";
import type { MachineUser } from "./machine.ts";
import type { Person } from "./passwd.ts";

/** A person with a home that is there, and how it is seen. */
export interface Home extends Person {
  readonly disk: Disk;
  /** Where the home is on that disk; empty for its root. */
  readonly at: string;
}

/** The people whose homes are there and who can be named in a manifest; of the others, why not. */
export function peopleWithHomes(people: readonly Person[], disk: Disk): { homes: Home[]; leftOut: string[] } {
  const homes: Home[] = [];
  const leftOut: string[] = [];
  for (const person of people) {
    const why = whyNot(person);
    if (why !== undefined) leftOut.push(`The account ${person.name} is left out: ${why}.`);
    else if (isDirectory(disk, person.home)) homes.push({ ...person, disk, at: person.home });
  }
  return { homes, leftOut };
}

function isDirectory(disk: Disk, path: string): boolean {
  // A home may be a link within the system, as a user of Fedora Atomic has it; then names are found in it.
  return disk.kind(path) === "directory" || (disk.kind(path) === "symlink" && disk.names(path).length > 0);
}

/** True for a name that a manifest may have. */
export function isUserName(name: string): boolean {
  return name !== "__proto__" && manifestSchema.shape.users.safeParse({ [name]: {} }).success;
}

/** True for a host's name that a manifest may have. */
export function isHostName(name: string): boolean {
  return name !== "__proto__" && manifestSchema.shape.hosts.safeParse({ [name]: { os: "fedora" } }).success;
}

function whyNot({ name, home }: Person): string | undefined {
  if (!isUserName(name)) return "a manifest cannot have this name";
  const parsed = parseSystemPath(home);
  if ("problem" in parsed || parsed.ok.pattern || parsed.ok.path === "/") return `its home cannot be ${home}`;
  const place = impossiblePlace(home);
  return place === undefined ? undefined : `its home lies in ${place.place}: ${place.why}`;
}

/** Users as a draft names them. NixOS puts people into the group `users` (100); Fedora gives each one of their own, with their number. */
export function usersOf(homes: readonly Home[], os: Os): MachineUser[] {
  return homes.map(({ name, home, uid, gid }) => ({
    name,
    home,
    unusualGroup: gid === (os === "nixos" ? 100 : uid) ? null : gid,
  }));
}
