import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { patternOf } from "../../languages/chezmoi-names.ts";
import type { HostPlan } from "../../plan/plan.ts";
import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import { inFolder } from "../emitter.ts";
import { chezmoiDiagnostics as say } from "./diagnostics.ts";
import { parentsOf } from "./source-tree.ts";

/**
 * What the manifest keeps and the person's `.chezmoiremove` names, or something around it: chezmoi deletes that with all
 * below it, also where it is mounted, or stops for ever once we lay something there. What it names inside of what is kept
 * is the person's business.
 */
export function removedFaults(plans: readonly HostPlan[], { removed, root }: ChezmoiSource): Diagnostic[] {
  const matchers = removed.map(({ file, pattern, except }) => {
    const [matches, ...others] = [pattern, ...except].map(patternOf);
    const removes = (path: string): boolean =>
      matches?.test(path) === true && !others.some((other) => other?.test(path) === true);
    return { file, pattern, removes };
  });
  const rules = plans
    .flatMap((plan) => plan.rules)
    .filter((rule) => rule.scope === "home" && rule.kind !== "pattern" && rule.disposition !== "discard");
  return [...new Map(rules.map((rule) => [rule.path as string, rule])).values()].flatMap(({ path, span }) => {
    const paths = [path, ...parentsOf(path)];
    const found = matchers.find(({ removes }) => paths.some(removes));
    if (found === undefined) return [];
    const { file, pattern } = found;
    return [say["chezmoi/removed"]({ path, pattern, file: inFolder(root, file) }, span)];
  });
}
