import { basename } from "node:path";
import { type Disk, diskAt, ownerOf } from "./disk.ts";
import { inOrder, type Person, peopleIn } from "./passwd.ts";
import { type Home, isUserName, peopleWithHomes } from "./people.ts";

/** Whoever asks, as this machine knows them. */
export interface Asker {
  readonly uid: number;
  /** As the system's directory of people has them, which may be another than passwd; null where it is not about this machine. */
  readonly person: Person | null;
}

/** The homes of a system, whoever asks first; `homeFolder`: only this one, wherever it lies on this machine. */
export function findHomes(
  disk: Disk,
  asker: Asker,
  homeFolder: string | undefined,
): { homes: Home[]; leftOut: string[] } {
  const listed = peopleIn(disk.read("/etc/passwd") ?? "");
  const { person } = asker;
  const isMissing = person !== null && person.uid >= 1000 && !listed.some(({ uid }) => uid === person.uid);
  const people = inOrder(isMissing ? [...listed, person] : listed, asker.uid);
  if (homeFolder === undefined) return peopleWithHomes(people, disk);
  return { homes: [{ ...ownerOfHome(homeFolder, people), disk: diskAt(homeFolder), at: "" }], leftOut: [] };
}

/** Whose a home is: by its name, by its owner, else whoever is first; without anybody its name is taken for theirs. */
function ownerOfHome(folder: string, people: readonly Person[]): Person {
  const name = basename(folder);
  const owner = ownerOf(folder);
  const known = people.find((one) => one.name === name) ?? people.find(({ uid }) => uid === owner) ?? people[0];
  if (known !== undefined) return known;
  const fit = isUserName(name) ? name : "user";
  return { name: fit, uid: 1000, gid: 1000, home: `/home/${fit}` };
}
