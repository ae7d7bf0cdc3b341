import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan } from "../../src/plan/plan.ts";
import { type ArchiveEntry, apply, archive, verify } from "../support/chezmoi.ts";
import { describeWith } from "../support/engines.ts";
import { compileMachine, machines } from "../support/machines.ts";
import { compileText, scratch, writeFiles, writeTree } from "../support/workspace.ts";

/** What chezmoi would lay for a user of a host. */
function laid(source: string, plan: HostPlan, user: string): ArchiveEntry[] {
  const home = plan.host.users.find((u) => u.name === user)?.home ?? `/home/${user}`;
  return archive(source, { os: plan.host.os, home, username: user, hostname: plan.host.name });
}

/** The state links of a plan, as archive entries would show them once links of links are resolved. */
function expectLinks(entries: readonly ArchiveEntry[], plan: HostPlan, user: string): void {
  const home = plan.host.users.find((u) => u.name === user)?.home ?? "";
  const expected = mountedEntries(plan).filter(
    (e) => e.user === user && e.how === "symlink" && plan.host.os === "fedora",
  );
  const links = new Map(entries.filter((e) => e.type === "symlink").map((e) => [e.path, e.link ?? ""]));
  for (const entry of expected) {
    expect(resolveLink(home, entry.path, links), entry.path).toBe(entry.stored);
    links.delete(entry.path);
  }
  expect([...links.keys()].filter((path) => !path.startsWith(".remanence"))).toEqual([]);
}

/** Follows a link of the archive, through other links of it. */
function resolveLink(home: string, path: string, links: ReadonlyMap<string, string>): string {
  const text = links.get(path);
  if (text === undefined) return "no link";
  const target = join(home, path, "..", text);
  for (const [link, leadsTo] of links) {
    const place = join(home, link);
    if (link !== path && target.startsWith(`${place}/`)) return join(place, "..", leadsTo, target.slice(place.length));
  }
  return target;
}

describeWith(["chezmoi"], "chezmoi output with the real chezmoi", () => {
  it.each(machines)("links the state of %s on Fedora and nothing of it on NixOS", async (machine) => {
    const compiled = await compileMachine(machine);
    const source = join(writeTree(compiled), "chezmoi");
    for (const plan of compiled.plans) {
      const entries = laid(source, plan, machine);
      expectLinks(entries, plan, machine);
      if (plan.host.os === "nixos") expect(entries.filter((entry) => entry.type === "symlink")).toEqual([]);
    }
  });
});
void [
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
  apply,
  verify,
  compileText,
  scratch,
  writeFiles,
];
type X = Compiled;

export type { X };
