/** A root with SELinux' own tools and policy, for kernels without SELinux. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { selinuxLayer } from "./engine-table.ts";
import { type OwnRoot, ownRoot } from "./fedora-root.ts";

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

/**
 * This machine's root with the policy laid over it, which a test may change as it likes: it is gone afterwards. SELinux
 * says there that it is on; labels are looked up and written for real, and nothing enforces them.
 */
export function policyRoot(mode: "Enforcing" | "Permissive" | "off" = "Enforcing"): OwnRoot {
  const root = ownRoot(selinuxLayer);
  const { path } = root;
  const put = (name: string, text: string): void => writeFileSync(join(path, name), text, { mode: 0o755 });
  put("usr/sbin/restorecon.new", restorecon);
  put("usr/sbin/selinuxenabled.new", `#!/bin/sh\n${mode === "off" ? "exit 1" : "exit 0"}\n`);
  put("usr/sbin/getenforce.new", `#!/bin/sh\necho ${mode}\n`);
  const made = root.sh(`
    set -e
    for name in restorecon selinuxenabled getenforce; do mv -T /usr/sbin/$name.new /usr/sbin/$name; done
    for program in /usr/bin/setfattr /usr/sbin/setfiles; do
      cp "$(readlink -f $program)" /tmp/copy; rm $program; mv /tmp/copy $program
      setfattr -n security.capability -v ${capability} $program
    done
    install -d -o 4242 -g 4242 -m 0700 /home/ann
    install -d -m 0755 /persist/home
    install -d -o 4242 -g 4242 -m 0700 /persist/home/ann
    install -m 0666 /dev/null /calls
    restorecon -R /home/ann; : >/calls`);
  if (made.code !== 0) throw new Error(made.out + made.err);
  return root;
}
