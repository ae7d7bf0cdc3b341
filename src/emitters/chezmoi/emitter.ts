import { hash } from "node:crypto";
import { posix } from "node:path";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { decodeDirectory } from "../../languages/chezmoi-names.ts";
import { goTemplate } from "../../languages/go-template.ts";
import { printJson, printJsonLines } from "../../languages/json.ts";
import { renderTemplate } from "../../languages/template.ts";
import { packageText } from "../../package-files.ts";
import type { Fate } from "../../plan/fate.ts";
import { comparePaths, parentOf, relativeTo } from "../../plan/path.ts";
import { relocatedAround } from "../../plan/physical.ts";
import type { HostPlan, PlanUser } from "../../plan/plan.ts";
import { rootLink, storeFolder } from "../../plan/stores.ts";
import { sourceLedger } from "../../survey/chezmoi-source.ts";
import { isCarriedByHomeManager } from "../carried-content.ts";
import {
  type EmitInput,
  type EmitResult,
  type Emitter,
  folderOf,
  inFolder,
  type OutputFile,
  type Saying,
} from "../emitter.ts";
import { formFaults } from "./carried-form.ts";
import { checkChezmoi, formerNotes, guardFaults, withoutClashes } from "./checks.ts";
import {
  carryFile,
  fetchFiles,
  holdableLinks,
  linkFile,
  privateParents,
  rootFiles,
  type SourceFile,
  secretFile,
} from "./content.ts";
import { type FormerLink, formerFiles, formerLinks } from "./former.ts";
import { formerInExact, type GuardRow, guardedLinks, guardRows, keptInExact } from "./guard.ts";
import { removedFaults } from "./removed.ts";
import { carryRows, fetchRows, hereOf, type LinkRow, linkRows, secretRows } from "./rows.ts";
import { sourceTree } from "./source-tree.ts";

/** chezmoi: links to state, the guard that holds them back, carried directories, externals; inside the person's own tree. */
export const chezmoiEmitter: Emitter = {
  name: "chezmoi",
  summary: "chezmoi source state: guarded links to the store on Fedora, carried configuration on both systems",
  emit,
  explain,
};

/** All that is wanted of chezmoi, against what the person has there already. */
function survey({ plans, chezmoi }: EmitInput) {
  const wanted = linkRows(plans);
  const carries = carryRows(plans);
  const fetches = fetchRows(plans);
  const secrets = secretRows(plans);
  const laid = [...carries, ...secrets, ...fetches];
  const tree = sourceTree(chezmoi, privateParents(plans, [...wanted, ...laid]));
  const diagnostics: Diagnostic[] = [
    ...checkChezmoi(plans, wanted, laid, tree),
    ...formFaults([...carries, ...secrets], chezmoi),
    ...removedFaults(plans, chezmoi),
  ];
  const links = holdableLinks(withoutClashes(wanted, laid, tree, diagnostics), diagnostics);
  return { links, carries, secrets, fetches, laid, tree, diagnostics };
}

function emit(input: EmitInput): EmitResult {
  const { plans, chezmoi } = input;
  const { links, carries, secrets, fetches, laid, tree, diagnostics } = survey(input);
  const content = [
    ...rootFiles(links),
    ...links.map((row) => linkFile(row, tree)),
    ...carries.flatMap((row) => carryFile(row, tree, plans)),
    ...secrets.flatMap((row) => secretFile(row, tree)),
    ...fetchFiles(fetches, plans),
  ];
  const kept = keptInExact(plans, links, tree);
  const former = formerLinks(plans, links, laid, chezmoi, tree);
  if (content.length + carries.length + kept.length + former.length + scriptsRun(input).length === 0)
    return { files: [], diagnostics };
  const held = { spared: [...kept, ...otherOutputs(input)], former: formerInExact(former, tree) };
  const rows = guardRows(links, laid, held, tree);
  diagnostics.push(...guardFaults(chezmoi, [...rows, ...links]), ...formerNotes(former, chezmoi));
  const files = [...content, ...supportFiles(rows, links, input), ...formerFiles(former, chezmoi)];
  return { files: [...files, ledger(files, former)].map((file) => outputFile(file, input)), diagnostics };
}

