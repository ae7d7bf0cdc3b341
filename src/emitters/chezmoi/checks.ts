import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { patternOf } from "../../languages/chezmoi-names.ts";
import { isWithin } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan } from "../../plan/plan.ts";
import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import { isCarriedByHomeManager } from "../carried-content.ts";
import { inFolder } from "../emitter.ts";
import { chezmoiDiagnostics as say } from "./diagnostics.ts";
import type { AnyRow, LinkRow, TargetRow } from "./rows.ts";
import { parentsOf, type SourceTree } from "./source-tree.ts";

type LaidRow = TargetRow<"carry"> | TargetRow<"secret"> | TargetRow<"fetch">;

/** chezmoi's own folders: a link in their place makes it delete its configuration, state and key (facts, section 0). */
const ownFolders = [".config/chezmoi", ".local/share/chezmoi"];

/** What would clash in the target state, before a line of it is written. */
export function checkChezmoi(
  plans: readonly HostPlan[],
  links: readonly LinkRow[],
  laid: readonly LaidRow[],
  tree: SourceTree,
): Diagnostic[] {
  return [
    ...links.flatMap((row) => linkFaults(row, tree)),
    ...plans.flatMap((plan) => belowLinkFaults(plan)),
    ...mountFaults(plans, [...links, ...laid], tree),
    ...laid.flatMap((row) => (row.kind === "carry" ? contentFaults(row, tree) : fromElsewhereFaults(row, tree))),
    ...laidFaults(laid, tree),
  ];
}

function linkFaults({ target, span }: LinkRow, tree: SourceTree): Diagnostic[] {
  if (ownFolders.some((own) => isWithin(own, target) || isWithin(target, own)))
    return [say["chezmoi/own-folders"]({ path: target }, span)];
  if (/^\.remanence(?:-|$|\/)/.test(target)) return [say["chezmoi/reserved"]({ path: target }, span)];
  const source = tree.ownAt(target) ?? tree.ownLeafAbove(target);
  return source === undefined ? [] : [say["chezmoi/hand-managed"]({ path: target, source }, span)];
}

/**
 * What is mounted into a home, or linked there by others than chezmoi: a link or a file of the person's in its place, or
 * around it, makes chezmoi delete what is in the store. Links of ours are looked at by themselves, and what is carried
 * elsewhere is held back on that host by the guard.
 */
function mountFaults(plans: readonly HostPlan[], rows: readonly AnyRow[], tree: SourceTree): Diagnostic[] {
  const seen = new Set(rows.map((row) => row.target));
  const mounted = plans.flatMap((plan) =>
    mountedEntries(plan)
      .filter(({ scope, how }) => scope === "home" && (plan.host.os !== "fedora" || how !== "symlink"))
      .map((entry) => ({ ...entry, host: plan.host.name })),
  );
  return mounted.flatMap(({ path, host, span }) => {
    if ([path, ...parentsOf(path)].some((at) => seen.has(at))) return [];
    const source = tree.ownLeafAt(path) ?? tree.ownLeafAbove(path);
    return source === undefined ? [] : [say["chezmoi/in-place-of-mount"]({ path, source, host }, span)];
  });
}

function belowLinkFaults(plan: HostPlan): Diagnostic[] {
  const linked = mountedEntries(plan).filter((entry) => entry.how === "symlink" && entry.scope === "home");
  const dispositions = isCarriedByHomeManager(plan) ? ["fetch"] : ["carry", "fetch"];
  const laid = plan.rules.filter((rule) => dispositions.includes(rule.disposition));
  const byLive = new Map(linked.map((entry) => [entry.live as string, entry]));
  return laid.flatMap((rule) => {
    for (let at = rule.live.lastIndexOf("/"); at > 0; at = rule.live.lastIndexOf("/", at - 1)) {
      const link = byLive.get(rule.live.slice(0, at));
      if (link !== undefined) {
        return [say["chezmoi/below-link"]({ path: rule.path, link: link.path, host: plan.host.name }, rule.span)];
      }
    }
    return [];
  });
}

function contentFaults({ target, span }: LaidRow, tree: SourceTree): Diagnostic[] {
  return tree.hasContent(target) ? [] : [say["chezmoi/nothing-carried"]({ path: target }, span)];
}

/** What is fetched, or comes out of a password manager: one place a path, and none of the person's own there. */
function fromElsewhereFaults({ kind, target, by, span }: LaidRow, tree: SourceTree): Diagnostic[] {
  const source = tree.ownAt(target) ?? tree.ownLeafAbove(target);
  const ways = new Set([...by.values()].map(({ fetch, carry }) => JSON.stringify([fetch, carry])));
  const isSecret = kind === "secret";
  return [
    ...(source === undefined ? [] : [say["chezmoi/fetch-hand-managed"]({ path: target, source, isSecret }, span)]),
    ...(ways.size < 2 ? [] : [say["chezmoi/fetch-differs"]({ path: target, isSecret }, span)]),
  ];
}

