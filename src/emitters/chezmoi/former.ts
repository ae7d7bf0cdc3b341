import { removePattern } from "../../languages/chezmoi-names.ts";
import { printJson } from "../../languages/json.ts";
import { renderTemplate } from "../../languages/template.ts";
import { fate } from "../../plan/fate.ts";
import { comparePaths, joinPath } from "../../plan/path.ts";
import type { HostPlan } from "../../plan/plan.ts";
import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import type { SourceFile } from "./content.ts";
import type { AnyRow, LinkRow } from "./rows.ts";
import { parentsOf, type SourceTree } from "./source-tree.ts";

/** A link that was generated once and is no more: taken away where it still is as we made it, and nothing else ever is. */
export interface FormerLink {
  readonly target: string;
  /** How often the links of the manifest have changed since. */
  readonly generations: number;
}

/** So many changes of the links are remembered; a machine that was not applied for longer keeps a link too many. */
const remembered = 10;

/**
 * The links that are to go. Not those of what is still kept somewhere in another way (through the link it is still
 * reached), nor any where chezmoi lays something at the place, above or below: it would stop at two opinions on a path.
 */
export function formerLinks(
  plans: readonly HostPlan[],
  links: readonly LinkRow[],
  laid: readonly AnyRow[],
  source: ChezmoiSource,
  tree: SourceTree,
): FormerLink[] {
  const current = new Set(links.map((row) => row.target));
  const before = source.former.filter((row) => row.generations === null).map((row) => row.target);
  const isSame = before.length === current.size && before.every((target) => current.has(target));
  const managed = new Set([...links, ...laid].flatMap(({ target }) => [target, ...parentsOf(target)]));
  const isManaged = (target: string): boolean =>
    [target, ...parentsOf(target)].some((path) => current.has(path)) ||
    managed.has(target) ||
    tree.ownAt(target) !== undefined ||
    tree.ownLeafAbove(target) !== undefined;
  const ages = new Map<string, number>();
  for (const { target, generations } of source.former) {
    const age = generations === null ? 0 : generations + (isSame ? 0 : 1);
    if (age < remembered && !isManaged(target) && !isKept(plans, target))
      ages.set(target, Math.min(age, ages.get(target) ?? age));
  }
  return [...ages].sort(([a], [b]) => comparePaths(a, b)).map(([target, generations]) => ({ target, generations }));
}

function isKept(plans: readonly HostPlan[], target: string): boolean {
  return plans.some((plan) =>
    plan.host.users.some((user) => fate(plan, joinPath(user.home, target)).fate === "persist"),
  );
}

/** What takes them away, and what says which; nothing where there are none. */
export function formerFiles(former: readonly FormerLink[], { remove }: ChezmoiSource): SourceFile[] {
  if (former.length === 0) return [];
  const file = (path: string, content: string): SourceFile => ({ path, content, target: null, kind: "support" });
  const rows = former.map(({ target }) => ({ target, pattern: removePattern(target) }));
  const own = remove.template ? ".chezmoiremove" : ".chezmoiremove.tmpl";
  const isIncluded = remove.includesOurs || (remove.plain && remove.template);
  return [
    file(".remanence/former.json", printJson(rows)),
    file(".chezmoitemplates/remanence/remove", renderTemplate("remove.gotmpl.ejs", {})),
    ...(isIncluded ? [] : [file(own, renderTemplate("chezmoiremove.gotmpl.ejs", {}))]),
  ];
}
