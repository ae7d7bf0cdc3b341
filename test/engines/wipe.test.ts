import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { evalNix } from "../support/nix.ts";
import { evaluateHost, expectClean, modulesOf, nixosPlan } from "../support/nixos.ts";
import { boot, btrfs, initrds, loopBtrfs, manifest, scripted, subvolume, wipingOf } from "../support/wiping.ts";
import { compileText, folderWith } from "../support/workspace.ts";

const zfs = (dataset: string): string =>
  manifest(`{ path: /, method: zfs, dataset: ${dataset}, snapshot: "${dataset}@blank" }`);

describeWith(["nix", "nix-sources"], "wipe.nix with the real modules", () => {
  it("waits for the device and for a resume, and runs before the root is mounted", async () => {
    // As udev writes a label with a blank.
    const device = "/dev/disk/by-label/my\\x20nixos";
    const report = evaluateHost(await compileText(btrfs(device)), { "/": { device, fsType: "btrfs" } });
    expectClean(report);
    const unit = report.initrd.units["remanence-wipe-root"];
    expect(report.initrd.systemd).toBe(true);
    expect(unit?.requires).toEqual(["dev-disk-by\\x2dlabel-my\\x5cx20nixos.device"]);
    expect(unit?.after).toEqual(["dev-disk-by\\x2dlabel-my\\x5cx20nixos.device", "local-fs-pre.target"]);
    expect(unit?.before).toEqual(["sysroot.mount"]);
    expect([unit?.wantedBy, unit?.requiredBy]).toEqual([["initrd.target"], []]);
  });

  it("rolls a dataset back after its pool is imported and before the root is mounted", async () => {
    const compiled = await compileText(zfs("tank/local/root"));
    const own = folderWith({ "own.nix": '{ networking.hostId = "8425e349"; }' });
    const report = evaluateHost(compiled, { "/": {} }, [join(own, "own.nix")]);
    expectClean(report);
    const unit = report.initrd.units["remanence-wipe-root"];
    expect(unit?.requires).toEqual(["zfs-import-tank.service"]);
    expect(unit?.after).toEqual(["zfs-import-tank.service", "local-fs-pre.target"]);
    expect(unit?.before).toEqual(["sysroot.mount"]);
    expect([unit?.wantedBy, unit?.requiredBy, report.initrd.systemd]).toEqual([["initrd.target"], [], true]);
    // Another dataset on that path is a conflict, and nobody's data.
    expect(() => evaluateHost(compiled, { "/": { device: "tank/safe/root" } }, [join(own, "own.nix")])).toThrow(
      /conflicting definition values/,
    );
  });

  it("runs after a resume in the scripted initrd of NixOS 25.11", async () => {
    const report = evaluateHost(await compileText(scripted(btrfs("/dev/vda2"))), { "/": { device: "/dev/vda2" } });
    expectClean(report);
    expect(report.initrd.systemd).toBe(false);
    expect(report.initrd.units).toEqual({});
    expect(report.initrd.postDeviceCommands).toBe("");
    expect(report.initrd.postResumeCommands).toMatch(/^cat >'\/run\/remanence-wipe-root' <<'END_OF_TEXT'\ndevice=/);
    const both = await compileText(scripted(zfs("tank/local/root")));
    const own = folderWith({ "own.nix": '{ networking.hostId = "8425e349"; }' });
    const rolling = evaluateHost(both, { "/": {} }, [join(own, "own.nix")]);
    expectClean(rolling);
    expect(rolling.initrd.postResumeCommands).toContain('zfs rollback -r "$snapshot"');
  });

  it("stops the boot when it fails, where the manifest asks for that", async () => {
    const report = evaluateHost(await compileText(btrfs("/dev/vda2", ", on-failure: stop")));
    const unit = report.initrd.units["remanence-wipe-root"];
    expect([unit?.wantedBy, unit?.requiredBy]).toEqual([[], ["initrd.target"]]);
  });

  it("puts the root into memory with its size", async () => {
    const compiled = await compileText(manifest('{ path: /, method: tmpfs, size: "25%" }'));
    const report = evaluateHost(compiled);
    expectClean(report);
    expect(nixosPlan(compiled).host.nixos.wipes[0]?.size).toBe("25%");
    const module = modulesOf(compiled, "laptop", "nixos").find((path) => path.endsWith("wipe.nix"));
    expect(evalNix(`(import ${module}).fileSystems`)).toEqual({
      "/": { fsType: "tmpfs", options: ["size=25%", "mode=755"] },
    });
  });
});