/**
 * What is carried or fetched inside something else that is, or in its place. chezmoi knows one kind of thing a path,
 * whatever the host, and what is ignored takes all below it along.
 */
function laidFaults(laid: readonly LaidRow[], tree: SourceTree): Diagnostic[] {
  const byTarget = grouped(laid, (row) => [row.target]);
  return laid.flatMap((row) => {
    const others = [row.target, ...parentsOf(row.target)].flatMap((path) => byTarget.get(path) ?? []);
    return others.flatMap((other) => {
      if (other === row || (other.target === row.target && row.kind === "carry")) return [];
      const paths = { path: row.target, above: other.target };
      if (isClosed(other, row.target)) return [say["chezmoi/one-kind"](paths, row.span)];
      if (row.kind !== "carry" || !holdsBack(other, row, tree)) return [];
      return [say["chezmoi/held-above"](paths, row.span)];
    });
  });
}

/** True where nothing of ours can be in a place: a link, a clone, a fetched file; an archive lets others in. */
function isClosed(other: AnyRow, target: string): boolean {
  if (other.target === target || other.kind === "link" || other.kind === "secret") return true;
  return other.kind === "fetch" && [...other.by.values()].some((entry) => entry.fetch?.type !== "archive");
}

/** True where a directory is held back on a host that wants something below it. */
function holdsBack(other: AnyRow, row: AnyRow, tree: SourceTree): boolean {
  if (other.kind === "carry" && !tree.hasContent(other.target)) return false;
  return [...row.by.keys()].some((here) => !other.by.has(here));
}

/** The links that chezmoi can make beside all else that it lays; the others are said, and are link.sh's alone. */
export function withoutClashes(
  links: readonly LinkRow[],
  laid: readonly LaidRow[],
  tree: SourceTree,
  diagnostics: Diagnostic[],
): LinkRow[] {
  const byTarget = grouped<AnyRow>([...links, ...laid], (row) => [row.target]);
  const below = grouped<AnyRow>([...links, ...laid], (row) => parentsOf(row.target));
  const clash = (link: LinkRow): string | undefined => {
    const same = byTarget.get(link.target)?.find((other) => other !== link);
    if (same !== undefined) return `elsewhere it is ${words[same.kind]}`;
    const inside = below.get(link.target)?.[0];
    if (inside !== undefined) return `elsewhere \`${inside.target}\` inside it is ${words[inside.kind]} by itself`;
    const above = parentsOf(link.target)
      .flatMap((parent) => byTarget.get(parent) ?? [])
      .find((other) => other.kind !== "link" && (isClosed(other, link.target) || holdsBack(other, link, tree)));
    return above === undefined ? undefined : `\`${above.target}\` around it is ${words[above.kind]}`;
  };
  return links.filter((link) => {
    const why = clash(link);
    if (why === undefined) return true;
    diagnostics.push(say["chezmoi/unrepresentable"]({ path: link.target, why }, link.span));
    return false;
  });
}

function grouped<R extends AnyRow>(rows: readonly R[], keysOf: (row: R) => readonly string[]): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    for (const key of keysOf(row)) {
      const group = groups.get(key) ?? [];
      group.push(row);
      groups.set(key, group);
    }
  }
  return groups;
}

const words = { link: "linked", carry: "carried", secret: "a secret", fetch: "fetched" } as const;

/**
 * Where the person has both ignore files, one of them must include the guard: we own neither. And no line of an ignore
 * file further down may let through what the guard holds back; those of the root it looks at itself.
 */
export function guardFaults(
  { ignore, allowed, root }: ChezmoiSource,
  rows: readonly { readonly kind: string; readonly target: string }[],
): Diagnostic[] {
  const included = !ignore.plain || !ignore.template || ignore.includesOurs;
  return [
    ...(included ? [] : [say["chezmoi/guard-not-included"]({ file: inFolder(root, ".chezmoiignore") })]),
    ...allowed.flatMap(({ file, pattern }) => {
      const matches = patternOf(pattern);
      const held = rows.find(({ kind, target }) => kind !== "way" && matches?.test(target));
      if (held === undefined) return [];
      return [say["chezmoi/guard-overruled"]({ file: inFolder(root, file), pattern, path: held.target })];
    }),
  ];
}

/** The same of what takes former links away; without it they only stay. */
export function formerNotes(
  former: readonly { readonly target: string }[],
  { remove, root }: ChezmoiSource,
): Diagnostic[] {
  if (former.length === 0 || !remove.plain || !remove.template || remove.includesOurs) return [];
  return [say["chezmoi/remove-not-included"]({ file: inFolder(root, ".chezmoiremove"), count: former.length })];
}
