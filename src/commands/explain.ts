import { homedir } from "node:os";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { countDiagnostics, printable } from "../diagnostics/print.ts";
import type { Saying } from "../emitters/emitter.ts";
import { emitters } from "../emitters/registry.ts";
import { type Compiled, emit, resolve } from "../pipeline.ts";
import { type Fate, fate } from "../plan/fate.ts";
import { type AbsolutePath, isWithin, joinPath, parseHomePath, parseSystemPath } from "../plan/path.ts";
import { relocatedAround } from "../plan/physical.ts";
import type { HostPlan, PlanUser } from "../plan/plan.ts";
import { isWiped } from "../plan/stores.ts";
import {
  type CommonOptions,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  hostsAskedFor,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { columns, terminal } from "./terminal.ts";

/** One host's answer. */
interface Explanation {
  readonly plan: HostPlan;
  readonly user: PlanUser | null;
  readonly fate: Fate;
  readonly outputs: readonly Saying[];
}

/** `remanence explain PATH`: the fate of a path on each host, which line decided, what each output does about it. */
export async function explain(path: string, options: CommonOptions): Promise<ExitCode> {
  const resolved = await resolve(findManifest(options.manifest));
  knowHost(resolved, options.host);
  if (hasErrors(resolved.diagnostics)) {
    const { diagnostics, sources } = resolved;
    if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
    showDiagnostics(diagnostics, sources, " Nothing can be said about a path before that.");
    return 1;
  }
  const chosen = hostsAskedFor(resolved.plans, options.host);
  const saysOf = outputsOf(emit(resolved));
  const explanations = chosen.flatMap((plan) =>
    livePaths(path, plan).map(({ live, user }): Explanation => {
      const found = fate(plan, live);
      return { plan, user, fate: found, outputs: saysOf(plan, found) };
    }),
  );
  if (options.format === "json") terminal.json({ version: 1, path, hosts: explanations.map(explanationJson) });
  else terminal.answer(explanationText(path, explanations));
  return 0;
}

/**
 * What the outputs do about a path. Where one target cannot do what is asked of it there are no outputs; the fate of a path
 * is known all the same, and only that is left out.
 */
function outputsOf(compiled: Compiled): (plan: HostPlan, found: Fate) => readonly Saying[] {
  const { diagnostics, tree, input } = compiled;
  if (hasErrors(diagnostics)) {
    const errors = countDiagnostics(diagnostics.filter((d) => d.severity === "error"));
    terminal.problem(`There are no outputs as it stands, so nothing is said about them (${errors}: remanence check).`);
    return () => [];
  }
  const written = new Set(tree.map((file) => file.path));
  return (plan, found) =>
    Object.values(emitters)
      .flatMap((emitter) => emitter.explain(plan, found, input))
      .filter(({ file }) => file.endsWith("/") || written.has(file));
}

/**
 * The absolute paths a person means on a host: a path of a home (`~/x`, relative, or in this or a planned home) once for
 * each user, any other absolute path as it is.
 */
function livePaths(path: string, plan: HostPlan): { live: AbsolutePath; user: PlanUser | null }[] {
  const { users } = plan.host;
  const text = path.length > 1 ? path.replace(/\/+$/, "") : path;
  if (text.startsWith("/")) {
    const parsed = parseSystemPath(text);
    if ("problem" in parsed) throw new CannotRun(`${printable(path)} is no path that an entry could name`);
    const live = parsed.ok.path;
    // A home may lie in another one: the path belongs to the inner.
    const [owner] = users.filter((user) => isWithin(live, user.home)).sort((a, b) => b.home.length - a.home.length);
    if (owner !== undefined) return [{ live, user: owner }];
    const own = homedir();
    if (own === "/" || !isWithin(live, own)) return [{ live, user: null }];
    const below = live.slice(own.length);
    return users.map((user) => ({ live: below === "" ? user.home : joinPath(user.home, below), user }));
  }
  const parsed = parseHomePath(text);
  if ("problem" in parsed) {
    if (text === "~" || text === "$HOME") return users.map((user) => ({ live: user.home, user }));
    throw new CannotRun(`${printable(path)} is no path that an entry could name`);
  }
  return users.map((user) => ({ live: joinPath(user.home, parsed.ok.path), user }));
}

function explanationJson({ plan, user, fate: found, outputs }: Explanation): object {
  const { rule } = found;
  return {
    host: plan.host.name,
    os: plan.host.os,
    user: user?.name ?? null,
    fate: found.fate,
    live: found.live,
    stored: found.stored,
    backup: found.backup,
    class: rule?.class ?? null,
    need: rule?.need ?? null,
    origin: rule?.origin ?? null,
    outputs,
  };
}

function explanationText(path: string, explanations: readonly Explanation[]): string {
  const several = new Set(explanations.map((e) => e.user?.name)).size > 1;
  const blocks = explanations.map((e) => {
    const { host } = e.plan;
    const name = several && e.user !== null ? `${host.name}/${e.user.name}` : host.name;
    const answer = `${terminal.paint("bold", name)} · ${host.os}: ${terminal.paint(colors[e.fate.fate], e.fate.fate)}`;
    const outputs = e.outputs.map(({ file, says }) => [printable(file), printable(says)]);
    const lines = [
      `  ${consequence(e)}`,
      `  ${decidedBy(e.fate)}`,
      ...(outputs.length === 0 ? [] : [columns(outputs, "    ")]),
    ];
    return `${answer}\n${lines.join("\n")}`;
  });
  return `${printable(path)}\n\n${blocks.join("\n\n")}\n`;
}

const colors = { persist: "green", carry: "cyan", fetch: "blue", discard: "yellow", undecided: "magenta" } as const;

function decidedBy({ rule }: Fate): string {
  if (rule === null) return "no line of the manifest covers it";
  const { file, line, profile } = rule.origin;
  const slash = rule.kind === "directory" ? "/" : "";
  const by = profile === null ? "" : `, profile ${profile}`;
  return `rule: \`${printable(rule.path)}${slash}\` is ${rule.class}, need ${rule.need}${by}  ${file}:${line}`;
}

/** What happens to it, said as a consequence. */
function consequence({ plan, fate: found }: Explanation): string {
  const { rule, live } = found;
  const backup = plan.host.backup === null ? "" : found.backup ? ", backed up" : ", not backed up";
  switch (found.fate) {
    case "persist":
      return `${found.stored === null ? "stays in its place" : `lives in ${printable(found.stored)}`}${backup}`;
    case "carry":
      return `laid from the dotfiles repo${found.backup ? ", backed up" : ""}`;
    case "fetch":
      return `fetched from ${printable(rule?.fetch?.url ?? "")}`;
    case "discard":
      // A single file never ages: rules for that are about what is in a directory.
      return discarded(plan, live, rule?.kind === "file" ? null : (rule?.expire ?? null));
    case "undecided":
      return isWiped(live, plan.host) ? "gone at the next boot" : "stays where it is, unless something else removes it";
  }
}

function discarded(plan: HostPlan, live: AbsolutePath, expire: string | null): string {
  const inside = relocatedAround(plan, live);
  const age = expire === null ? "" : `, aged out after ${expire}`;
  if (inside !== undefined) return `inside ${inside.path}, which stays${age}; not backed up`;
  return isWiped(live, plan.host) ? "gone at the next boot" : `stays on disk${age}, not backed up`;
}
