/** An account of a person, as passwd(5) has it. */
export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Accounts below belong to the system (login.defs UID_MIN). */
const firstPerson = 1000;
/** `nobody`, and what 16 and 32 bits have for it. */
const nobody = new Set([65534, 65535, 4294967294, 4294967295]);

/**
 * The people in a passwd file, in its order: neither root, nor services, nor nobody. One who is listed twice is the first;
 * of two with one home the first has it.
 */
export function peopleIn(text: string): Person[] {
  const found: Person[] = [];
  for (const line of text.split("\n")) {
    const [name = "", , uidText = "", gidText = "", , home = ""] = line.split(":");
    if (!/^\d+$/.test(uidText) || !/^\d+$/.test(gidText)) continue;
    const person = { name, uid: Number(uidText), gid: Number(gidText), home: home.replace(/(?!^)\/+$/, "") };
    if (person.uid < firstPerson || nobody.has(person.uid) || isService(person)) continue;
    if (found.some((other) => other.name === person.name || other.home === person.home)) continue;
    found.push(person);
  }
  return found;
}

/** Some services have high numbers: those that NixOS builds with, and those that systemd makes up (systemd.exec(5)). */
function isService({ name, uid }: Person): boolean {
  return (uid >= 30000 && uid < 30200 && name.startsWith("nixbld")) || (uid >= 61184 && uid <= 65519);
}

/** People in the order in which they matter: whoever asks first, then by number. */
export function inOrder(people: readonly Person[], asking: number | null): Person[] {
  return [...people].sort(
    (a, b) => Number(b.uid === asking) - Number(a.uid === asking) || a.uid - b.uid || (a.name < b.name ? -1 : 1),
  );
}
