import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { PlanEntry } from "../../plan/plan.ts";
import type { ChezmoiSource } from "../../survey/chezmoi-source.ts";
import { type CarriedFile, carriedFiles } from "../carried-content.ts";
import { chezmoiDiagnostics as say } from "./diagnostics.ts";
import type { TargetRow } from "./rows.ts";

/** Where the source has content in another form than the manifest says, and what chezmoi has no form for. */
export function formFaults(rows: readonly TargetRow<"carry" | "secret">[], source: ChezmoiSource): Diagnostic[] {
  return rows.flatMap(({ target, kind, by }) => {
    const entry = [...by.values()][0];
    if (entry === undefined) return [];
    const inner = rows.filter((row) => row.target.startsWith(`${target}/`)).map((row) => row.target);
    const isInner = (file: CarriedFile): boolean =>
      inner.some((path) => file.target === path || file.target.startsWith(`${path}/`));
    const files = kind === "carry" ? carriedFiles(source, target).filter((file) => !isInner(file)) : [];
    return [...modeFaults(entry), ...files.flatMap((file) => fileFaults(entry, file))];
  });
}

/** What `private_`, `readonly_` and `executable_` make of 0666 and 0777 with the umask 022. */
const fileModes = new Set(["0644", "0600", "0755", "0700", "0444", "0400", "0555", "0500"]);
const directoryModes = new Set(["0755", "0700", "0555", "0500"]);

function modeFaults({ path, kind, mode, span }: PlanEntry): Diagnostic[] {
  const known = kind === "directory" ? directoryModes : fileModes;
  if (mode === null || known.has(mode)) return [];
  return [say["chezmoi/mode"]({ path, mode, known: [...known].join(", ") }, span)];
}

function fileFaults(entry: PlanEntry, { source, attributes }: CarriedFile): Diagnostic[] {
  const { path, carry, mode, span } = entry;
  // A link holds no content of its own; what a script changes or a template asks for is not in the source.
  if (attributes.has("symlink_")) return [];
  const isSecret = entry.class === "secret" && !attributes.has(".tmpl") && !attributes.has("modify_");
  if ((carry?.encrypted === true || isSecret) && !attributes.has("encrypted_"))
    return [say["chezmoi/in-clear"]({ path, source }, span)];
  const forms = [
    [carry?.template, ".tmpl", "template"],
    [carry?.seed, "create_", "create"],
    [mode !== null && (Number.parseInt(mode, 8) & 0o077) === 0, "private_", "private"],
  ] as const;
  return forms.flatMap(([wanted, attribute, word]) =>
    wanted === true && !attributes.has(attribute) ? [say["chezmoi/other-form"]({ path, source, word }, span)] : [],
  );
}
