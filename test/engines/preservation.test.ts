import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { machineFolder } from "../support/machines.ts";
import type { TmpfilesRule } from "../support/nix.ts";
import { evaluateHost, expectClean, expectPlanned, nixosPlan } from "../support/nixos.ts";
import { compileText, folderWith, readText } from "../support/workspace.ts";

const home = { "/home": { device: "/dev/disk/by-label/nixos", fsType: "btrfs" } };

/** The example of a machine, kept by preservation. */
function byPreservation(machine: string, ...changes: readonly [string, string][]): Promise<Compiled> {
  const text = readText(machineFolder(machine), "persistence.yaml").replace(/^ *module: impermanence\n/m, "");
  const own: [string, string] = ['release: "26.05"', 'release: "26.05"\n      module: preservation'];
  return compileText(
    [own, ...changes].reduce((before, [from, to]) => {
      expect(before).toContain(from);
      return before.replace(from, () => to);
    }, text),
  );
}

/** Everything that has a form of its own, for two users and two stores. */
const everything = `version: 1
stores: { persist: /persist, bulk: /persist/bulk }
users: { alice: {}, bob.b: { home: /data/bob, group: staff } }
hosts: { laptop: { os: nixos, nixos: { module: preservation, wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids, machine-id, ssh-host-keys, postgresql, journald]
system:
  - /var/lib/thing/
  - { path: /var/lib/owned/, owner: app, group: app, mode: "0710" }
  - { path: /var/lib/keys/master, class: secret, writes: in-place }
  - { path: /var/lib/keys/link, how: symlink, writes: in-place }
  - { path: /var/lib/linked/, how: symlink }
  - { path: /srv/deep/linked.conf, how: symlink, writes: in-place }
  - { path: /etc/app.conf, writes: in-place, owner: app }
  - { path: /srv/films/, store: bulk }
home:
  - Documents/
  - { path: .ssh/, class: secret }
  - { path: .config/deep/er/, note: reason }
  - { path: .local/share/linked/, how: symlink }
  - { path: .config/one.conf, writes: in-place }
  - { path: .config/two.conf, writes: in-place, how: symlink }
  - { path: .netrc, class: secret, writes: in-place }
  - { path: Films/all/, store: bulk }
  - { path: shared/, group: video }
`;

function withNames(names: readonly string[]): string {
  const paths = names.map((name) => JSON.stringify(`${name}/`)).join(", ");
  return `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { module: preservation, wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids]
home: [{ path: [${paths}] }]
`;
}

