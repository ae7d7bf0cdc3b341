import { type ListedPath, listedPath, whyUnlisted } from "../plan/listed-path.ts";
import type { AbsolutePath } from "../plan/path.ts";
import type { PlanUser } from "../plan/plan.ts";
import { pathShownAs, shownPath } from "../scan/names.ts";
import type { ScannedRow, Suggestion } from "../scan/result.ts";
import type { NamedProfile, TriageRow } from "./row.ts";

/** What rows are read with. */
export interface Known {
  readonly users: readonly PlanUser[];
  profileOf(listed: ListedPath): NamedProfile | null;
  suggestionFor(listed: ListedPath): Suggestion | null;
}

/** What a scan found, as rows of the list. */
export function rowOf(scanned: ScannedRow, { users, profileOf }: Known): TriageRow {
  const live = pathShownAs(scanned.path);
  const { kind, bytes, files, newest, suggestion } = scanned;
  const listed = listedPath(live as AbsolutePath, users);
  // Of several homes each is named.
  const short = listed.scope === "home" && users.length === 1 ? `~/${listed.path}` : live;
  const shown = `${shownPath(short)}${kind === "directory" ? "/" : ""}`;
  const { cache, secrets = [] } = scanned;
  const seen = { kind, bytes, files, newest, suggestion, cache: cache?.bytes ?? 0, secrets };
  return { live, shown, ...seen, listed, profile: profileOf(listed), unfit: whyUnlisted(listed) };
}

/** What lies in a folder of the list, as rows. */
export function rowsInside(
  { live }: TriageRow,
  found: readonly (Omit<ScannedRow, "path" | "suggestion"> & { readonly name: string })[],
  known: Known,
): TriageRow[] {
  return found.map(({ name, ...rest }) => {
    const path = `${live}/${name}` as AbsolutePath;
    const suggestion = known.suggestionFor(listedPath(path, known.users));
    return rowOf({ ...rest, path: shownPath(path), suggestion }, known);
  });
}
