import { homedir } from "node:os";
import { join } from "node:path";
import { addToSource, makePrivate } from "../carry/chezmoi.ts";
import type { Found, LeftOut } from "../carry/content.ts";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { printable } from "../diagnostics/print.ts";
import { carriedFiles } from "../emitters/carried-content.ts";
import { type Compiled, emit, resolve } from "../pipeline.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import { Knowledge } from "../scan/knowledge.ts";
import { surveyChezmoi } from "../survey/chezmoi-source.ts";
import { bringInKeys } from "./carry-keys.ts";
import { type Carried, type CarryOptions, contentAsked } from "./carry-question.ts";
import { chooseHost, diagnosticsJson, type ExitCode, findManifest, showDiagnostics } from "./manifest-option.ts";
import { type Proposal, propose, writeProposal } from "./propose.ts";
import { columns, terminal } from "./terminal.ts";

/**
 * `remanence carry PATH…`: brings content of this home into the chezmoi source, by chezmoi itself, and adds the entries that
 * the manifest does not have yet; all of it, or, where anything of it is refused, nothing.
 */
export async function carry(paths: readonly string[], options: CarryOptions): Promise<ExitCode> {
  const file = findManifest(options.manifest);
  const compiled = emit(await resolve(file));
  if (hasErrors(compiled.diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(compiled.diagnostics, compiled.sources));
    else showDiagnostics(compiled.diagnostics, compiled.sources, " Nothing was carried: settle that first.");
    return 1;
  }
  const plan = chooseHost(compiled.plans, options.host);
  const user = plan.host.users.find(({ home }) => home === homedir()) ?? plan.host.users[0];
  if (user === undefined) throw new CannotRun(`${plan.host.name} has no users, and content is carried into homes`);
  const knowledge = new Knowledge(await loadPathIndexes(compiled.loaded.folder));
  const carried = paths.map((typed) => contentAsked(typed, { compiled, plan, user, knowledge, options }));
  const refused = carried.flatMap((one) => one.refused);
  if (refused.length > 0) return report(carried, refused, undefined, compiled, options);
  const edits = carried.flatMap(({ edit }) => edit ?? []);
  const proposal = edits.length === 0 ? undefined : await propose(file, compiled, edits);
  if (proposal !== undefined && proposal.after === undefined) {
    showDiagnostics(proposal.diagnostics, proposal.sources, " Nothing was carried.");
    return 1;
  }
  const failed =
    options.dryRun === true
      ? []
      : carried.flatMap((one) =>
          options.keys === undefined ? bringIn(one, compiled) : bringInKeys(one.path, options.keys, compiled),
        );
  if (proposal !== undefined && options.dryRun !== true && failed.length === 0) writeProposal(proposal);
  return report(carried, failed, proposal, compiled, options);
}

/** Lets chezmoi add it, and looks whether it is there. */
function bringIn({ path, form, isPrivate, found }: Carried, { loaded }: Compiled): LeftOut[] {
  const home = homedir();
  const source = join(loaded.folder, loaded.manifest.outputs.chezmoi);
  const files = found.content.map((one) => join(home, one.path));
  const fault = addToSource(source, home, files, form);
  if (fault !== undefined) return [{ path, why: fault }];
  const known = new Map(carriedIn(loaded, path).map((file) => [file.target, file]));
  const open = found.content.filter(
    (one) => one.kind === "file" && known.get(one.path)?.attributes.has("private_") === false,
  );
  if (isPrivate && open.length > 0) {
    const said = makePrivate(
      source,
      home,
      open.map((one) => join(home, one.path)),
    );
    if (said !== undefined) return [{ path, why: said }];
  }
  return found.content
    .filter((one) => !known.has(one.path))
    .map((one) => ({ path: one.path, why: "chezmoi left it out: is it in .chezmoiignore?" }));
}

function carriedIn({ folder, manifest }: Compiled["loaded"], path: string) {
  return carriedFiles(surveyChezmoi(folder, manifest.outputs.chezmoi, new Set()), path);
}

function report(
  carried: readonly Carried[],
  refused: readonly LeftOut[],
  proposal: Proposal | undefined,
  { loaded }: Compiled,
  options: CarryOptions,
): ExitCode {
  const isDone = refused.length === 0;
  const left = carried.flatMap(({ found }) => found.left);
  const files = (path: string) => (isDone && options.dryRun !== true ? carriedIn(loaded, path) : []);
  if (options.format === "json") {
    const rows = carried.map(({ path, form, why, found }) => ({
      ...{ path, form, why, files: found.content.map((one) => one.path) },
      sources: files(path).map((file) => file.source),
    }));
    terminal.json({ version: 1, carried: isDone ? rows : [], refused, left, added: proposal?.name ?? null });
    return isDone ? 0 : 1;
  }
  for (const { path, why } of refused) terminal.problem(`refused ~/${printable(path)}: ${printable(why)}`);
  if (!isDone) {
    terminal.problem("Nothing was added to the manifest.");
    return 1;
  }
  const count = ({ content }: Found): string => `${content.length} file${content.length === 1 ? "" : "s"}`;
  terminal.answer(
    columns(carried.map((one) => [`~/${printable(one.path)}`, one.form, count(one.found), printable(one.why)])),
  );
  for (const { path, why } of left) terminal.answer(`  left out: ~/${printable(path)} (${printable(why)})`);
  // They were found before anything was brought in.
  const news = proposal?.diagnostics.filter(({ code }) => code !== "chezmoi/nothing-carried") ?? [];
  if (proposal !== undefined) showDiagnostics(news, proposal.sources);
  if (options.dryRun === true) terminal.answer("Nothing was written.");
  else terminal.answer("What follows from it: remanence diff; what chezmoi would do: chezmoi diff");
  return 0;
}
