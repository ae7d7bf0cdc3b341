import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { hasErrors, sortDiagnostics } from "./diagnostics/diagnostic.ts";
import type { Sources } from "./diagnostics/print.ts";
import { positionAt, type SourceFile } from "./diagnostics/span.ts";
import { type EmitInput, inFolder, type OutputFile } from "./emitters/emitter.ts";
import { emitters } from "./emitters/registry.ts";
import { type LoadedManifest, loadManifest } from "./manifest/load.ts";
import { checkManifest } from "./manifest/rules.ts";
import { type LedgerRow, readLedger } from "./output/ledger.ts";
import { assembleTree } from "./output/tree.ts";
import { checkPlan } from "./plan/checks.ts";
import type { HostPlan } from "./plan/plan.ts";
import { resolveHost } from "./plan/resolve.ts";
import { type Catalogue, loadCatalogue } from "./profiles/catalogue.ts";
import { type ChezmoiSource, surveyChezmoi } from "./survey/chezmoi-source.ts";

/** A manifest resolved for all its hosts. `plans` is empty where the manifest itself is at fault. */
export interface Resolved {
  readonly loaded: LoadedManifest;
  readonly catalogue: Catalogue;
  readonly plans: readonly HostPlan[];
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
}

/** Resolved plans and the files that follow from them; no files where anything is at fault. */
export interface Compiled extends Resolved {
  readonly input: EmitInput;
  readonly tree: readonly OutputFile[];
  /** What was generated before. Files that were renamed since, and are not generated any more, are in it by their new names. */
  readonly ledger: ReadonlyMap<string, LedgerRow>;
}

/**
 * load -> check -> resolve: what every command that asks about a manifest needs; for all its hosts, or for one. `proposed` is a
 * text of the manifest's own file that is not written yet.
 */
export async function resolve(manifestFile: string, only?: string, proposed?: string): Promise<Resolved> {
  const loaded = loadManifest(manifestFile, proposed);
  const named = new Set(loaded.manifest.profiles.map((reference) => reference.name));
  const { catalogue, diagnostics: profileFaults, sources: profileSources } = await loadCatalogue(loaded.folder, named);
  const sources: Sources = new Map([
    ...loaded.sources,
    ...profileSources.map((s): [string, SourceFile] => [s.path, s]),
  ]);
  const diagnostics = [...loaded.diagnostics, ...profileFaults, ...checkManifest({ ...loaded, catalogue })];
  const position = (span: { file: string; start: number }) =>
    positionAt(sources.get(span.file) ?? { path: span.file, text: "" }, span.start);
  const hosts = loaded.manifest.hosts.filter((host) => only === undefined || host.name === only);
  const results = hosts.map((host) => resolveHost(loaded.manifest, host, { catalogue, position }));
  for (const { plan, diagnostics: faults } of results) diagnostics.push(...faults, ...checkPlan(plan, catalogue));
  return { loaded, catalogue, sources, plans: results.map((r) => r.plan), diagnostics: sortDiagnostics(diagnostics) };
}

/** emit -> assemble: everything but writing; no files where anything is at fault. */
export function emit(resolved: Resolved): Compiled {
  const { manifest, folder } = resolved.loaded;
  const recorded = readLedger(folder);
  const chezmoi = surveyChezmoi(folder, manifest.outputs.chezmoi, new Set(recorded.keys()));
  const input: EmitInput = { plans: resolved.plans, folders: manifest.outputs, chezmoi };
  if (hasErrors(resolved.diagnostics)) return { ...resolved, input, tree: [], ledger: recorded };
  const results = Object.values(emitters).map((emitter) => emitter.emit(input));
  const { tree, diagnostics: collisions } = assembleTree(results.flatMap((result) => result.files));
  const diagnostics = sortDiagnostics([
    ...resolved.diagnostics,
    ...results.flatMap((result) => result.diagnostics),
    ...collisions,
  ]);
  const ledger = new Map([...strayRows(chezmoi, tree), ...recorded]);
  return { ...resolved, input, diagnostics, tree: hasErrors(diagnostics) ? [] : tree, ledger };
}

/** Files of ours that `chezmoi chattr` has given another name: left there, chezmoi would find two of one kind and stop. */
function strayRows({ root, found }: ChezmoiSource, tree: readonly OutputFile[]): [string, LedgerRow][] {
  const wanted = new Set(tree.map((file) => file.path));
  return found.flatMap(({ path: below, sha256 }) => {
    const path = inFolder(root, below);
    return wanted.has(path) ? [] : [[path, { path, sha256, target: "chezmoi", host: null }]];
  });
}

/** resolve -> emit: a manifest as far as it goes without writing. */
export async function compile(manifestFile: string): Promise<Compiled> {
  return emit(await resolve(manifestFile));
}
