import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/span.ts";
import { parseMode } from "../plan/mode.ts";
import { parseHomePath, parseSystemPath } from "../plan/path.ts";
import { classDefaults, type Kind, needOf } from "../plan/vocabulary.ts";
import { carryOf, referenceFaults } from "./carry.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import type { Faults, ManifestFile } from "./files.ts";
import type { Carry, EntryFacts, EntryPath, Fetch, ManifestEntry } from "./manifest.ts";
import { pathFault } from "./paths.ts";
import type { WrittenEntry } from "./schema.ts";
import { at } from "./shape-words.ts";

/** The entries of one file, a path each. */
export function entriesOf(file: ManifestFile, faults: Faults): ManifestEntry[] {
  return (["system", "home"] as const).flatMap((scope) => {
    checkLeftOut(file, scope, faults);
    return (file.parsed.written[scope] ?? []).flatMap((written, n) => {
      const at = file.parsed.placeOf(scope, n);
      const full = typeof written === "string" ? { path: written } : written;
      const span = (key: string): Span => file.yaml.spanOf([...at, key]);
      const typedMode = full.mode === undefined ? undefined : (file.yaml.typed([...at, "mode"]) ?? String(full.mode));
      const facts = factsOf(full, typedMode, span, faults);
      if (scope === "system" && full.users !== undefined) {
        faults.push(
          say["manifest/no-effect"]({ key: "users", why: "system entries belong to no user" }, span("users")),
        );
      }
      const common = { users: full.users ?? null, on: full.on ?? null };
      const paths = typeof full.path === "string" ? [full.path] : full.path;
      return paths.flatMap((path, i) => {
        const place = typeof written === "string" ? at : [...at, "path", ...(typeof full.path === "string" ? [] : [i])];
        const pathSpan = file.yaml.spanOf(place);
        const read = entryPath(path, scope, pathSpan, faults);
        if (read === undefined || facts === undefined) return [];
        faults.push(...travelFaults(read, facts, pathSpan, span));
        return [{ ...read, ...facts, ...common, span: pathSpan }];
      });
    });
  });
}

/** Entries of a wrong shape are no entries, but their paths can be looked at in the same run. */
function checkLeftOut(file: ManifestFile, scope: "home" | "system", faults: Faults): void {
  const written = at(file.yaml.value, [scope]);
  const count = file.parsed.written[scope]?.length ?? 0;
  if (!Array.isArray(written) || written.length === count) return;
  const used = new Set(Array.from({ length: count }, (_, n) => file.parsed.placeOf(scope, n)[1]));
  for (const n of written.keys()) {
    const path = used.has(n) ? undefined : at(written, [n, "path"]);
    const texts = Array.isArray(path) ? path : [path];
    for (const [i, text] of texts.entries()) {
      const place = [scope, n, "path", ...(Array.isArray(path) ? [i] : [])];
      if (typeof text === "string") entryPath(text, scope, file.yaml.spanOf(place), faults);
    }
  }
}

const fetched = { git: "a git repository", archive: "an archive", file: "a single file" } as const;

/** What comes from elsewhere is laid by chezmoi: in homes only, and as what it is. */
function travelFaults(
  { scope, path, kind }: EntryPath,
  { need, carry, fetch }: EntryFacts,
  pathSpan: Span,
  span: (key: string) => Span,
): Diagnostic[] {
  const key = carry !== null ? "carry" : "fetch";
  if (need === "none" || (carry === null && fetch === null)) return [];
  if (carry?.from && kind !== "file") return [say["manifest/reference"]({ fault: "directory", path }, pathSpan)];
  if (scope === "system") return [say["manifest/home-only"]({ key, path }, span(key))];
  const is = fetch?.type === "file" ? "file" : "directory";
  if (fetch === null || kind === is || kind === "pattern") return [];
  return [say["manifest/fetch-kind"]({ path, what: fetched[fetch.type], is }, pathSpan)];
}

