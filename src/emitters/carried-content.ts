import { rememberFor } from "../plan/memo.ts";
import { isWithin } from "../plan/path.ts";
import type { HostPlan, PlanEntry } from "../plan/plan.ts";
import type { ChezmoiSource } from "../survey/chezmoi-source.ts";
import { readSourcePath } from "../survey/source-path.ts";

/** A file of the person's chezmoi source, and where it goes in a home. */
export interface CarriedFile {
  readonly target: string;
  /** Below the root of the source. */
  readonly source: string;
  /** As in its name: `executable_`, `.tmpl`, …; also `private_` for one in a private directory of what is carried. */
  readonly attributes: ReadonlySet<string>;
}

/** True where home-manager lays what is carried on a host, out of the Nix store; chezmoi does everywhere else. */
export function isCarriedByHomeManager({ host }: HostPlan): boolean {
  return host.os === "nixos" && host.nixos.carry === "home-manager";
}

/** What the plan says is carried into homes. */
export function carriedEntries(plan: HostPlan): readonly PlanEntry[] {
  return plan.rules.filter(({ disposition, scope }) => disposition === "carry" && scope === "home");
}

/** The files that the source has for what is carried at `target`, a directory or a file; in the order of their paths. */
export function carriedFiles(source: ChezmoiSource, target: string): readonly CarriedFile[] {
  return allFiles(source)
    .filter((file) => isWithin(file.target, target))
    .map(({ privateFrom, ...file }) => {
      const isPrivate = privateFrom !== undefined && isWithin(privateFrom, target);
      return isPrivate ? { ...file, attributes: new Set([...file.attributes, "private_"]) } : file;
    });
}

/** `privateFrom`: the innermost private directory around it. */
const allFiles = rememberFor((source: ChezmoiSource): (CarriedFile & { privateFrom: string | undefined })[] =>
  source.own.flatMap((path) => {
    const read = readSourcePath(path);
    if (read?.file === undefined || read.file.type === "removed") return [];
    const last = read.above.findLastIndex((directory) => directory.private);
    const names = read.above.slice(0, last + 1).map(({ name }) => name);
    const privateFrom = last === -1 ? undefined : names.join("/");
    return [{ target: read.target, source: read.path, attributes: read.file.attributes, privateFrom }];
  }),
);
