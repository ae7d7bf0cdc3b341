/** What the system's error codes mean to a person who wanted a file read or written. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted (it may be immutable: lsattr tells)",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EFBIG: "it is larger than a file may be here",
  EIO: "the disk fails",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "a directory is in the way",
  EEXIST: "something is in the way",
  ENOENT: "it is gone",
  EBUSY: "it is in use as a mount point",
  ELOOP: "its path is a loop of links",
  ENAMETOOLONG: "its name is too long for this file system",
};

/** Why a file could not be read or written; an error that is not the system's is a fault of ours, and thrown on. */
export function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return reasons[code] ?? code;
}
