/** State for every rule of a plan, laid where the plan's host has it, and shown at the places where programs look for it. */
import {
  chmodSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { fate, rulesOf } from "../../src/plan/fate.ts";
import { type AbsolutePath, joinPath, relativeTo } from "../../src/plan/path.ts";
import { mountedEntries, physicalPath } from "../../src/plan/physical.ts";
import type { HostPlan, PlanEntry, RelocatedEntry } from "../../src/plan/plan.ts";
import { oddNames } from "../support/fedora.ts";
import type { Machine } from "./machine.ts";

/** What lies at a path: text is a file's content. */
interface Laying {
  readonly content?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
}

/** Where a live path really lies on the host of a plan. */
export function lies(plan: HostPlan, live: AbsolutePath): AbsolutePath {
  return fate(plan, live).stored ?? physicalPath(plan, live);
}

/** Lays state for a whole plan: for each rule, inside it and beside it. Gives the live paths of all of it. */
export function layPlan(machine: Machine, plan: HostPlan, daemons: readonly string[]): AbsolutePath[] {
  const layer = layerOf(machine, plan);
  for (const entry of mountedEntries(plan)) layer.show(entry);
  const { rules } = plan;
  for (const [i, rule] of rules.entries()) layRule(layer, plan, rule, daemons[i % daemons.length] ?? "root");
  const rich = [
    ...rules.filter((rule) => rule.class === "data" && rule.kind === "directory" && rule.backup).slice(0, 3),
    ...rules.filter((rule) => rule.scope === "system" && rule.kind === "directory" && rule.backup).slice(0, 2),
  ];
  for (const rule of rich) layRich(layer, rule.live);
  layOfOneMachine(layer, plan);
  layer.setTimes();
  return [...layer.laid].sort();
}

type Layer = ReturnType<typeof layerOf>;

function layerOf(machine: Machine, plan: HostPlan) {
  const laid = new Set<AbsolutePath>();
  const ownersHome = (live: AbsolutePath) => plan.host.users.find(({ home }) => relativeTo(live, home) !== undefined);
  const give = (path: string, live: AbsolutePath, owner?: string, group?: string): void => {
    const user = ownersHome(live);
    const uid = machine.accounts.get(owner ?? user?.name ?? "root")?.uid;
    const gid = machine.groups.get(group ?? user?.group ?? "root");
    if (uid === undefined || gid === undefined) throw new RangeError(`no account ${owner}:${group}`);
    lchownSync(machine.at(path), uid, gid);
  };
  /** Makes a directory and all above it, each as whoever's home it is in has it. */
  const makeDirectory = (path: AbsolutePath, live: AbsolutePath, remember: boolean): void => {
    if (existsSync(machine.at(path))) return;
    const above = (p: AbsolutePath): AbsolutePath => (dirname(p) || "/") as AbsolutePath;
    makeDirectory(above(path), above(live), remember);
    mkdirSync(machine.at(path), { mode: 0o755 });
    chmodSync(machine.at(path), 0o755);
    if (live !== "/") give(path, live);
    if (remember && live !== "/") laid.add(live);
  };
  const put = (live: AbsolutePath, { content, link, mode, owner, group }: Laying): void => {
    const path = lies(plan, live);
    makeDirectory(dirname(path) as AbsolutePath, dirname(live) as AbsolutePath, true);
    if (link !== undefined) symlinkSync(link, machine.at(path));
    else if (content !== undefined) writeFileSync(machine.at(path), content);
    else makeDirectory(path, live, true);
    give(path, live, owner, group);
    if (link === undefined && mode !== undefined) chmodSync(machine.at(path), mode);
    laid.add(live);
  };
  return {
    laid,
    put,
    at: (live: AbsolutePath): string => machine.at(lies(plan, live)),
    run: (...command: string[]): void => must(machine, command),
    real: (live: AbsolutePath): AbsolutePath => lies(plan, live),
    isThere: (live: AbsolutePath): boolean => {
      try {
        return lstatSync(machine.at(lies(plan, live))) !== undefined;
      } catch {
        return false;
      }
    },
    /** As the module does: the stored path mounted, or linked, at the live one. */
    show(entry: RelocatedEntry): void {
      const { live, stored, kind, how } = entry;
      makeDirectory(dirname(stored) as AbsolutePath, dirname(live) as AbsolutePath, false);
      makeDirectory(dirname(live) as AbsolutePath, dirname(live) as AbsolutePath, true);
      if (kind === "directory") makeDirectory(stored, live, true);
      else put(live, { content: "" });
      if (how === "symlink") {
        symlinkSync(stored, machine.at(live));
        give(live, live);
        return;
      }
      if (kind === "directory") mkdirSync(machine.at(live), { recursive: true });
      else writeFileSync(machine.at(live), "");
      must(machine, ["mount", "--bind", stored, live]);
    },
    /** Each path gets a time of its own, from the inside out. */
    setTimes(): void {
      for (const [i, live] of [...laid].sort().reverse().entries()) {
        const when = 1_600_000_000 + i * 1000 + 0.123456;
        lutimesSync(machine.at(lies(plan, live)), when, when);
      }
    },
  };
}

function must(machine: Machine, command: readonly string[]): void {
  const done = machine.run(command);
  if (done.code !== 0) throw new Error(`${command.join(" ")}: ${done.err}`);
}

function layRule(layer: Layer, plan: HostPlan, rule: PlanEntry, daemon: string): void {
  const { live, owner, group } = rule;
  if (rule.kind === "pattern") layMatch(layer, plan, rule);
  if (rule.kind === "pattern" || rulesOf(plan).fileAbove(live) !== undefined) return;
  const own = { owner: owner ?? undefined, group: group ?? undefined };
  const mode = rule.mode === null ? {} : { mode: Number.parseInt(rule.mode, 8) };
  if (rule.kind === "file") layer.put(live, { content: `content of ${live}\n`, mode: 0o644, ...mode, ...own });
  else {
    layer.put(live, { mode: 0o755, ...mode, ...own });
    layer.put(joinPath(live, "file"), { content: `file in ${live}\n`, mode: 0o640, ...own });
    layer.put(joinPath(live, "sub/deep/private"), { content: `deep in ${live}\n`, mode: 0o600, ...own });
    layer.put(joinPath(live, "link"), { link: "sub/deep", ...own });
    if (rule.scope === "system") {
      layer.put(joinPath(live, "of a daemon"), { content: live, mode: 0o660, owner: daemon, group: daemon });
    }
  }
  layBeside(layer, plan, live);
}

/** What nobody said anything about, with a name that begins like the entry's. */
function layBeside(layer: Layer, plan: HostPlan, live: AbsolutePath): void {
  const beside = `${live}.beside` as AbsolutePath;
  if (rulesOf(plan).fileAbove(beside) === undefined) layer.put(beside, { content: "beside\n", mode: 0o644 });
}

/** Something that a pattern matches: a file where it ends in `*`, else a directory. */
function layMatch(layer: Layer, plan: HostPlan, { live }: PlanEntry): void {
  const match = live.replaceAll("*", "Default").replaceAll("?", "q") as AbsolutePath;
  if (rulesOf(plan).fileAbove(match) !== undefined || layer.isThere(match)) return;
  if (live.endsWith("*")) layer.put(match, { content: "matched\n", mode: 0o644 });
  else layer.put(joinPath(match, "blob"), { content: "matched\n", mode: 0o644 });
}

/** What belongs to one machine, where it lies in something that is kept. */
function layOfOneMachine(layer: Layer, plan: HostPlan): void {
  const homes = plan.host.users.map(({ home }) => joinPath(home, ".config/monitors.xml"));
  for (const live of [...homes, "/var/lib/systemd/random-seed" as AbsolutePath]) {
    if (fate(plan, live).fate === "persist") layer.put(live, { content: "of this machine", mode: 0o600 });
  }
}

/** All that can be in a tree: odd names, links of both kinds, holes, attributes, access lists, modes. */
function layRich(layer: Layer, live: AbsolutePath): void {
  const inside = (name: string): AbsolutePath => joinPath(live, `rich/${name}`);
  for (const name of [...oddNames, "two\nlines"]) layer.put(inside(`odd/${name}`), { content: `odd ${name}` });
  layer.put(inside("empty"), { mode: 0o750 });
  layer.put(inside("program"), { content: "#!/bin/sh\n", mode: 0o755 });
  layer.put(inside("read-only"), { content: "x", mode: 0o444 });
  layer.put(inside("nowhere"), { link: "/nowhere/at all" });
  layer.put(inside("absolute"), { link: "/etc/hostname" });
  layer.put(inside("one/hard"), { content: "one file, two names", mode: 0o640 });
  layer.put(inside("two/.keep"), { content: "" });
  linkSync(layer.at(inside("one/hard")), layer.at(inside("two/hard")));
  layer.laid.add(inside("two/hard"));
  layer.put(inside("sparse"), { content: "begin" });
  truncateSync(layer.at(inside("sparse")), 8 << 20);
  layer.put(inside("attributes"), { content: "with attributes", mode: 0o640 });
  layer.run("setfattr", "-n", "user.origin", "-v", "https://example.org/é", layer.real(inside("attributes")));
  layer.run("setfacl", "-m", "u:root:r--", layer.real(inside("attributes")));
  layer.put(inside("listed"), { mode: 0o750 });
  layer.run("setfacl", "-d", "-m", "g:root:r-x", layer.real(inside("listed")));
}