/** Reads an entry's path; reports why it cannot be one. */
export function entryPath(
  text: string,
  scope: "home" | "system",
  span: Span,
  faults: Diagnostic[],
): EntryPath | undefined {
  const parsed = scope === "home" ? parseHomePath(text) : parseSystemPath(text);
  if ("problem" in parsed) {
    faults.push(pathFault(text, parsed.problem, span));
    return undefined;
  }
  const { path, directory, pattern } = parsed.ok;
  if (path !== "/") return { scope, path, kind: kindOf(directory, pattern) };
  faults.push(pathFault(text, "empty", span));
  return undefined;
}

function kindOf(directory: boolean, pattern: boolean): Kind {
  if (pattern) return "pattern";
  return directory ? "directory" : "file";
}

/**
 * What a written entry says of its paths, class defaults filled in. Undefined, and reported, where its keys
 * contradict each other.
 */
export function factsOf(
  written: Omit<WrittenEntry, "path">,
  typedMode: string | undefined,
  span: (key: string) => Span,
  faults: Diagnostic[],
): EntryFacts | undefined {
  const before = faults.length;
  const carry = carryOf(written.carry);
  const entryClass = written.class ?? (carry?.from ? "secret" : "state");
  const mode = modeOf(typedMode, span, faults);
  faults.push(...referenceFaults(written.carry, span("carry")));
  const need = written.need === undefined ? classDefaults[entryClass].need : needOf(written.need);
  faults.push(...contradictions(written, carry, span));
  if (need === "none" && (carry !== null || written.fetch !== undefined)) {
    const key = carry !== null ? "carry" : "fetch";
    faults.push(say["manifest/no-effect"]({ key, why: "its need is `none`, so it is discarded" }, span(key)));
  }
  if (faults.slice(before).some((f) => f.severity === "error")) return undefined;
  return {
    class: entryClass,
    need,
    carry,
    fetch: fetchOf(written.fetch),
    store: written.store ?? null,
    mode,
    owner: written.owner ?? null,
    group: written.group ?? null,
    how: written.how ?? null,
    writes: written.writes ?? null,
    database: written.database ?? false,
    backup: written.backup ?? null,
    expire: written.expire ?? null,
    note: written.note ?? null,
  };
}

function modeOf(typed: string | undefined, span: (key: string) => Span, faults: Diagnostic[]): string | null {
  if (typed === undefined) return null;
  const mode = parseMode(typed);
  if (mode === undefined) faults.push(say["manifest/mode"]({ mode: typed }, span("mode")));
  return mode ?? null;
}

function fetchOf(written: WrittenEntry["fetch"]): Fetch | null {
  if (written === undefined) return null;
  const refresh = written.refresh ?? null;
  if ("git" in written) return { type: "git", url: written.git, sha256: null, refresh };
  if ("archive" in written) return { type: "archive", url: written.archive, sha256: written.sha256 ?? null, refresh };
  return { type: "file", url: written.file, sha256: written.sha256 ?? null, refresh };
}

/** Keys that only a persisted entry has, beside keys that say it comes from elsewhere. */
function contradictions(
  written: Omit<WrittenEntry, "path">,
  carry: Carry | null,
  span: (key: string) => Span,
): Diagnostic[] {
  const faults: Diagnostic[] = [];
  const from = carry !== null ? "carry" : written.fetch !== undefined ? "fetch" : undefined;
  if (carry !== null && written.fetch !== undefined) {
    const why = "content comes from the dotfiles repo or from elsewhere, not both";
    faults.push(say["manifest/conflicting-keys"]({ one: "carry", other: "fetch", why }, span("fetch")));
  }
  for (const key of ["store", "how"] as const) {
    if (from === undefined || written[key] === undefined) continue;
    const why = `\`${key}\` is for what is persisted, and this comes back by \`${from}\``;
    faults.push(say["manifest/conflicting-keys"]({ one: from, other: key, why }, span(key)));
  }
  return faults;
}
