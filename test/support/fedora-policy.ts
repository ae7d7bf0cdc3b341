/** A root with SELinux' own tools and policy, for kernels without SELinux. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { selinuxLayer } from "./engine-table.ts";
import { type Run, run, type Scripts } from "./fedora.ts";
import { scratch } from "./workspace.ts";

/**
 * `restorecon` does nothing where the kernel has no SELinux. Here it is played by setfiles, which is the same program and
 * labels all the same. Who called it, and for what, is noted in /calls.
 */
const restorecon = `#!/bin/bash
printf '%s %s\\n' "$EUID" "$*" >>/calls
recursive=no leave=()
while [[ $1 == -* ]]; do
  case $1 in
    -R) recursive=yes ;;
    -e) leave+=(-e "$2"); shift ;;
    --) shift; break ;;
  esac
  shift
done
if [[ $recursive == yes ]]; then
  exec setfiles "\${leave[@]}" /etc/selinux/default/contexts/files/file_contexts "$@"
fi
for path in "$@"; do setfattr -h -n security.selinux -v "$(matchpathcon -n "$path")" "$path" || exit 1; done
`;
/** CAP_SYS_ADMIN, by which a user may label what SELinux would let them label. */
const capability = "0x0100000200002000000000000000000000000000";

export interface PolicyRoot {
  /** Its path, from outside. */
  readonly path: string;
  /** Runs a command in it: as root, or as the user `ann`. */
  sh(script: string, who?: "root" | "ann"): Run;
  /** Runs one of the scripts that `use` put there. */
  script(name: string, args: readonly string[], who?: "root" | "ann"): Run;
  /** Puts a host's scripts there. */
  use(scripts: Scripts): void;
}

const home = { root: "/root", ann: "/home/ann" };

/**
 * This machine's root with the policy laid over it, which a test may change as it likes: it is gone afterwards. SELinux
 * says there that it is on; labels are looked up and written for real, and nothing enforces them.
 */
export function policyRoot(mode: "Enforcing" | "Permissive" | "off" = "Enforcing"): PolicyRoot {
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
  call("cp", "-a", selinuxLayer, join(top, "upper"));
  call("mount", "-t", "overlay", "overlay", "-o", `lowerdir=/,upperdir=${top}/upper,workdir=${top}/work`, path);
  call("mount", "-t", "proc", "proc", join(path, "proc"));
  call("mount", "--bind", "/dev", join(path, "dev"));
  // File systems of their own: on an overlay files and directories have several devices.
  for (const name of ["home", "persist"]) {
    mkdirSync(join(path, name), { recursive: true });
    call("mount", "-t", "tmpfs", "tmpfs", join(path, name));
  }
  const put = (name: string, text: string): void => writeFileSync(join(path, name), text, { mode: 0o755 });
  put("usr/sbin/restorecon.new", restorecon);
  put("usr/sbin/selinuxenabled.new", `#!/bin/sh\n${mode === "off" ? "exit 1" : "exit 0"}\n`);
  put("usr/sbin/getenforce.new", `#!/bin/sh\necho ${mode}\n`);
  const inside = (script: string, who: "root" | "ann" = "root"): Run =>
    run(
      [
        "chroot",
        ...(who === "ann" ? ["--userspec=4242:4242"] : []),
        path,
        "env",
        "-i",
        `HOME=${home[who]}`,
        "PATH=/usr/bin:/usr/sbin",
        "bash",
        "-c",
        `cd /; ${script}`,
      ],
      { home: "/" },
    );
  const made = inside(`
    set -e
    for name in restorecon selinuxenabled getenforce; do mv -T /usr/sbin/$name.new /usr/sbin/$name; done
    for program in /usr/bin/setfattr /usr/sbin/setfiles; do
      cp "$(readlink -f $program)" /tmp/copy; rm $program; mv /tmp/copy $program
      setfattr -n security.capability -v ${capability} $program
    done
    echo 'ann:x:4242:4242::/home/ann:/bin/bash' >>/etc/passwd
    echo 'ann:x:4242:' >>/etc/group
    install -d -o 4242 -g 4242 -m 0700 /home/ann
    chmod 0755 /home /persist
    install -d -m 0755 /persist/home
    install -d -o 4242 -g 4242 -m 0700 /persist/home/ann
    install -m 0666 /dev/null /calls
    restorecon -R /home/ann; : >/calls`);
  if (made.code !== 0) throw new Error(made.out + made.err);
  return {
    path,
    sh: inside,
    script: (name, args, who = "ann") => inside(`exec bash /scripts/${name}.sh ${args.join(" ")}`, who),
    use: (scripts) => call("cp", "-rT", scripts.folder, join(path, "scripts")),
  };
}