describeWith(["nix"], "the rollback script with a stand-in for zfs", () => {
  /** What the stand-in was told, one call a line, and how the script ended. */
  async function roll(known: string, mounted: string): Promise<{ calls: string[]; code: number | null }> {
    const compiled = await compileText(zfs("tank/local/root"));
    const module = modulesOf(compiled, "laptop", "nixos").find((path) => path.endsWith("wipe.nix"));
    const script = evalNix(`(import ${module}).boot.initrd.systemd.services.remanence-wipe-root.script`) as string;
    const folder = folderWith({
      zfs: `#!/bin/sh
echo "$*" >>"\${0%/*}/calls"
case $1 in
list) [ "$7" = '${known}' ] || { echo "dataset does not exist" >&2; exit 1; } ;;
get) echo ${mounted} ;;
esac
`,
    });
    chmodSync(join(folder, "zfs"), 0o755);
    const env = { PATH: `${folder}:/usr/bin:/bin` };
    const { status } = spawnSync("bash", ["-c", script], { encoding: "utf8", env });
    return { calls: readFileSync(join(folder, "calls"), "utf8").trim().split("\n"), code: status };
  }
  const list = "list -H -t snapshot -o name tank/local/root@blank";
  const get = "get -H -o value mounted tank/local/root";

  it("rolls back that dataset to that snapshot, and touches no clone", async () => {
    const { calls, code } = await roll("tank/local/root@blank", "no");
    expect({ calls, code }).toEqual({ calls: [list, get, "rollback -r tank/local/root@blank"], code: 0 });
  });

  it("does nothing where the snapshot is not there, or the dataset in use", async () => {
    expect(await roll("tank/local/root@other", "no")).toEqual({ calls: [list], code: 1 });
    expect(await roll("tank/local/root@blank", "yes")).toEqual({ calls: [list, get], code: 1 });
  });
});

/** Seconds since 1970 of a day of January 2026 and after. */
const second = (n: number): number => Date.UTC(2026, 0, 1) / 1000 + n * 86_400;
const at = (seconds: number): string => `@${seconds}`;
const nameAt = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
const month = 30 * 86_400;

/** A hundred were run when this was written; so many are enough for each kind of clock to come. */
const boots = Number(process.env.WIPE_BOOTS ?? 36);

/** Clocks as they are, that stood still, were set back, and have no battery. */
function clocks(count: number): number[] {
  return Array.from({ length: count }, (_, n) => {
    if (n % 17 === 5) return n * 60;
    if (n % 11 === 3) return second(n - 9);
    return n % 13 === 7 ? second(n - 1) : second(n);
  });
}

/** What the archive holds after a boot, by its own law: a name for each old root, gone when it is older than the limit. */
function archiveAfter(before: readonly string[], now: number): string[] {
  let name = nameAt(now);
  while (before.includes(name)) name += "+";
  return [...before, name].filter((old) => old >= nameAt(now - month)).sort();
}

const needed = ["nix", "nix-sources", "btrfs", "loop", "mount-namespace"] as const;

