import { join } from "node:path";
import { expect, it } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, PlanUser } from "../../src/plan/plan.ts";
import { type ArchiveEntry, apply, archive, managed, verify } from "../support/chezmoi.ts";
import { generate, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { compileMachine, machines } from "../support/machines.ts";
import { compileText, writeTree } from "../support/workspace.ts";

/** The machine that a user of a plan sits at. */
function machineOf(plan: HostPlan, user: PlanUser) {
  return { os: plan.host.os, home: user.home, username: user.name, hostname: plan.host.name };
}

/** What chezmoi would lay for a user of a host, in an empty home. */
function laid(source: string, plan: HostPlan, user: PlanUser): ArchiveEntry[] {
  return archive(source, machineOf(plan, user));
}

/** Follows a link of the archive, through the link that leads into the store. */
function resolveLink(home: string, path: string, links: ReadonlyMap<string, string>): string {
  const target = join(home, path, "..", links.get(path) ?? "no link");
  for (const [link, leadsTo] of links) {
    const place = join(home, link);
    if (link !== path && target.startsWith(`${place}/`)) return join(place, "..", leadsTo, target.slice(place.length));
  }
  return target;
}

/** Everything in the archive, link by link and directory by directory, and nothing else. */
function expectPlanned(entries: readonly ArchiveEntry[], plan: HostPlan, user: PlanUser): void {
  const links = new Map(entries.filter((e) => e.type === "symlink").map((e) => [e.path, e.link ?? ""]));
  const state = mountedEntries(plan).filter((e) => e.user === user.name && e.how === "symlink" && e.scope === "home");
  const planned = plan.host.os === "fedora" ? state : [];
  for (const entry of planned) expect(resolveLink(user.home, entry.path, links), entry.path).toBe(entry.stored);
  const roots = [...links.keys()].filter((path) => /^\.remanence(?:-|$)/.test(path));
  expect([...links.keys()].sort()).toEqual([...planned.map((e) => e.path as string), ...roots].sort());

  const carried = plan.rules.filter((e) => e.user === user.name && e.disposition === "carry" && e.kind === "directory");
  const above = (path: string): string[] => path.split("/").map((_, i, parts) => parts.slice(0, i).join("/"));
  const directories = new Set([
    ...planned.flatMap((e) => above(e.path)),
    ...carried.flatMap((e) => [e.path, ...above(e.path)]),
  ]);
  directories.delete("");
  expect(entries.filter((e) => e.type === "dir").map((e) => e.path)).toEqual([...directories].sort());
  expect(entries.filter((e) => e.type === "file")).toEqual([]);
}

async function eachUser(compiled: Compiled, check: (plan: HostPlan, user: PlanUser) => void): Promise<void> {
  for (const plan of compiled.plans) for (const user of plan.host.users) check(plan, user);
}

describeWith(["chezmoi"], "chezmoi output with the real chezmoi", () => {
  it.each(machines)("lays for %s what is planned on each system, and nothing else", async (machine) => {
    const compiled = await compileMachine(machine);
    const source = join(writeTree(compiled), "chezmoi");
    await eachUser(compiled, (plan, user) => expectPlanned(laid(source, plan, user), plan, user));
  });

  it.each(machines)("is applied for %s once, and then at rest", async (machine) => {
    const compiled = await compileMachine(machine);
    const folder = writeTree(compiled);
    const source = join(folder, "chezmoi");
    await eachUser(compiled, (plan, user) => {
      const home = homeIn(folder, `${plan.host.name}-${user.name}`);
      const host = machineOf(plan, user);
      expect(managed(source, home, ["--include=remove"], host)).toEqual([]);
      expect(apply(source, home, [], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
      const paths = Object.keys(picture(home)).map((path) => path.replace(/\/$/, ""));
      expect(managed(source, home, undefined, host).sort()).toEqual(paths.sort());
      expect(verify(source, home, [], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
      expect(apply(source, home, ["--verbose"], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    });
  });

  it("writes link texts without an operating system in them", async () => {
    const compiled = await compileMachine("mitsio");
    const links = compiled.tree.filter((file) => /(?:^|\/)symlink_/.test(file.path) && file.target === "chezmoi");
    expect(links.length).toBeGreaterThan(20);
    for (const { path, content } of links) expect(content, path).not.toMatch(/osRelease|chezmoi\.os/);
    const templates = links.filter(({ path }) => path.endsWith(".tmpl"));
    expect(templates.map(({ path }) => path)).toEqual([
      "chezmoi/symlink_dot_remanence-bulk.tmpl",
      "chezmoi/symlink_dot_remanence.tmpl",
    ]);
  });

  it("never asks for exact directories or removals, and for no scripts but those that look", async () => {
    for (const machine of machines) {
      const { tree } = await compileMachine(machine);
      const paths = tree.filter((file) => file.target === "chezmoi").map((file) => file.path);
      const asking = paths.filter((path) => /(?:^|\/)(?:exact_|remove_|run_|\.chezmoi(?:remove|scripts))/.test(path));
      expect(asking.sort()).toEqual(["chezmoi/.chezmoiscripts/remanence/run_before_00-remanence-preflight.sh.tmpl"]);
    }
  });

  it("gives directories on the way the mode of what they lead to", async () => {
    const home = [
      "{ path: .gnupg/private-keys-v1.d/, class: secret }",
      ".config/app/",
      "{ path: .config/keys/, class: secret }",
      "{ path: .strongbox/, class: secret, how: none }",
      ".strongbox/open/",
      "{ path: .carried/, class: config, carry: true, mode: '0700' }",
    ];
    const compiled = await compileText(manifestOf(home));
    const desk = compiled.plans.find((plan) => plan.host.name === "desk") as HostPlan;
    const entries = laid(join(writeTree(compiled), "chezmoi"), desk, desk.host.users[0] as PlanUser);
    expect(Object.fromEntries(entries.filter((e) => e.type === "dir").map((e) => [e.path, e.mode]))).toEqual({
      ".carried": "0700",
      ".config": "0755",
      ".gnupg": "0700",
      ".strongbox": "0700",
    });
  });

  it("writes nothing where nothing is linked, carried or fetched", async () => {
    const compiled = await compileText(manifestOf(["{ path: Documents/, how: none }"]));
    expect(compiled.tree.filter((file) => file.target === "chezmoi")).toEqual([]);
  });

  it("is the same when it is generated again over itself", async () => {
    const { folder, compiled } = await generated(
      manifestOf([".mozilla/", ".config/app/", "{ path: .config/x/, class: config, carry: true }"]),
    );
    const again = (await generate(folder)).compiled;
    expect(again.tree).toEqual(compiled.tree);
  });
});
