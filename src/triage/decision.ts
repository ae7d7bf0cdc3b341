import type { Edit } from "../manifest/edit.ts";
import { type Class, classDefaults, type Need } from "../plan/vocabulary.ts";
import type { KnownFacts } from "../profiles/entry-facts.ts";
import type { TriageRow } from "./row.ts";
import type { State } from "./state.ts";

/** What a person decided about a path. */
export interface Decision {
  readonly class: Class;
  /** `none`: discarded. */
  readonly need: Need;
  /** Its content travels in the dotfiles repo. */
  readonly carry: boolean;
}

/** A class, and all else as it usually is. */
export function decisionOf(entryClass: Class): Decision {
  return { class: entryClass, need: classDefaults[entryClass].need, carry: false };
}

/** What the suggestion says; undefined where there is none. */
export function suggested({ suggestion }: TriageRow): Decision | undefined {
  return suggestion === null ? undefined : { class: suggestion.class, need: suggestion.need, carry: false };
}

/** Discarded: as what it is known to be, where that is not worth keeping anyway. */
export function discarded({ suggestion }: TriageRow): Decision {
  const usual = suggestion?.class;
  return { class: usual === "cache" || usual === "log" ? usual : "state", need: "none", carry: false };
}

/** A decision in a few words. */
export function decisionText({ class: c, need, carry }: Decision): string {
  if (need === "none") return c === "cache" ? "discard (cache)" : "discard";
  return `${carry ? "carry " : ""}${c}, ${need}`;
}

/**
 * The profiles and entries that decisions lead to, in the order of the rows. A path that several users have is one entry for all whose
 * decision is the same; `users` are those of the manifest, `factsOf` what the catalogue knows of exactly a path.
 */
export function editsOf(
  { decisions, profiles }: Pick<State, "decisions" | "profiles">,
  rows: readonly TriageRow[],
  users: readonly string[],
  factsOf: (row: TriageRow) => KnownFacts,
): Edit[] {
  const byEntry = new Map<string, { row: TriageRow; decision: Decision; of: string[] }>();
  for (const row of rows) {
    const decision = decisions.get(row.live);
    if (decision === undefined) continue;
    const { scope, path, user } = row.listed;
    const key = JSON.stringify([scope, path, row.kind, decision]);
    const known = byEntry.get(key);
    if (known === undefined) byEntry.set(key, { row, decision, of: user === null ? [] : [user] });
    else if (user !== null && !known.of.includes(user)) known.of.push(user);
  }
  const named = [...profiles.values()].map(({ name, flavour }): Edit => {
    return { add: "profile", profile: flavour === null ? { name } : { name, flavour } };
  });
  const entries = [...byEntry.values()].map(({ row, decision, of }) => {
    const isForAll = row.listed.user === null || users.every((name) => of.includes(name));
    return entryFor(row, decision, factsOf(row), isForAll ? undefined : of);
  });
  return [...named, ...entries];
}

function entryFor(
  { kind, listed, suggestion }: TriageRow,
  decision: Decision,
  facts: KnownFacts,
  users: string[] | undefined,
): Edit {
  const { class: c, need, carry } = decision;
  // What is known of a path holds for what it is known to be, and says nothing of what is given up.
  const isKnown = need !== "none" && suggestion?.class === c;
  const entry = {
    path: `${listed.path}${kind === "directory" ? "/" : ""}`,
    class: c,
    need,
    ...(carry ? { carry: c === "secret" ? ("encrypted" as const) : true } : {}),
    ...(isKnown ? facts : {}),
    ...(users === undefined ? {} : { users }),
  };
  return { add: "entry", scope: listed.scope, entry };
}
