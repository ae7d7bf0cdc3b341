/** The wipe of the initrd, taken out of the evaluated module and run on a disk of the test. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { evalNix } from "./nix.ts";
import { evaluateHost, modulesOf } from "./nixos.ts";
import { compileText, folderWith, scratch } from "./workspace.ts";

export const initrds = ["systemd", "scripted"] as const;

/** What runs in the initrd: text for bash as the unit has it, or for the shell of the scripted stage 1. */
export interface Wiping {
  readonly initrd: (typeof initrds)[number];
  readonly text: string;
}

export function manifest(wipe: string): string {
  return `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { wipe: ${wipe} } } }
profiles: [nixos-ids, machine-id]
home: [Documents/]
`;
}

export function btrfs(device: string, more = ""): string {
  return manifest(`{ path: /, method: btrfs, device: '${device}', subvolume: "@", retain: 30d ${more} }`);
}

/** The same host under the initrd that NixOS 25.11 has by itself. */
export function scripted(text: string): string {
  return text.replace("nixos: {", 'nixos: { release: "25.11", initrd: scripted,');
}

export async function wipingOf(initrd: Wiping["initrd"], device: string, more = ""): Promise<Wiping> {
  const text = btrfs(device, more);
  const compiled = await compileText(initrd === "scripted" ? scripted(text) : text);
  if (initrd === "scripted") return { initrd, text: evaluateHost(compiled).initrd.postResumeCommands };
  const module = modulesOf(compiled, "laptop", "nixos").find((path) => path.endsWith("wipe.nix"));
  const script = `(import ${module} { lib.mkDefault = x: x; }).boot.initrd.systemd.services.remanence-wipe-root.script`;
  return { initrd, text: evalNix(script) as string };
}

/** A btrfs on a loop device, its top mounted at `top`; gone when the test is over. */
export function loopBtrfs(): { device: string; top: string } {
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

const system = "/usr/sbin:/usr/bin:/sbin:/bin";
const tools = ["mkdir", "mv", "btrfs", "mount", "umount", "rmdir", "stat", "mktemp", "date"];

/**
 * Tools that tell the time of the test, and in place of their n-th call cut the power: all that runs is killed. `FAIL` names a
 * word of a call that fails. `ash` is a stand-in: dash, which has the same ancestor and knows no more.
 */
function toolbox(): string {
  const clock = 'if [[ $* == +%s ]]; then exec /usr/bin/date -d "$NOW" +%s; fi';
  const wrapper = (tool: string): string => `#!/bin/bash
n=$(($(<"$COUNT") + 1)); echo $n >"$COUNT"
[[ $n != "$CUT_AT" ]] || { kill -9 0; sleep 9; }
[[ -z $FAIL || " $* " != *" $FAIL "* ]] || exit 1
${tool === "date" ? clock : ""}
PATH=${system} exec ${tool} "$@"
`;
  const texts = tools.map((tool) => [tool, wrapper(tool)]);
  const folder = folderWith({ ...Object.fromEntries(texts), ash: '#!/bin/sh\nexec dash "$@"\n' });
  for (const tool of [...tools, "ash"]) chmodSync(join(folder, tool), 0o755);
  return folder;
}

export interface Trouble {
  /** The call of a tool that the power is cut at, counted from 1. */
  readonly cutAt?: number;
  /** A word of a call that fails. */
  readonly fail?: string;
}

/** One boot at a time, in a mount namespace of its own; null where the power was cut. */
export function boot({ initrd, text }: Wiping, at: string, { cutAt, fail }: Trouble = {}): number | null {
  const box = toolbox();
  writeFileSync(join(box, "count"), "0");
  const env = { PATH: system, NOW: at, COUNT: join(box, "count"), CUT_AT: String(cutAt ?? ""), FAIL: fail ?? "" };
  // As stage 1 has it, but that nobody is there to answer.
  const around = initrd === "scripted" ? `fail() { exit 9; }\n${text}` : text;
  const shell = initrd === "scripted" ? "/usr/bin/dash" : "/bin/bash";
  const start = 'mount -t tmpfs none /run; PATH=$1:$PATH; exec "$2" -c "$3"';
  const args = ["--mount", "--propagation", "private", "/bin/sh", "-c", start, "-", box, shell, around];
  const run = spawnSync("setsid", ["--wait", "unshare", ...args], { encoding: "utf8", env });
  return run.status !== null && run.status < 128 ? run.status : null;
}

export function subvolume(path: string): void {
  execFileSync("btrfs", ["subvolume", "create", path], { stdio: "ignore" });
}
