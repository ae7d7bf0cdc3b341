import { chmodSync } from "node:fs";
import { expect, it } from "vitest";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { RelocatedEntry } from "../../src/plan/plan.ts";
import { describeWith } from "../support/engines.ts";
import { evaluateHost, expectClean, expectPlanned, nixosPlan } from "../support/nixos.ts";
import { boot, gid, q, uid } from "../support/nixos-boot.ts";
import { everything } from "../support/nixos-everything.ts";
import { compileText, scratch } from "../support/workspace.ts";

/** Where to write to see whether an entry is kept. */
function markOf({ kind, live }: RelocatedEntry): string {
  return q(kind === "directory" ? `${live}/mark of it` : live);
}

/** Whoever uses an entry: its owner. */
function as({ owner, group }: RelocatedEntry): string {
  return `setpriv --reuid=${uid(owner)} --regid=${gid(group)} --clear-groups`;
}

/** By its owner, then by root. */
function write(entry: RelocatedEntry, text: string): string {
  return `for as in '${as(entry)}' ''; do $as sh -c 'printf %s "$1" >>"$2"' - ${text} ${markOf(entry)}; done # ${entry.kind}`;
}

function read(entry: RelocatedEntry): string {
  return `printf '%s\\t' "$(tail -c4 ${markOf(entry)})" "$(stat -Lc %a:%u:%g ${q(entry.live)})" ${q(entry.live)}; echo`;
}

/** Access of a live path as the plan has it; impermanence leaves files as they are found, and a link only names one. */
function accessOf(entry: RelocatedEntry, module: string): string | null {
  const isFile = entry.kind === "file";
  if (isFile && (module === "impermanence" || entry.how === "symlink" || entry.live.startsWith("/etc/ssh/")))
    return null;
  const mode = (entry.mode ?? (isFile ? "0644" : "0755")).replace(/^0+/, "");
  return `${mode}:${uid(entry.owner)}:${gid(entry.group)}`;
}

const lost = ["/var/lib/other/x", "/home/alice/Downloads/x", "/home/alice/.cache/x", "/data/bob/x", "/etc/x", "/x"];

describeWith(["nix", "nix-sources", "systemd", "mount-namespace"], "two boots on an empty root", () => {
  const modules = ["impermanence", "preservation", "none"];
  it.each(modules)("keep with %s what the plan keeps, as its owners write it, and nothing else", async (module) => {
    const compiled = await compileText(everything(module));
    const plan = nixosPlan(compiled);
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, plan);
    const machine = { report, plan, store: scratch(), folder: scratch() };
    chmodSync(machine.store, 0o755);
    const entries = mountedEntries(plan);
    const others = lost.map((path) => `mkdir -p ${q(path.slice(0, path.lastIndexOf("/")) || "/")}; echo x >${q(path)}`);
    boot(machine, [...entries.map((entry) => write(entry, "1")), ...others]);
    const gone = lost.map((path) => `! test -e ${q(path)}`);
    const seen = boot(machine, [...entries.map((entry) => write(entry, "2")), ...entries.map(read), ...gone]);
    const lines = seen.split("\n").filter((line) => line !== "");
    expect(lines.map((line) => line.split("\t")[2])).toEqual(entries.map(({ live }) => live));
    lines.forEach((line, i) => {
      const [content, access] = line.split("\t");
      const entry = entries[i] as RelocatedEntry;
      expect(content, entry.live).toBe("1122");
      const expected = accessOf(entry, module);
      if (expected !== null) expect(access, entry.live).toBe(expected);
    });
  });
});

/** What the manifest says nothing of, as a service or a person has set it. */
const closed = ["/var/lib/thing", "/home/alice/Documents", "/home/alice/.config/one.conf"];

describeWith(["nix", "nix-sources", "systemd", "mount-namespace"], "at each boot", () => {
  it.each(["preservation", "none"])("%s sets what the manifest says, and leaves alone the rest", async (module) => {
    const compiled = await compileText(everything(module));
    const plan = nixosPlan(compiled);
    const machine = { report: evaluateHost(compiled), plan, store: scratch(), folder: scratch() };
    chmodSync(machine.store, 0o755);
    const access = (path: string): string => `stat -Lc '%a:%u:%g %n' ${q(path)}`;
    boot(machine, [
      `chown ${uid("app")}:${gid("app")} /var/lib/thing`,
      ...closed.map((path) => `chmod go= ${q(path)}`),
      "chmod 777 /home/alice/.ssh /var/lib/owned",
    ]);
    const paths = [...closed, "/home/alice/.ssh", "/var/lib/owned", "/persist/home/alice", "/home/alice/.config"];
    expect(boot(machine, paths.map(access)).trim().split("\n")).toEqual([
      "700:200:200 /var/lib/thing",
      "700:1001:100 /home/alice/Documents",
      "600:1001:100 /home/alice/.config/one.conf",
      "700:1001:100 /home/alice/.ssh",
      "710:200:200 /var/lib/owned",
      "700:1001:100 /persist/home/alice",
      "755:1001:100 /home/alice/.config",
    ]);
  });
});
