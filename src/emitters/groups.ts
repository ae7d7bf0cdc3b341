import { comparePaths, sortByPath } from "../plan/path.ts";
import type { PlanEntry } from "../plan/plan.ts";
import type { Class } from "../plan/vocabulary.ts";

/** Entries under one heading, as outputs show them: by application, else by what the state is. */
export interface EntryGroup<E extends PlanEntry> {
  readonly heading: string;
  readonly entries: readonly E[];
}

const headings: Readonly<Record<Class, string>> = {
  secret: "secrets",
  data: "a person's own files",
  config: "settings",
  state: "what programs remember",
  log: "logs",
  cache: "caches",
};
const classOrder: readonly Class[] = ["secret", "data", "config", "state", "log", "cache"];

/** Groups entries by meaning: a person's own lines by class first, then applications by name, each in path order. */
export function groupEntries<E extends PlanEntry>(entries: readonly E[]): EntryGroup<E>[] {
  const groups = new Map<string, E[]>();
  for (const entry of entries) {
    const key = entry.title === null ? `0 ${classOrder.indexOf(entry.class)}` : `1 ${entry.title}`;
    const group = groups.get(key) ?? [];
    group.push(entry);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([a], [b]) => comparePaths(a, b))
    .map(([, members]) => {
      const first = members[0] as E;
      const heading = first.title ?? headings[first.class];
      return { heading, entries: sortByPath(members, (entry) => entry.live) };
    });
}
