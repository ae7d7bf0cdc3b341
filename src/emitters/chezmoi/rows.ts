import type { Span } from "../../diagnostics/span.ts";
import { comparePaths } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanEntry, PlanHost } from "../../plan/plan.ts";
import { linkText, rootLink } from "../../plan/stores.ts";
import { carriedEntries, isCarriedByHomeManager } from "../carried-content.ts";

/** A host and a user of it, as chezmoi's templates name it: `desk/mitsio`. */
export type Here = string;

export function hereOf(host: PlanHost, user: string): Here {
  return `${host.name}/${user}`;
}

/** `secret` is what a password manager has the content of. */
type RowKind = "link" | "carry" | "secret" | "fetch";

/** One target (a path below a home) over all hosts: what chezmoi lays there, and where. */
export interface TargetRow<K extends RowKind> {
  readonly kind: K;
  readonly target: string;
  /** The entries that ask for it, by host and user; none where no host has it of chezmoi. */
  readonly by: ReadonlyMap<Here, PlanEntry>;
  readonly span: Span;
}
export type AnyRow = TargetRow<"link"> | TargetRow<"carry"> | TargetRow<"secret"> | TargetRow<"fetch">;

export interface LinkRow extends TargetRow<"link"> {
  /** The link in the home that it goes through, by host and user. */
  readonly roots: ReadonlyMap<Here, string>;
  /** Text of the link by host and user; nearly always one text for all. */
  readonly texts: ReadonlyMap<Here, string>;
}

/** The state links of the Fedora hosts where home-manager does not make them. */
export function linkRows(plans: readonly HostPlan[]): LinkRow[] {
  const rows = collect("link", plans, (plan) => {
    if (plan.host.os !== "fedora" || plan.host.fedora.home !== null) return [];
    return mountedEntries(plan).filter((entry) => entry.how === "symlink" && entry.scope === "home");
  });
  const hosts = new Map(plans.flatMap(({ host }) => host.users.map((user) => [hereOf(host, user.name), host])));
  return rows.map((row) => {
    const roots = new Map(
      [...row.by].map(([here, entry]) => [here, rootLink(entry.store ?? "", hosts.get(here)?.stores ?? [])]),
    );
    return { ...row, roots, texts: new Map([...roots].map(([here, root]) => [here, linkText(row.target, root)])) };
  });
}

/**
 * What is carried, and the hosts where chezmoi lays it. Where home-manager does, chezmoi must not: a row is there all the
 * same, so that it is held back.
 */
export function carryRows(plans: readonly HostPlan[]): TargetRow<"carry">[] {
  const inRepo = (plan: HostPlan): PlanEntry[] => carriedEntries(plan).filter((entry) => !isReference(entry));
  return collect("carry", plans, inRepo, (plan) => !isCarriedByHomeManager(plan));
}

/** What is carried and stays in a password manager, which chezmoi asks when it lays it. */
export function secretRows(plans: readonly HostPlan[]): TargetRow<"secret">[] {
  return collect("secret", plans, (plan) => carriedEntries(plan).filter(isReference));
}

function isReference({ carry }: PlanEntry): boolean {
  return carry !== null && carry.from !== null;
}

/** What is fetched from elsewhere. */
export function fetchRows(plans: readonly HostPlan[]): TargetRow<"fetch">[] {
  return collect("fetch", plans, (plan) =>
    plan.rules.filter((rule) => rule.disposition === "fetch" && rule.scope === "home"),
  );
}

function collect<K extends RowKind>(
  kind: K,
  plans: readonly HostPlan[],
  choose: (plan: HostPlan) => readonly PlanEntry[],
  isLaid: (plan: HostPlan) => boolean = () => true,
): TargetRow<K>[] {
  const rows = new Map<string, { by: Map<Here, PlanEntry>; span: Span }>();
  for (const plan of plans) {
    for (const entry of choose(plan)) {
      const row = rows.get(entry.path) ?? { by: new Map(), span: entry.span };
      if (isLaid(plan)) row.by.set(hereOf(plan.host, entry.user ?? ""), entry);
      rows.set(entry.path, row);
    }
  }
  return [...rows]
    .sort(([a], [b]) => comparePaths(a, b))
    .map(([target, row]) => ({ kind, target, by: row.by, span: row.span }));
}
