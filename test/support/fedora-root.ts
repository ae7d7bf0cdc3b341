/** A root of a test's own: this machine's, in which anything may be changed. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Run, run, type Scripts } from "./fedora.ts";
import { scratch } from "./workspace.ts";

type Who = "root" | "ann";

export interface OwnRoot {
  /** Its path, from outside. */
  readonly path: string;
  /** Runs a command in it: as root, or as the user `ann`. */
  sh(script: string, who?: Who, env?: Record<string, string>): Run;
  /** Runs one of the scripts that `use` put there. */
  script(name: string, args: readonly string[], who?: Who, env?: Record<string, string>): Run;
  /** Puts a host's scripts there. */
  use(scripts: Scripts): void;
}

const environmentOf = (who: Who): Record<string, string> => ({
  HOME: who === "root" ? "/root" : "/home/ann",
  PATH: "/usr/bin:/usr/sbin",
});

/** This machine's root with a user `ann`, and with a layer laid over it; gone after the test. /home and /persist are empty. */
export function ownRoot(layer?: string): OwnRoot {
  const top = mkdtempSync(join(scratch(), "root-"));
  const path = join(top, "merged");
  const call = (...command: string[]): void => {
    const done = run(command, { home: "/" });
    if (done.code !== 0) throw new Error(`${command.join(" ")}: ${done.err}`);
  };
  call("mount", "-t", "tmpfs", "tmpfs", top);
  onTestFinished(() => call("umount", "-R", "-l", top));
  for (const folder of ["work", "merged"]) mkdirSync(join(top, folder));
  // A copy: no layer may lie inside another.
  if (layer === undefined) mkdirSync(join(top, "upper"));
  else call("cp", "-a", layer, join(top, "upper"));
  call("mount", "-t", "overlay", "overlay", "-o", `lowerdir=/,upperdir=${top}/upper,workdir=${top}/work`, path);
  call("mount", "-t", "proc", "proc", join(path, "proc"));
  call("mount", "--bind", "/dev", join(path, "dev"));
  // File systems of their own: on an overlay files and directories have several devices.
  for (const name of ["home", "persist"]) {
    mkdirSync(join(path, name), { recursive: true });
    call("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", join(path, name));
  }
  const sh = (script: string, who: Who = "root", env: Record<string, string> = {}): Run => {
    const settings = Object.entries({ ...environmentOf(who), ...env }).map(([name, value]) => `${name}=${value}`);
    const as = who === "ann" ? ["--userspec=4242:4242"] : [];
    return run(["chroot", ...as, path, "env", "-i", ...settings, "/usr/bin/bash", "-c", `cd /; ${script}`], {
      home: "/",
    });
  };
  const made = sh("echo 'ann:x:4242:4242::/home/ann:/bin/bash' >>/etc/passwd && echo 'ann:x:4242:' >>/etc/group");
  if (made.code !== 0) throw new Error(made.out + made.err);
  return {
    path,
    sh,
    script: (name, args, who = "ann", env = {}) =>
      sh(`exec /usr/bin/bash /scripts/${name}.sh ${args.join(" ")}`, who, env),
    use: (scripts) => call("cp", "-rT", scripts.folder, join(path, "scripts")),
  };
}
