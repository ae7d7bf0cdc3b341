import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.ts";
import { diagnosticRow, printable } from "../diagnostics/print.ts";
import type { Edit, NewEntry } from "../manifest/edit.ts";
import { unifiedDiff } from "../output/diff.ts";
import { type Resolved, resolve } from "../pipeline.ts";
import { rulesOf } from "../plan/fate.ts";
import { type ListedPath, listedPath, whyUnlisted } from "../plan/listed-path.ts";
import type { PlanEntry } from "../plan/plan.ts";
import { type Class, classDefaults, type Need } from "../plan/vocabulary.ts";
import { knownFacts } from "../profiles/entry-facts.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import type { ProfileEntry } from "../profiles/profile.ts";
import { Knowledge } from "../scan/knowledge.ts";
import type { Suggestion } from "../scan/result.ts";
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
  /** Users that the entries are limited to. */
  readonly user?: readonly string[];
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

/** A path that was asked about, and what the disk and the catalogue know of it. */
interface Looked extends AskedPath {
  readonly listed: ListedPath;
  readonly onDisk: ReturnType<typeof kindOnDisk>;
  readonly isPattern: boolean;
  readonly known: ProfileEntry | undefined;
  readonly suggested: Suggestion | null;
}

/** What to add for a path, or why nothing can be. */
function look(typed: string, question: Question): Adopted | { fault: Diagnostic } {
  const path = lookAt(typed, question);
  const { listed, onDisk, suggested } = path;
  const fault = (why: string): { fault: Diagnostic } => ({ fault: say["adopt/path"]({ path: typed, why }) });
  const unlisted = path.isPattern ? undefined : whyUnlisted(listed);
  if (unlisted !== undefined) return fault(unlisted);
  const entry = entryFor(path, question.options);
  const facts = { listed, class: entry.class ?? null, need: entry.need ?? null, profile: suggested?.profile ?? null };
  const there = alreadySaid(path, entry, question);
  if (there !== undefined) return { ...facts, edit: undefined, why: there };
  const unfit = whyUnfit(onDisk);
  if (unfit !== undefined) return fault(unfit);
  const isSaid = question.options.class !== undefined;
  const why = isSaid ? "as you say" : (suggested?.why ?? "unknown: taken for state");
  return { ...facts, edit: { add: "entry", scope: listed.scope, entry }, why };
}

function lookAt(typed: string, { resolved, knowledge }: Question): Looked {
  const users = resolved.plans.flatMap(({ host }) => host.users);
  const each = [...new Map(users.map((user) => [user.name, user])).values()];
  const asked = askedPath(typed, each);
  const listed = listedPath(asked.live, each);
  const onDisk = kindOnDisk(asked.live);
  return {
    ...asked,
    listed,
    onDisk,
    isPattern: onDisk === undefined && /[*?]/.test(listed.path),
    known: resolved.catalogue.known(listed.scope, listed.path)?.entry,
    suggested: knowledge.suggestion(listed.scope, listed.path),
  };
}

type AdoptedEntry = NewEntry & { readonly class: Class; readonly need: Need };

/** The entry for a path: what is said of it, else what is known; its keys in the order that people write them. */
function entryFor(path: Looked, { class: said, need, carry, note, user, host }: AdoptOptions): AdoptedEntry {
  const { listed, known, suggested } = path;
  const entryClass = said ?? suggested?.class ?? "state";
  const isSuggested = suggested?.class === entryClass;
  return {
    path: `${listed.path}${isFolder(path) ? "/" : ""}`,
    class: entryClass,
    need: need ?? (isSuggested ? suggested.need : classDefaults[entryClass].need),
    ...(carry === undefined ? {} : { carry: carry === "plain" ? true : carry }),
    // What is known of it holds for what it is known to be.
    ...(known === undefined || !isSuggested ? {} : knownFacts(known)),
    ...(user === undefined ? {} : { users: [...user] }),
    ...(host === undefined ? {} : { on: [...host] }),
    ...(note === undefined ? {} : { note }),
  };
}

function whyUnfit(onDisk: Looked["onDisk"]): string | undefined {
  if (onDisk === "symlink") return "it is a link; name what it leads to";
  return onDisk === "other" ? "it is neither a file nor a folder" : undefined;
}

/** As it lies on the disk, else as it was written, else as the catalogue knows it. */
function isFolder({ directory, onDisk, isPattern, known }: Looked): boolean {
  if (isPattern) return false;
  if (onDisk === "directory" || onDisk === "file") return onDisk === "directory";
  return directory || known?.kind === "directory";
}

/** Keys that say which entry it is, and what the rule around a path may say as well. */
const plainKeys = new Set(["path", "class", "need", "carry", "on", "users"]);

/** Where the manifest says all of that already, on every host that is asked about. */
function alreadySaid({ live }: AskedPath, entry: AdoptedEntry, { resolved, options }: Question): string | undefined {
  const plans = resolved.plans.filter(
    ({ host }) => options.host === undefined || options.host.some((name) => name === host.name || name === host.os),
  );
  const rules = plans.map((plan) => rulesOf(plan).deciding(live));
  const isPlain = Object.keys(entry).every((key) => plainKeys.has(key));
  const says = (rule: PlanEntry | undefined): boolean =>
    rule !== undefined &&
    (isPlain || rule.live === live) &&
    rule.class === entry.class &&
    rule.need === entry.need &&
    (rule.carry !== null) === (options.carry !== undefined);
  const [first] = rules;
  if (first === undefined || !rules.every(says)) return undefined;
  const { file, line, profile } = first.origin;
  const slash = first.kind === "directory" ? "/" : "";
  const by = profile === null ? "" : ` (profile ${profile})`;
  return `nothing to add: \`${first.path}${slash}\` says so${by}  ${file}:${line}`;
}

function report(adopted: readonly Adopted[], proposal: Proposal | undefined, options: AdoptOptions): ExitCode {
  const diff = proposal === undefined ? "" : difference(proposal);
  if (options.format === "json") {
    const row = ({ listed, edit, class: c, need, profile, why }: Adopted): object => ({
      ...{ scope: listed.scope, path: edit?.entry.path ?? listed.path, class: c, need, profile, why },
    });
    const [added, unchanged] = [adopted.filter(({ edit }) => edit), adopted.filter(({ edit }) => !edit)];
    const said = proposal?.diagnostics.map((d) => diagnosticRow(d, proposal.sources)) ?? [];
    terminal.json({ version: 1, added: added.map(row), unchanged: unchanged.map(row), diff, diagnostics: said });
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
