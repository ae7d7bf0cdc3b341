import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { leadsOut } from "./plan-writes.ts";
import { reasonOf } from "./reasons.ts";

/** Where a profile of a person's own lies, relative to the manifest. */
function ownProfilePath(name: string): string {
  return `profiles/${name}.yaml`;
}

/** Refuses a place where a new profile cannot be: one is there already, or a link leads out of the manifest's folder. */
export function requireNewProfile(folder: string, name: string): void {
  const path = ownProfilePath(name);
  if (existsSync(join(folder, path)))
    throw new CannotRun(`${path} is there already, and stays as it is; choose another name`);
  if (leadsOut(folder, path)) throw new CannotRun(`${path} leads out of the manifest's folder through a link`);
}

/** Writes a new profile beside the manifest; never over anything. Returns its path, relative to the manifest. */
export function writeNewProfile(folder: string, name: string, text: string): string {
  requireNewProfile(folder, name);
  const path = ownProfilePath(name);
  try {
    mkdirSync(join(folder, "profiles"), { recursive: true });
    writeFileSync(join(folder, path), text, { flag: "wx" });
  } catch (error) {
    throw new CannotRun(`${path} cannot be written: ${reasonOf(error)}`);
  }
  return path;
}