describeWith(["nix", "nix-sources"], "persistence.nix with the real preservation", () => {
  it.each<[string, readonly [string, string][]]>([
    ["gabriel", []],
    ["gabriel", [["relocate: wiped", "relocate: all"]]],
    ["mitsio", []],
    ["mitsio", [["home: standalone", "home: nixos-module"]]],
  ])("is clean for %s, and mounts and makes what is planned, line by line", async (machine, changes) => {
    const compiled = await byPreservation(machine, ...changes);
    const report = evaluateHost(compiled, machine === "gabriel" ? home : {});
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
    expect(report.initrd.systemd).toBe(true);
  });

  it("is clean for all that has a form of its own", async () => {
    const compiled = await compileText(everything);
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
    expect(report.mounts.filter(({ stage }) => stage === "initrd").map(({ where }) => where)).toEqual([
      "/sysroot/var/lib/nixos",
      "/sysroot/etc/machine-id",
    ]);
    expect(report.suppressedSystemUnits).toEqual(["systemd-machine-id-commit.service"]);
    expect(report.neededForBoot).toContain("/persist");
    for (const { options } of report.mounts) expect(options.split(",")).toContain("x-gvfs-hide");
  });

  it("is clean on a release whose own initrd is another one", async () => {
    const compiled = await compileText(everything.replace("module:", 'release: "25.11", module:'));
    const report = evaluateHost(compiled);
    expectClean(report);
    expect(report.initrd.systemd).toBe(true);
  });

  it("carries any name that check lets through, and check refuses only what NixOS cannot carry", async () => {
    const unit = fc.constantFrom(..."ab9 '\"$`\\{}[]()#;&|<>~!^=,:@+-_.é%λ");
    const sample = fc.sample(fc.string({ unit, minLength: 1, maxLength: 12 }), { numRuns: 120, seed: 42 });
    const names = [...new Set(sample)].filter((name) => !/^\.{1,2}$|[\\ ]$/.test(name));
    const verdicts = await Promise.all(
      names.map(async (name) => (await compileText(withNames([name]))).tree.length > 0),
    );
    const good = names.filter((_, i) => verdicts[i]);
    const bad = names.filter((_, i) => !verdicts[i]);
    expect(good.length).toBeGreaterThan(20);
    expect(bad.filter((name) => !/[%'\\]|[^ -~]|\{[^{}]*,[^{}]*\}/.test(name))).toEqual([]);
    const compiled = await compileText(withNames(good));
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
  });
});

/** A line of tmpfiles.d as NixOS writes it. */
function lineOf({ type, path, mode, user, group, age, argument }: TmpfilesRule): string {
  return `'${path}' '${type}' '${mode}' '${user}' '${group}' '${age}' ${argument}`.replace(/^('.*?') ('.*?')/, "$2 $1");
}

describeWith(["nix", "nix-sources", "systemd", "root"], "the rules of preservation, run by systemd-tmpfiles", () => {
  it("set what the manifest says at each boot, and leave alone what it does not say", async () => {
    const report = evaluateHost(await compileText(everything));
    const root = folderWith({
      "etc/passwd":
        "root:x:0:0::/root:/bin/sh\nalice:x:1001:100::/home/alice:/bin/sh\nbob.b:x:1002:50::/data/bob:/bin/sh\napp:x:200:200::/:/bin/sh\npostgres:x:71:71::/:/bin/sh\n",
      "etc/group":
        "root:x:0:\nusers:x:100:\nstaff:x:50:\napp:x:200:\npostgres:x:71:\nsystemd-journal:x:62:\nvideo:x:26:\n",
      "rules.conf": report.tmpfiles
        .filter(({ stage }) => stage === "system")
        .map((rule) => `${lineOf(rule)}\n`)
        .join(""),
    });
    const command = engineCommand("systemd").replace(/analyze$/, "tmpfiles");
    // Mount units make both ends of a mount before tmpfiles runs, as root.
    for (const mount of report.mounts.filter(
      (one) => one.stage === "system" && one.conditions["ConditionPathExists"] === undefined,
    )) {
      for (const path of [mount.what, mount.where]) mkdirSync(join(root, path), { recursive: true });
    }
    const boot = (): string =>
      execFileSync(command, ["--create", `--root=${root}`, join(root, "rules.conf")], {
        encoding: "utf8",
        stdio: "pipe",
      });
    const accessOf = (path: string): string => {
      const { mode, uid, gid } = statSync(join(root, path));
      return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    };
    boot();
    const first = {
      "/persist/var/lib/thing": "755 0:0",
      "/persist/var/lib/owned": "710 200:200",
      "/persist/var/lib/keys": "700 0:0",
      "/persist/var/lib/keys/master": "600 0:0",
      "/persist/var/lib/postgresql": "700 71:71",
      "/persist/home/alice": "700 1001:100",
      "/persist/home/alice/Documents": "755 1001:100",
      "/persist/home/alice/.ssh": "700 1001:100",
      "/persist/home/alice/.config/deep": "755 1001:100",
      "/home/alice/.config": "755 1001:100",
      "/persist/home/alice/.netrc": "600 1001:100",
      "/persist/home/alice/shared": "755 1001:26",
      "/persist/data/bob/Documents": "755 1002:50",
      "/persist/bulk/data/bob/Films": "755 1002:50",
      "/persist/etc/app.conf": "644 200:0",
    };
    expect(Object.fromEntries(Object.keys(first).map((path) => [path, accessOf(path)]))).toEqual(first);
    // A service and a person set their own; something loosens what the manifest says.
    chownSync(join(root, "/persist/var/lib/thing"), 200, 200);
    chmodSync(join(root, "/persist/var/lib/thing"), 0o700);
    chmodSync(join(root, "/persist/home/alice/Documents"), 0o700);
    chmodSync(join(root, "/persist/home/alice/.config/one.conf"), 0o600);
    chmodSync(join(root, "/persist/home/alice/.ssh"), 0o777);
    boot();
    expect(accessOf("/persist/var/lib/thing")).toBe("700 200:200");
    expect(accessOf("/persist/home/alice/Documents")).toBe("700 1001:100");
    expect(accessOf("/persist/home/alice/.config/one.conf")).toBe("600 1001:100");
    expect(accessOf("/persist/home/alice/.ssh")).toBe("700 1001:100");
  });
});
