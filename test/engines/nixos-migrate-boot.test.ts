import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, RelocatedEntry } from "../../src/plan/plan.ts";
import { describeWith } from "../support/engines.ts";
import { type Evaluated, evaluateHost, nixosPlan } from "../support/nixos.ts";
import { boot, gid, q, uid } from "../support/nixos-boot.ts";
import { everything } from "../support/nixos-everything.ts";
import { compileText, memory, scratch } from "../support/workspace.ts";

/** A machine on which nothing is kept yet: nothing is mounted, nothing made. */
const before = (report: Evaluated): Evaluated => ({
  ...report,
  mounts: [],
  directories: [],
  fileServices: [],
  tmpfiles: [],
  tmpfilesRules: [],
});

/** Accounts as they are on a machine: where their homes are. */
function accounts(plan: HostPlan): string[] {
  const homes = [["root", "/root", 0], ...plan.host.users.map(({ name, home, group }) => [name, home, gid(group)])];
  return [
    // Around a single secret.
    "mkdir -p -m 700 /var/lib/keys",
    "mkdir -m 700 /root; ln -s /proc/self/fd /dev/fd; touch /etc/fstab",
    // /usr is that of the machine that tests, where awk is one of several.
    "mkdir /etc/alternatives; for i in gawk mawk; do if [[ -e /usr/bin/$i ]]; then ln -sf /usr/bin/$i /etc/alternatives/awk; fi; done",
    ...homes.map(
      ([name, home, group]) => `sed -i ${q(`s|^\\(${name}:x:[0-9]*:\\)0::/:|\\1${group}::${home}:|`)} /etc/passwd`,
    ),
    `sed -i ${q(`s|^video:.*|&${plan.host.users.map(({ name }) => name).join()}|`)} /etc/group`,
  ];
}

/** What preservation mounts in the initrd is made 0755 there, and is so on every machine. */
const modeOf = ({ live }: RelocatedEntry, i: number): string =>
  live === "/var/lib/nixos" ? "755" : (["711", "750", "700", "755"][i % 4] ?? "755");

/** State of an entry, with modes that nobody would guess; those around it too, where nobody says how they must be. */
function lay(plan: HostPlan, entry: RelocatedEntry, i: number): string[] {
  const { live, kind, user, owner, group } = entry;
  const own = plan.host.users.find(({ name }) => name === user);
  const ids = `${uid(owner ?? user)}:${gid(group ?? own?.group ?? null)}`;
  const as = own === undefined ? "" : `setpriv --reuid=${uid(own.name)} --regid=${gid(own.group)} --clear-groups `;
  if (kind === "file")
    return [
      `${as}mkdir -p ${q(dirname(live))}; printf content >${q(live)}; chown ${ids} ${q(live)}; chmod ${live === "/etc/machine-id" ? "644" : "640"} ${q(live)}`,
    ];
  const fill = `printf content >${q(`${live}/file`)}; chown -R ${ids} ${q(live)}; chmod ${modeOf(entry, i)} ${q(live)}`;
  return [`${as}mkdir -p ${q(live)}; ${fill}`];
}

const looked = ({ live, kind }: RelocatedEntry): string =>
  `printf '%s\\t' "$(cat ${q(kind === "directory" ? `${live}/file` : live)})" "$(stat -Lc %a:%u:%g ${q(live)})" "$(stat -c %a:%u:%g ${q(dirname(live))})" ${q(live)}; echo`;

interface Seen {
  readonly content: string;
  readonly access: string;
  readonly around: string;
}

/** What was looked at, by live path. */
function seen(text: string): Map<string, Seen> {
  const rows = text.split("\n").map((line) => line.split("\t"));
  return new Map(
    rows.map(([content = "", access = "", around = "", live = ""]) => [live, { content, access, around }]),
  );
}

describeWith(["nix", "nix-sources", "systemd", "mount-namespace"], "the first boot after migrate.sh", () => {
  it("has everything in its place as it was, whatever mounts it", async () => {
    const stages = await Promise.all(
      ["none", "impermanence", "preservation"].map(async (module) => {
        const compiled = await compileText(everything(module));
        return { compiled, module, plan: nixosPlan(compiled), report: evaluateHost(compiled) };
      }),
    );
    // With `none` most can be kept; that module has no part in what is copied.
    const [{ compiled, plan, report }] = stages as [(typeof stages)[number]];
    const store = scratch("remanence-store-", memory);
    chmodSync(store, 0o755);
    const script = compiled.tree.find(({ path }) => path.endsWith("/migrate.sh"))?.content ?? "";
    writeFileSync(join(store, "migrate.sh"), script);
    const entries = mountedEntries(plan);
    const was = seen(
      boot({ report: before(report), plan, store, folder: scratch() }, [
        ...accounts(plan),
        ...entries.flatMap((entry, i) => lay(plan, entry, i)),
        ...entries.map(looked),
        "HOME=/root bash /persist/migrate.sh --yes >&2",
      ]),
    );
    for (const stage of stages) {
      const copy = join(scratch("remanence-store-", memory), "store");
      execFileSync("cp", ["-a", store, copy]);
      const here = mountedEntries(stage.plan);
      expect(here.length).toBeGreaterThan(30);
      const now = seen(boot({ ...stage, store: copy, folder: scratch() }, here.map(looked)));
      for (const entry of here) {
        const [then, is] = [was.get(entry.live), now.get(entry.live)];
        const access = then?.access.replace(/^\d+/, (mode) => entry.mode?.replace(/^0+/, "") ?? mode);
        const what = `${entry.live} with ${stage.module}`;
        expect(is, what).toEqual({ content: "content", access, around: then?.around });
      }
    }
  });
});
