import type { Fragment } from "../../languages/fragment.ts";
import { shell } from "../../languages/shell.ts";
import { comparePaths, isBelow, parentOf } from "../../plan/path.ts";
import type { RelocatedEntry } from "../../plan/plan.ts";

/** Makes what mounts and links need in the store, private directories with their mode; through `run`, so that a dry run stays dry. */
export function makeStored(entries: readonly RelocatedEntry[]): Fragment<"shell">[] {
  const isPrivate = (entry: RelocatedEntry): boolean => entry.kind === "directory" && entry.mode !== null;
  const open = entries
    .filter((entry) => !isPrivate(entry))
    .map((entry) => (entry.kind === "directory" ? entry.stored : (parentOf(entry.stored) ?? entry.stored)));
  const needed = [...new Set(open)].filter((path) => !open.some((other) => isBelow(other, path))).sort(comparePaths);
  const verbose = shell.variable("VERBOSE_ARG");
  return [
    ...entries.filter(isPrivate).map((entry) => {
      const make = shell.command("run", "install", "-d", "-m", entry.mode ?? "", verbose, "--", entry.stored);
      return shell.unlessExists(entry.stored, make);
    }),
    ...(needed.length === 0 ? [] : [shell.longCommand(["run", "mkdir", "-p", verbose, "--"], needed)]),
  ];
}
