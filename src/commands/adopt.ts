import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.ts";
import { printable } from "../diagnostics/print.ts";
import type { Edit, NewEntry } from "../manifest/edit.ts";
import { unifiedDiff } from "../output/diff.ts";
import { type Resolved, resolve } from "../pipeline.ts";
import { rulesOf } from "../plan/fate.ts";
import { type ListedPath, listedPath, whyUnlisted } from "../plan/listed-path.ts";
import type { PlanEntry } from "../plan/plan.ts";
import { type Class, classDefaults, type Need } from "../plan/vocabulary.ts";
import { knownFacts } from "../profiles/entry-facts.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import { Knowledge } from "../scan/knowledge.ts";
import { adoptDiagnostics as say } from "./adopt-diagnostics.ts";
import { type AskedPath, askedPath, kindOnDisk } from "./asked-path.ts";
import { shownDiff } from "./diff-text.ts";
import {
  type CommonOptions,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { type Proposal, propose, writeProposal } from "./propose.ts";
import { columns, terminal } from "./terminal.ts";

export interface AdoptOptions extends Omit<CommonOptions, "host"> {
  readonly class?: Class;
  readonly need?: Need;
  readonly note?: string;
  readonly carry?: "plain" | "template" | "encrypted" | "seed";
  /** Hosts or operating systems that the entries are limited to. */
  readonly host?: readonly string[];
  readonly dryRun?: boolean;
}

/** What becomes of one of the paths asked for. */
interface Adopted {
  readonly listed: ListedPath;
  readonly edit: (Edit & { readonly add: "entry" }) | undefined;
  readonly class: Class | null;
  readonly need: Need | null;
  readonly profile: string | null;
  /** Where class and need are from, or why there is nothing to add. */
  readonly why: string;
}

/** `remanence adopt PATH…`: adds entries to the manifest, what the catalogue knows of them filled in; all of them or none. */
export async function adopt(paths: readonly string[], options: AdoptOptions): Promise<ExitCode> {
  const file = findManifest(options.manifest);
  const resolved = await resolve(file);
  for (const host of options.host ?? []) if (host !== "nixos" && host !== "fedora") knowHost(resolved, host);
  if (hasErrors(resolved.diagnostics)) return refuse(resolved, options, " Nothing was added: settle that first.");
  const knowledge = new Knowledge(await loadPathIndexes(resolved.loaded.folder));
  const found = paths.map((typed) => look(typed, { resolved, knowledge, options }));
  const faults = found.flatMap((one) => ("fault" in one ? [one.fault] : []));
  if (faults.length > 0)
    return refuse({ diagnostics: faults, sources: resolved.sources }, options, " Nothing was added.");
  const adopted = found.flatMap((one) => ("fault" in one ? [] : [one]));
  const edits = adopted.flatMap(({ edit }) => edit ?? []);
  if (edits.length === 0) return report(adopted, undefined, options);
  const proposal = await propose(file, resolved, edits);
  if (proposal.after === undefined) return refuse(proposal, options, " Nothing was added.");
  if (options.dryRun !== true) writeProposal(proposal);
  return report(adopted, proposal, options);
}

function refuse(
  { diagnostics, sources }: Pick<Resolved, "diagnostics" | "sources">,
  options: AdoptOptions,
  ending: string,
): ExitCode {
  if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
  else showDiagnostics(diagnostics, sources, ending);
  return 1;
}

interface Question {
  readonly resolved: Resolved;
  readonly knowledge: Knowledge;
  readonly options: AdoptOptions;
}

/** What to add for a path, or why nothing can be. */
function look(typed: string, { resolved, knowledge, options }: Question): Adopted | { fault: Diagnostic } {
  const users = [
    ...new Map(resolved.plans.flatMap(({ host }) => host.users).map((user) => [user.name, user])).values(),
  ];
  const asked = askedPath(typed, users);
  const listed = listedPath(asked.live, users);
  const onDisk = kindOnDisk(asked.live);
  const isPattern = onDisk === undefined && /[*?]/.test(listed.path);
  const why = isPattern ? undefined : (whyUnlisted(listed) ?? unfit(onDisk));
  if (why !== undefined) return { fault: say["adopt/path"]({ path: typed, why }) };
  const known = resolved.catalogue.known(listed.scope, listed.path)?.entry;
  const suggested = knowledge.suggestion(listed.scope, listed.path);
  const entryClass = options.class ?? suggested?.class ?? "state";
  const isSuggested = suggested?.class === entryClass;
  const need = options.need ?? (isSuggested ? suggested.need : classDefaults[entryClass].need);
  const isDirectory = isPattern ? false : isFolder(asked, onDisk, known?.kind);
  const entry: NewEntry = {
    ...(known === undefined || !isSuggested ? {} : knownFacts(known)),
    path: `${listed.path}${isDirectory ? "/" : ""}`,
    class: entryClass,
    need,
    ...(options.carry === undefined ? {} : { carry: options.carry === "plain" ? true : options.carry }),
    ...(options.note === undefined ? {} : { note: options.note }),
    ...(options.host === undefined ? {} : { on: [...options.host] }),
  };
  const facts = { listed, class: entryClass, need, profile: suggested?.profile ?? null };
  const there = alreadySaid(asked, entry, { resolved, knowledge, options });
  if (there !== undefined) return { ...facts, edit: undefined, why: there };
  const reason = options.class !== undefined ? "as you say" : (suggested?.why ?? "unknown: taken for state");
  return { ...facts, edit: { add: "entry", scope: listed.scope, entry: ordered(entry) }, why: reason };
}

function unfit(onDisk: ReturnType<typeof kindOnDisk>): string | undefined {
  if (onDisk === "symlink") return "it is a link; name what it leads to";
  return onDisk === "other" ? "it is neither a file nor a folder" : undefined;
}

/** As it lies on the disk, else as it was written, else as the catalogue knows it. */
function isFolder({ directory }: AskedPath, onDisk: string | undefined, known: string | undefined): boolean {
  if (onDisk !== undefined) return onDisk === "directory";
  return directory || known === "directory";
}

/** The keys in the order that people write them. */
function ordered({ path, class: c, need, carry, note, on, ...rest }: NewEntry): NewEntry {
  const optional = { carry, ...rest, on, note };
  const written = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { path, class: c, need, ...written };
}

/** Where the manifest says all of that already, on every host that is asked about. */
function alreadySaid({ live }: AskedPath, entry: NewEntry, { resolved, options }: Question): string | undefined {
  const plans = resolved.plans.filter(
    ({ host }) => options.host === undefined || options.host.some((name) => name === host.name || name === host.os),
  );
  const rules = plans.map((plan) => rulesOf(plan).deciding(live));
  const says = (rule: PlanEntry | undefined): boolean =>
    rule !== undefined &&
    rule.class === entry.class &&
    rule.need === entry.need &&
    (rule.carry !== null) === (options.carry !== undefined);
  const [first] = rules;
  if (first === undefined || !rules.every(says)) return undefined;
  const { file, line, profile } = first.origin;
  const slash = first.kind === "directory" ? "/" : "";
  return `nothing to add: \`${first.path}${slash}\` says so${profile === null ? "" : ` (profile ${profile})`}  ${file}:${line}`;
}

function report(adopted: readonly Adopted[], proposal: Proposal | undefined, options: AdoptOptions): ExitCode {
  const diff = proposal === undefined ? "" : difference(proposal);
  if (options.format === "json") {
    const row = ({ listed, edit, class: c, need, profile, why }: Adopted): object => ({
      ...{ scope: listed.scope, path: edit?.entry.path ?? listed.path, class: c, need, profile, why },
    });
    const [added, unchanged] = [adopted.filter(({ edit }) => edit), adopted.filter(({ edit }) => !edit)];
    terminal.json({ version: 1, added: added.map(row), unchanged: unchanged.map(row), diff });
    return 0;
  }
  const rows = adopted.map(({ listed, edit, class: c, need, why }) => {
    const path = `${listed.scope === "home" ? "~/" : ""}${edit?.entry.path ?? listed.path}`;
    return [printable(path), ...(edit === undefined ? ["", ""] : [c ?? "", need ?? ""]), printable(why)];
  });
  terminal.answer(columns(rows));
  if (proposal === undefined) return 0;
  showDiagnostics(proposal.diagnostics, proposal.sources);
  if (options.dryRun === true) terminal.answer(`\n${shownDiff(diff)}`);
  const names = [...new Set(adopted.flatMap(({ edit, profile }) => (edit === undefined ? [] : (profile ?? []))))];
  if (names.length > 0)
    terminal.answer(`\nA profile keeps all that is known of its program: remanence profiles show ${names[0]}`);
  const name = printable(proposal.name);
  terminal.answer(options.dryRun === true ? "Nothing was written." : `\nAdded to ${name}. Next: remanence diff`);
  return 0;
}

function difference({ name, before, after }: Proposal): string {
  return unifiedDiff({ path: name, before, after, executable: false, wasExecutable: false });
}