describeWith(needed, "the wipe script on a real btrfs", () => {
  it.each(initrds)("of the %s initrd replaces the root at each boot and keeps old ones for a month", async (initrd) => {
    const { device, top } = loopBtrfs();
    const wiping = await wipingOf(initrd, device);
    for (const name of ["@", "@nix", "@persist"]) subvolume(join(top, name));
    writeFileSync(join(top, "@persist", "key"), "precious");
    let archive: string[] = [];
    for (const [n, now] of clocks(boots).entries()) {
      // What stays of an old root is all that was in it, nested subvolumes too; those go with it.
      if (n % 4 === 0) {
        subvolume(join(top, "@", "srv"));
        subvolume(join(top, "@", "srv", "inner one"));
      }
      writeFileSync(join(top, "@", "boot"), String(n));
      expect(boot(wiping, at(now)), String(n)).toBe(0);
      expect(readdirSync(join(top, "@"))).toEqual([]);
      archive = archiveAfter(archive, now);
      expect(readdirSync(join(top, "@-old")).sort()).toEqual(archive);
    }
    expect(archive.length).toBeGreaterThan(20);
    expect(readdirSync(top).sort()).toEqual(["@", "@-old", "@nix", "@persist"]);
    expect(readFileSync(join(top, "@persist", "key"), "utf8")).toBe("precious");
    const listed = execFileSync("btrfs", ["subvolume", "list", top], { encoding: "utf8" });
    expect(listed.split("\n").filter((line) => line.includes("inner one")).length).toBeLessThan(archive.length);
  });

  it.each(initrds)("of the %s initrd loses nothing when the power is cut at any step", async (initrd) => {
    const { device, top } = loopBtrfs();
    const wiping = await wipingOf(initrd, device);
    for (const name of ["@", "@persist"]) subvolume(join(top, name));
    writeFileSync(join(top, "@persist", "key"), "precious");
    // So that there is something to delete in each boot.
    for (let n = 0; n < 6; n++) boot(wiping, at(second(n - 100)));
    let cuts = 0;
    for (let step = 1; step < 60; step++) {
      const now = second(step * 31);
      subvolume(join(top, "@", "inner"));
      writeFileSync(join(top, "@", "mark"), String(step));
      const code = boot(wiping, at(now), { cutAt: step });
      // Whatever was left: the next boot gives an empty root, and the old one is in the archive, whole.
      expect(boot(wiping, at(now)), String(step)).toBe(0);
      expect(readdirSync(join(top, "@"))).toEqual([]);
      const marked = readdirSync(join(top, "@-old")).filter((name) => existsSync(join(top, "@-old", name, "mark")));
      const marks = marked.map((name) => readFileSync(join(top, "@-old", name, "mark"), "utf8"));
      expect(marks).toContain(String(step));
      expect(readFileSync(join(top, "@persist", "key"), "utf8")).toBe("precious");
      if (code === 0) break;
      cuts++;
    }
    expect(cuts).toBeGreaterThan(10);
    expect(cuts).toBeLessThan(59);
  });

  it.each(initrds)("of the %s initrd leaves the old root in its place where no new one can be made", async (initrd) => {
    const { device, top } = loopBtrfs();
    const wiping = await wipingOf(initrd, device);
    subvolume(join(top, "@"));
    writeFileSync(join(top, "@", "mark"), "old");
    // The scripted initrd says so and boots; asked to stop, it does.
    expect(boot(wiping, at(second(0)), { fail: "create" })).toBe(initrd === "systemd" ? 1 : 0);
    expect(readdirSync(join(top, "@"))).toEqual(["mark"]);
    if (initrd === "scripted") {
      const stopping = await wipingOf(initrd, device, ", on-failure: stop");
      expect(boot(stopping, at(second(0)), { fail: "create" })).toBe(9);
      expect(readdirSync(join(top, "@"))).toEqual(["mark"]);
    }
    expect(boot(wiping, at(second(0)))).toBe(0);
    expect(readdirSync(join(top, "@"))).toEqual([]);
  });

  it("keeps to its own disk where two are wiped at once", async () => {
    const [one, other] = [loopBtrfs(), loopBtrfs()];
    const [first, second_] = await Promise.all([one, other].map(({ device }) => wipingOf("systemd", device)));
    for (const { top } of [one, other]) {
      subvolume(join(top, "@"));
      writeFileSync(join(top, "@", "mark"), top);
    }
    // The second begins where the first has mounted its disk, and ends before the first goes on.
    const inner = `(${second_?.text}\n)\n`;
    const text = first?.text.replace(/^mount .*$/m, (line) => `${line}\n${inner}`) ?? "";
    expect(boot({ initrd: "systemd", text }, at(second(0)))).toBe(0);
    for (const { top } of [one, other]) {
      expect(readdirSync(join(top, "@"))).toEqual([]);
      expect(readFileSync(join(top, "@-old", "2026-01-01T00-00-00Z", "mark"), "utf8")).toBe(top);
    }
  });

  it.each(initrds)("of the %s initrd deletes nothing that is no subvolume of the archive", async (initrd) => {
    const { device, top } = loopBtrfs();
    const wiping = await wipingOf(initrd, device);
    // A backup that was restored as plain folders, and a note beside it.
    mkdirSync(join(top, "@-old", "2020-01-01T00-00-00Z", "etc"), { recursive: true });
    writeFileSync(join(top, "@-old", "notes"), "mine");
    subvolume(join(top, "@"));
    subvolume(join(top, "@persist"));
    expect(boot(wiping, at(second(0)))).toBe(0);
    expect(readdirSync(join(top, "@-old")).sort()).toEqual(["2020-01-01T00-00-00Z", "2026-01-01T00-00-00Z", "notes"]);
    execFileSync("btrfs", ["subvolume", "delete", join(top, "@")], { stdio: "ignore" });
    mkdirSync(join(top, "@"));
    writeFileSync(join(top, "@", "file"), "stays");
    expect(boot(wiping, at(second(1)))).toBe(initrd === "systemd" ? 1 : 0);
    expect(readdirSync(join(top, "@"))).toEqual(["file"]);
  });
});