function outputFile({ path, content }: SourceFile, input: EmitInput): OutputFile {
  return {
    path: inFolder(input.chezmoi.root, path),
    content,
    executable: path.endsWith("/look.sh"),
    target: "chezmoi",
    host: null,
  };
}

/**
 * What of ours lies in the chezmoi source and is no target: the other outputs, the manifest, its profiles and schema. A folder
 * that is spelled as a source name (`dot_config/nixos`) is meant to be one.
 */
function otherOutputs(input: EmitInput): string[] {
  const { chezmoi, plans } = input;
  const prefix = chezmoi.root === "." ? "" : `${chezmoi.root}/`;
  const others = (["nixos", "home-manager", "fedora"] as const).flatMap((target) =>
    plans.map((plan) => folderOf(input, target, plan.host.name)),
  );
  const files = plans.flatMap((plan) => [plan.manifest, plan.host.span.file, ...plan.rules.map((r) => r.span.file)]);
  const paths = [...others, ...files, "profiles", "persistence.schema.json"].flatMap((path) =>
    path.startsWith(prefix) && path !== "." ? [path.slice(prefix.length)] : [],
  );
  return [...new Set(paths.flatMap((path) => withoutOwn(path, chezmoi.own)))];
}

/** The outermost folder around a path that holds nothing of the person's; none for a path spelled as a source name. */
function withoutOwn(path: string, own: readonly string[]): string[] {
  if (path.startsWith("/") || path.split("/").some((name) => decodeDirectory(name)?.name !== name)) return [];
  let outermost = path;
  for (let at = parentOf(path); at !== undefined; at = parentOf(at)) {
    if (own.some((file) => !file.endsWith("/") && file.startsWith(`${at}/`))) break;
    outermost = at;
  }
  return [outermost];
}

const preflight = ".chezmoiscripts/remanence/run_before_00-remanence-preflight.sh.tmpl";

/**
 * Scripts that look at the links once more: the last of those before all, and the first after all of `.chezmoiscripts/`
 * (chezmoi goes by the bytes of their targets, and an underscore comes after a slash).
 */
const lookAgain = [
  { path: "run_before_zzzz-remanence-look-again.sh.tmpl", pattern: "{,[!.]*/**/,.chezmoiscripts/**/}run_*before_*" },
  { path: "run_dot_chezmoiscripts_remanence-look-again.sh.tmpl", pattern: ".chezmoiscripts/**/run_*" },
] as const;

function supportFiles(rows: readonly GuardRow[], links: readonly LinkRow[], input: EmitInput): SourceFile[] {
  const file = (path: string, content: string): SourceFile => ({ path, content, target: null, kind: "support" });
  const { ignore } = input.chezmoi;
  const own = ignore.template ? ".chezmoiignore" : ".chezmoiignore.tmpl";
  const other = ignore.template ? ".chezmoiignore.tmpl" : ".chezmoiignore";
  const included = ignore.includesOurs || (ignore.plain && ignore.template);
  return [
    file(".remanence/guard.json", printJsonLines(rows)),
    file(".remanence/links.json", printJson(guardedLinks(links))),
    file(".remanence/targets", links.map(({ target }) => `./${target}\n`).join("")),
    file(".remanence/look.sh", packageText("src/emitters/chezmoi/scripts/look.sh")),
    file(".chezmoidata/remanence.json", printJson({ remanence: { hosts: hostsData(input) } })),
    file(
      ".chezmoiexternals/remanence-guarded.toml.tmpl",
      renderTemplate("guarded.gotmpl.ejs", { own: ownIgnore(other) }),
    ),
    ...scriptsRun(input).map((script) =>
      file(
        `.chezmoiscripts/remanence/run_onchange_after_50-remanence-${script}.sh.tmpl`,
        renderTemplate("run.gotmpl.ejs", { script, file: `${script}.sh` }),
      ),
    ),
    ...(links.length > 0 ? scriptsForLinks(file, input.chezmoi.hasScripts) : []),
    file(".chezmoitemplates/remanence/here", renderTemplate("here.gotmpl.ejs", {})),
    file(".chezmoitemplates/remanence/ignore", renderTemplate("ignore.gotmpl.ejs", {})),
    ...(included ? [] : [file(own, ownIgnore(other))]),
  ];
}

