import { readFileSync } from "node:fs";
import { nameOf } from "../names.ts";

/** A mount point of the machine that the scan runs on. */
export interface Mount {
  readonly path: string;
  /** `8:1`: the same for every mount of one file system. */
  readonly device: string;
  readonly type: string;
}

/** The mount points of this machine; none where there is no such list. */
export function readMounts(): readonly Mount[] {
  try {
    return parseMounts(nameOf(readFileSync("/proc/self/mountinfo")));
  } catch {
    return [];
  }
}

/** Reads proc_pid_mountinfo(5): `36 35 98:0 /root /mount/point options … - ext4 …`, white space in octal. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    const [, , device, , path] = fields;
    const type = fields[fields.indexOf("-") + 1];
    if (device === undefined || path === undefined || type === undefined) return [];
    return [{ device, path: path.replace(/\\([0-7]{3})/g, (_, octal: string) => byte(octal)), type }];
  });
}

function byte(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}

/** File systems that hold no state: made by the kernel, or a view of what lies elsewhere. */
const stateless =
  /^(?:proc|sysfs|devtmpfs|devpts|cgroup2?|securityfs|pstore|efivarfs|bpf|tracefs|debugfs|configfs|fusectl|mqueue|hugetlbfs|autofs|binfmt_misc|rpc_pipefs|nsfs|ramfs|tmpfs|overlay|squashfs|selinuxfs|fuse\.(?:portal|gvfsd-fuse|lxcfs|snapfuse))$/;

/**
 * The mount points that are not entered, by the folder they are in. With `crosses` those of other disks are entered, each file system
 * once: a second mount of the same one shows the same files.
 */
export function closedMounts(mounts: readonly Mount[], crosses: boolean): ReadonlyMap<string, ReadonlySet<string>> {
  const closed = new Map<string, Set<string>>();
  const seen = new Set(mounts.filter(({ path }) => path === "/").map(({ device }) => device));
  for (const { path, device, type } of mounts) {
    const isEntered = crosses && !stateless.test(type) && !seen.has(device);
    seen.add(device);
    if (isEntered || path === "/") continue;
    const end = path.lastIndexOf("/");
    const folder = path.slice(0, end) || "/";
    const names = closed.get(folder) ?? new Set();
    closed.set(folder, names.add(path.slice(end + 1)));
  }
  return closed;
}
