import { type AbsolutePath, joinPath, relativeTo } from "./path.ts";
import type { HostPlan, PlanEntry } from "./plan.ts";
import { indexRules, type RuleIndex } from "./rule-index.ts";
import type { Disposition } from "./vocabulary.ts";

/** What happens to one path on one host. */
export interface Fate {
  readonly live: AbsolutePath;
  readonly fate: Disposition | "undecided";
  /** Where the path really lies; null where it is not persisted, or persisted in place. */
  readonly stored: AbsolutePath | null;
  readonly backup: boolean;
  /** The rule that decided; null for what nobody decided. */
  readonly rule: PlanEntry | null;
}

/** The plan's rules, indexed. */
export function rulesOf(plan: HostPlan): RuleIndex {
  return indexRules(plan.rules);
}

/**
 * The law: what happens to an absolute path on the plan's host, from the plan alone. The deepest entry that covers
 * the path decides; what none covers is undecided. Every output, run by its real engine, does exactly this.
 */
export function fate(plan: HostPlan, path: AbsolutePath): Fate {
  const rule = rulesOf(plan).deciding(path);
  if (rule === undefined) return { live: path, fate: "undecided", stored: null, backup: false, rule: null };
  return { live: path, fate: rule.disposition, stored: storedBelow(rule, path), backup: rule.backup, rule };
}

function storedBelow(rule: PlanEntry, path: AbsolutePath): AbsolutePath | null {
  if (rule.stored === null || rule.live === path) return rule.stored;
  const below = relativeTo(path, rule.live);
  return below === undefined ? null : joinPath(rule.stored, below);
}
