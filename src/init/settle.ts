import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { parseYaml } from "../manifest/yaml-source.ts";
import { type Draft, type DraftItem, type DraftList, draftLists } from "./draft.ts";
import { draftText } from "./draft-text.ts";

/** What a whole run over a manifest's text finds; `file` is the name that its places have. */
export interface Verdict {
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** A draft that is settled: its text, and what could not be helped. */
export interface Settled {
  readonly draft: Draft;
  readonly text: string;
  readonly remaining: readonly Diagnostic[];
}

/** Rounds until nothing is found any more; each sets aside all that it finds, and what stands in its place may be found again. */
const rounds = 8;

/**
 * Sets aside what `check` would complain about, line by line, with the reason, until it has nothing more to say. Notes
 * are no complaint.
 */
export async function settle(draft: Draft, check: (text: string) => Promise<Verdict>): Promise<Settled> {
  let now = draft;
  for (let round = 0; ; round++) {
    const text = draftText(now);
    const { file, diagnostics } = await check(text);
    const faults = diagnostics.filter(({ severity }) => severity !== "note");
    const next = faults.length === 0 ? undefined : withoutFaults(now, text, file, faults);
    if (next === undefined || round === rounds) return { draft: now, text, remaining: faults };
    now = next;
  }
}

/** The draft without what is at fault; undefined where none of it is a line that could be set aside. */
function withoutFaults(draft: Draft, text: string, file: string, faults: readonly Diagnostic[]): Draft | undefined {
  // Whether the dotfiles agree is the person's to settle, not a reason to keep less.
  const ofChezmoi = faults.find(({ code }) => code.startsWith("chezmoi/"));
  if (ofChezmoi !== undefined && draft.outputs.some(({ aside }) => aside !== true)) {
    const outputs = draft.outputs.map((output) => ({
      ...output,
      reason: `set aside: ${plain(ofChezmoi)}`,
      aside: true as const,
    }));
    return { ...draft, outputs };
  }
  const reasons = new Map<DraftItem, Diagnostic>();
  const users = new Map<string, Diagnostic>();
  const locate = locator(draft, text, file);
  for (const fault of faults) {
    const at = locate(fault);
    if (at === undefined) continue;
    if (typeof at === "string") users.set(at, fault);
    else if (!reasons.has(at)) reasons.set(at, fault);
  }
  if (reasons.size === 0 && users.size === 0) return undefined;
  return withParts(
    {
      ...draft,
      about: [
        ...draft.about,
        ...[...users].map(([name, fault]) => `The account ${name} is left out: ${plain(fault)}.`),
      ],
      users: draft.users.filter(({ name }) => !users.has(name)),
      lists: mapLists(draft, (item) => (reasons.has(item) ? { ...item, aside: plain(reasons.get(item)) } : item)),
    },
    reasons,
  );
}

/** What a fault says, as one sentence of a comment. */
function plain(fault: Diagnostic | undefined): string {
  if (fault === undefined) return "";
  return fault.help === undefined ? fault.message : `${fault.message}; ${fault.help}`;
}

function mapLists(draft: Draft, change: (item: DraftItem) => DraftItem): Draft["lists"] {
  const { profiles, system, home } = draft.lists;
  return { profiles: profiles.map(change), system: system.map(change), home: home.map(change) };
}

/** Which line of the draft a diagnostic is about: an item, or a user by name. */
function locator(draft: Draft, text: string, file: string): (fault: Diagnostic) => DraftItem | string | undefined {
  const yaml = parseYaml({ path: file, text });
  const spots: { start: number; end: number; at: DraftItem | string }[] = draft.users.flatMap(({ name }) =>
    (["key", "value"] as const).map((part) => ({ ...yaml.spanOf(["users", name], part), at: name })),
  );
  for (const list of draftLists) {
    const standing = draft.lists[list].filter(({ aside }) => aside === undefined);
    for (const [i, item] of standing.entries()) spots.push({ ...yaml.spanOf([list, i]), at: item });
  }
  return ({ span }) => {
    if (span === undefined || span.file !== file) return undefined;
    return spots.find(({ start, end }) => start <= span.start && span.start < Math.max(end, start + 1))?.at;
  };
}

/** The directories of profiles that cannot stand themselves, as entries of their own: single files are what most of them are about. */
function withParts(draft: Draft, reasons: ReadonlyMap<DraftItem, Diagnostic>): Draft {
  const added: Record<DraftList, DraftItem[]> = { profiles: [], system: [], home: [] };
  for (const [item, { code }] of reasons) {
    if (!/^(?:files|nixos)\//.test(code)) continue;
    for (const { list, path, data, reason } of item.parts ?? []) {
      if (!isDirectoryEntry(data)) continue;
      const known = [...draft.lists[list], ...added[list]].some((other) => pathOf(other.data) === `${path}/`);
      if (!known) added[list].push({ data, reason, group: "of profiles above that cannot stand as a whole" });
    }
  }
  const { profiles, system, home } = draft.lists;
  return { ...draft, lists: { profiles, system: [...system, ...added.system], home: [...home, ...added.home] } };
}

function isDirectoryEntry(data: unknown): boolean {
  return pathOf(data)?.endsWith("/") === true;
}

function pathOf(data: unknown): string | undefined {
  if (typeof data === "string") return data;
  const path = (data as { readonly path?: unknown } | null)?.path;
  return typeof path === "string" ? path : undefined;
}
