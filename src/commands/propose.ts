import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.ts";
import type { Sources } from "../diagnostics/print.ts";
import { type Edit, editManifest } from "../manifest/edit.ts";
import { writeManifest } from "../output/write-manifest.ts";
import { emit, type Resolved, resolve } from "../pipeline.ts";

/** A manifest with entries added, as text: not written yet. */
export interface Proposal {
  /** Of the manifest's own file. */
  readonly name: string;
  readonly folder: string;
  readonly before: string;
  readonly after: string;
  /** What there is to say of the new text and was not of the old one: warnings. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
}

/** Why a manifest cannot be changed so. */
export interface Refused {
  readonly after: undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
}

/**
 * Adds entries to a manifest that is right, and runs all stages on the new text, for every host and target: what is wrong
 * with it, and was not with the old one, is why nothing comes of it.
 */
export async function propose(file: string, resolved: Resolved, edits: readonly Edit[]): Promise<Proposal | Refused> {
  const { loaded, sources } = resolved;
  const name = loaded.manifest.file;
  const source = sources.get(name) ?? { path: name, text: "" };
  const { text, diagnostics } = editManifest(source, edits);
  if (text === undefined) return { after: undefined, diagnostics, sources };
  const proposed = emit(await resolve(file, undefined, text));
  const known = new Set(emit(resolved).diagnostics.map(sayingOf));
  const added = proposed.diagnostics.filter((diagnostic) => !known.has(sayingOf(diagnostic)));
  if (hasErrors(added)) return { after: undefined, diagnostics: added, sources: proposed.sources };
  const { folder } = loaded;
  return { name, folder, before: source.text, after: text, diagnostics: added, sources: proposed.sources };
}

/** What a diagnostic says, wherever its line has gone to. */
function sayingOf({ code, message, help }: Diagnostic): string {
  return JSON.stringify([code, message, help]);
}

/** Writes what was proposed, unless the file was changed since it was read. */
export function writeProposal({ folder, name, before, after }: Proposal): void {
  writeManifest(folder, name, { before, after });
}
