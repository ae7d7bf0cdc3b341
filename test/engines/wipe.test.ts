import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import { evalNix } from "../support/nix.ts";
import { evaluateHost, expectClean, modulesOf, nixosPlan } from "../support/nixos.ts";
import { compileText, folderWith, scratch } from "../support/workspace.ts";

function manifest(wipe: string): string {
  return `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { wipe: ${wipe} } } }
profiles: [nixos-ids, machine-id]
home: [Documents/]
`;
}

const btrfs = (device: string, more = ""): string =>
  manifest(`{ path: /, method: btrfs, device: '${device}', subvolume: "@", retain: 30d ${more} }`);

const zfs = (dataset: string): string =>
  manifest(`{ path: /, method: zfs, dataset: ${dataset}, snapshot: "${dataset}@blank" }`);

/** The script of the unit, as it comes out of the module. */
async function scriptFor(device: string): Promise<string> {
  const compiled = await compileText(btrfs(device));
  const module = modulesOf(compiled, "laptop", "nixos").find((path) => path.endsWith("wipe.nix"));
  return evalNix(
    `(import ${module} { lib.mkDefault = x: x; }).boot.initrd.systemd.services.remanence-wipe-root.script`,
  ) as string;
}

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

/** A btrfs on a loop device, its top mounted at `top`; gone when the test is over. */
function loopBtrfs(): { device: string; top: string } {
  const folder = scratch();
  const image = join(folder, "disk");
  const top = join(folder, "top");
  execFileSync("truncate", ["-s", "256M", image]);
  execFileSync("mkfs.btrfs", ["-q", image]);
  const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
  mkdirSync(top);
  execFileSync("mount", ["-o", "subvolid=5", device, top]);
  onTestFinished(() => {
    spawnSync("umount", [top]);
    spawnSync("losetup", ["--detach", device]);
  });
  return { device, top };
}

/** One boot: the script in a mount namespace of its own, at a time; `killAfter` commands it is killed. */
function boot(script: string, at: string, killAfter?: number): number | null {
  const clock = `date() { if [[ $* == +%s ]]; then command date -d ${at} +%s; else command date "$@"; fi; }; mountpoint=x\n`;
  const trap = killAfter === undefined ? "" : `n=0; set -T; trap '((++n == ${killAfter})) && kill -9 $$' DEBUG\n`;
  const run = spawnSync("unshare", ["--mount", "--propagation", "private", "bash", "-c", `${clock}${trap}${script}`], {
    encoding: "utf8",
  });
  return run.status;
}

function subvolume(path: string): void {
  execFileSync("btrfs", ["subvolume", "create", path], { stdio: "ignore" });
}

const day = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 86_400_000).toISOString();

describeWith(["nix", "btrfs", "loop", "mount-namespace"], "the wipe script on a real btrfs", () => {
  it("replaces the root at each boot and keeps old ones for thirty days, nested subvolumes and all", async () => {
    const { device, top } = loopBtrfs();
    const script = await scriptFor(device);
    for (const name of ["@", "@nix", "@persist"]) subvolume(join(top, name));
    writeFileSync(join(top, "@persist", "key"), "precious");
    for (let n = 0; n < 50; n++) {
      subvolume(join(top, "@", "srv"));
      subvolume(join(top, "@", "srv", "inner one"));
      writeFileSync(join(top, "@", "boot"), String(n));
      expect(boot(script, day(n))).toBe(0);
      expect(readdirSync(join(top, "@"))).toEqual([]);
    }
    const kept = readdirSync(join(top, "@-old"));
    expect(kept.length).toBe(31);
    expect(kept[0]).toBe("2026-01-20T00-00-00Z");
    expect(readdirSync(top).sort()).toEqual(["@", "@-old", "@nix", "@persist"]);
    expect(statSync(join(top, "@persist", "key")).size).toBe(8);
  });

  it("loses nothing when it is killed at any step, and the next boot finishes", async () => {
    const { device, top } = loopBtrfs();
    const script = await scriptFor(device);
    subvolume(join(top, "@"));
    let boots = 0;
    for (let step = 1; step < 60; step++) {
      writeFileSync(join(top, "@", "mark"), String(step));
      const before = existsSync(join(top, "@-old")) ? readdirSync(join(top, "@-old")).length : 0;
      const code = boot(script, day(step), step);
      expect(boot(script, day(step))).toBe(0);
      expect(readdirSync(join(top, "@"))).toEqual([]);
      const archived = readdirSync(join(top, "@-old"));
      const marks = archived.filter((name) => existsSync(join(top, "@-old", name, "mark")));
      expect(archived.length).toBeGreaterThan(Math.min(before, 30) - 1);
      expect(marks.some((name) => name.startsWith(day(step).slice(0, 10)))).toBe(true);
      boots++;
      if (code === 0) break;
    }
    expect(boots).toBeGreaterThan(10);
  });

  it("leaves the old root in its place where no new one can be made", async () => {
    const { device, top } = loopBtrfs();
    const script = await scriptFor(device);
    subvolume(join(top, "@"));
    writeFileSync(join(top, "@", "mark"), "old");
    const full = 'btrfs() { if [[ $2 == create ]]; then return 1; else command btrfs "$@"; fi; }\n';
    expect(boot(`${full}${script}`, day(0))).toBe(1);
    expect(readdirSync(join(top, "@"))).toEqual(["mark"]);
    expect(boot(script, day(0))).toBe(0);
    expect(readdirSync(join(top, "@"))).toEqual([]);
  });

  it("keeps to its own disk where two are wiped at once", async () => {
    const [one, other] = [loopBtrfs(), loopBtrfs()];
    const scripts = await Promise.all([one, other].map(({ device }) => scriptFor(device)));
    for (const { top } of [one, other]) {
      subvolume(join(top, "@"));
      writeFileSync(join(top, "@", "mark"), top);
    }
    // The second begins where the first has mounted its disk, and ends before the first goes on.
    const second = `(${scripts[1]}\n)\n`;
    const both = scripts[0]?.replace(/^mount .*$/m, (line) => `${line}\n${second}`) ?? "";
    expect(boot(both, day(0))).toBe(0);
    for (const { top } of [one, other]) {
      expect(readdirSync(join(top, "@"))).toEqual([]);
      expect(readFileSync(join(top, "@-old", "2026-01-01T00-00-00Z", "mark"), "utf8")).toBe(top);
    }
  });

  it("deletes nothing that is no subvolume of the archive, and wipes nothing that is no subvolume", async () => {
    const { device, top } = loopBtrfs();
    const script = await scriptFor(device);
    // A backup that was restored as plain folders, and a note beside it.
    mkdirSync(join(top, "@-old", "2020-01-01T00-00-00Z", "etc"), { recursive: true });
    writeFileSync(join(top, "@-old", "notes"), "mine");
    subvolume(join(top, "@"));
    subvolume(join(top, "@persist"));
    expect(boot(script, day(0))).toBe(0);
    expect(readdirSync(join(top, "@-old")).sort()).toEqual(["2020-01-01T00-00-00Z", "2026-01-01T00-00-00Z", "notes"]);
    execFileSync("btrfs", ["subvolume", "delete", join(top, "@")], { stdio: "ignore" });
    mkdirSync(join(top, "@"));
    writeFileSync(join(top, "@", "file"), "stays");
    expect(boot(script, day(1))).toBe(1);
    expect(readdirSync(join(top, "@"))).toEqual(["file"]);
  });
});
