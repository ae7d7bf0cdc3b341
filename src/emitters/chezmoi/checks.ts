import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { isWithin } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan } from "../../plan/plan.ts";
import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import { inFolder } from "../emitter.ts";
import { chezmoiDiagnostics as say } from "./diagnostics.ts";
import type { LinkRow, TargetRow } from "./rows.ts";
import type { SourceTree } from "./source-tree.ts";

/** chezmoi's own folders: a link in their place makes it delete its configuration, state and key (facts, section 0). */
const ownFolders = [".config/chezmoi", ".local/share/chezmoi"];

/** What would clash in the target state, before a line of it is written. */
export function checkChezmoi(
  plans: readonly HostPlan[],
  links: readonly LinkRow[],
  laid: readonly TargetRow<"carry" | "fetch">[],
  tree: SourceTree,
  source: ChezmoiSource,
): Diagnostic[] {
  return [
    ...links.flatMap((row) => linkFaults(row, tree)),
    ...plans.flatMap((plan) => belowLinkFaults(plan)),
    ...laid.flatMap((row) => (row.kind === "carry" ? contentNotes(row, tree) : fetchFaults(row))),
    ...(links.length + laid.length === 0 ? [] : guardFaults(source)),
  ];
}

function linkFaults({ target, span }: LinkRow, tree: SourceTree): Diagnostic[] {
  if (ownFolders.some((own) => isWithin(own, target) || isWithin(target, own)))
    return [say["chezmoi/own-folders"]({ path: target }, span)];
  if (/^\.remanence(?:-|$|\/)/.test(target)) return [say["chezmoi/reserved"]({ path: target }, span)];
  const source = tree.ownAt(target) ?? tree.ownLeafAbove(target);
  return source === undefined ? [] : [say["chezmoi/hand-managed"]({ path: target, source }, span)];
}

function belowLinkFaults(plan: HostPlan): Diagnostic[] {
  const linked = mountedEntries(plan).filter((entry) => entry.how === "symlink" && entry.scope === "home");
  const laid = plan.rules.filter((rule) => rule.disposition === "carry" || rule.disposition === "fetch");
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

function contentNotes({ target, span }: TargetRow<"carry" | "fetch">, tree: SourceTree): Diagnostic[] {
  if (tree.ownAt(target) !== undefined || tree.hasOwnBelow(target)) return [];
  return [say["chezmoi/nothing-carried"]({ path: target }, span)];
}

function fetchFaults({ target, by, span }: TargetRow<"carry" | "fetch">): Diagnostic[] {
  const ways = new Set([...by.values()].map((entry) => JSON.stringify(entry.fetch)));
  return ways.size < 2 ? [] : [say["chezmoi/fetch-differs"]({ path: target }, span)];
}

/** Where the person has both ignore files, one of them must include the guard: we own neither. */
function guardFaults({ ignore, root }: ChezmoiSource): Diagnostic[] {
  if (!ignore.plain || !ignore.template || ignore.includesOurs) return [];
  return [say["chezmoi/guard-not-included"]({ file: inFolder(root, ".chezmoiignore") })];
}