/** To look once more is for those who have scripts. */
function scriptsForLinks(file: (path: string, content: string) => SourceFile, hasScripts: boolean): SourceFile[] {
  const first = file(preflight, renderTemplate("preflight.gotmpl.ejs", {}));
  if (!hasScripts) return [first];
  return [
    first,
    file(".chezmoitemplates/remanence/again", renderTemplate("again.gotmpl.ejs", {})),
    ...lookAgain.map(({ path, pattern }) => file(path, renderTemplate("look-again.gotmpl.ejs", { pattern }))),
  ];
}

function ownIgnore(other: string): string {
  return renderTemplate("chezmoiignore.gotmpl.ejs", { other: goTemplate.text(other) });
}

/** The scripts for Fedora that some host wants to be run by chezmoi. */
function scriptsRun({ plans }: EmitInput): string[] {
  const runs = plans.flatMap(({ host }) => (host.os === "fedora" ? host.fedora.chezmoiRuns : []));
  return [...new Set(runs)].sort();
}

/** Where the scripts of a host lie as seen from the source, and which of them chezmoi runs. */
function runsOf({ host }: HostPlan, input: EmitInput): { scripts?: string; runs?: readonly string[] } {
  if (host.os !== "fedora" || host.fedora.chezmoiRuns.length === 0) return {};
  const scripts = posix.relative(`/${input.chezmoi.root}`, `/${folderOf(input, "fedora", host.name)}`);
  return { scripts, runs: [...new Set(host.fedora.chezmoiRuns)].sort() };
}

/** What the templates know of hosts: OS, users, and where the root links of a home lead. */
function hostsData(input: EmitInput): Record<string, unknown> {
  return Object.fromEntries(
    input.plans.map((plan) => {
      const { host } = plan;
      const users = host.users.map((user) => {
        const roots = host.stores.map((store) => [rootLink(store.name, host.stores), folderSeenFromHome(store, user)]);
        return [user.name, { home: user.home, roots: Object.fromEntries(roots) }];
      });
      return [host.name, { os: host.os, users: Object.fromEntries(users), ...runsOf(plan, input) }];
    }),
  );
}

/** Relative where the store lies in the home, so that it also fits a home that is spelled otherwise. */
function folderSeenFromHome(store: HostPlan["host"]["stores"][number], user: PlanUser): string {
  const folder = storeFolder(store, user);
  if (folder === undefined) return "";
  return relativeTo(folder, user.home) ?? folder;
}

/** What was put into the person's tree, for whoever looks at it there, and for a survey that knows no better. */
function ledger(files: readonly SourceFile[], former: readonly FormerLink[]): SourceFile {
  const rows = files
    .map(({ path, content, target, kind }) => ({ target, source: path, kind, sha256: hash("sha256", content) }))
    .sort((a, b) => comparePaths(a.source, b.source));
  const tombstones = former.map(({ target, generations }) => ({ target, kind: "tombstone", generations }));
  const content = printJson([...rows, ...tombstones]);
  return { path: sourceLedger, content, target: null, kind: "support" };
}

function explain(plan: HostPlan, fate: Fate, input: EmitInput): Saying[] {
  const { rule } = fate;
  if (rule === null || rule.scope === "system") return [];
  const file = `${input.chezmoi.root}/`;
  const { links, tree } = survey(input);
  if (rule.disposition === "carry" && isCarriedByHomeManager(plan))
    return [{ file, says: "nothing: home-manager lays it" }];
  if (rule.carry?.from) return [{ file, says: `lays it with what ${rule.carry.from.manager} has` }];
  if (rule.disposition === "carry")
    return [{ file, says: tree.hasContent(rule.path) ? "lays it" : "lays it once `chezmoi add` has brought it in" }];
  if (rule.disposition === "fetch")
    return [{ file: inFolder(input.chezmoi.root, ".chezmoiexternals/remanence.toml"), says: "fetches it" }];
  const outer = relocatedAround(plan, rule.live) ?? rule;
  const text = links.find((row) => row.target === outer.path)?.texts.get(hereOf(plan.host, rule.user ?? ""));
  if (text === undefined) return [{ file, says: plan.host.os === "nixos" ? "ignored on NixOS" : "nothing" }];
  return [{ file, says: `links ${outer.path} to ${text}` }];
}
