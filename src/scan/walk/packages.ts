import { spawn } from "node:child_process";
import type { Stats } from "node:fs";
import { createInterface } from "node:readline";
import { linkText } from "./look.ts";
import { linkType, typeMask } from "./walker.ts";

/** A file as its package brought it. */
export interface PackagedFile {
  readonly bytes: number;
  /** Seconds since 1970. */
  readonly changed: number;
  readonly mode: number;
  readonly link: string;
}

/** The files that packages brought, of those places that hold state too; by live path. */
export type Packaged = ReadonlyMap<string, PackagedFile>;

const places = ["/etc/", "/var/", "/opt/", "/srv/", "/root/", "/usr/local/"];
/** A file that a package only lists as its own, and that others write (rpm: RPMFILE_GHOST). */
const ghost = 1 << 6;
const format = "[%{FILENAMES}\\t%{FILESIZES}\\t%{FILEMTIMES}\\t%{FILEMODES}\\t%{FILEFLAGS}\\t%{FILELINKTOS}\\n]";

/** Asks rpm what its packages brought; undefined where it cannot say. */
export function packagedFiles(root: string): Promise<Packaged | undefined> {
  const files = new Map<string, PackagedFile>();
  return new Promise((resolve) => {
    const rpm = spawn("rpm", ["--root", root, "-qa", "--qf", format], { stdio: ["ignore", "pipe", "ignore"] });
    const lines = createInterface({ input: rpm.stdout });
    lines.on("line", (line) => {
      if (places.some((place) => line.startsWith(place))) addLine(files, line);
    });
    rpm.on("error", () => resolve(undefined));
    rpm.on("close", (code) => resolve(code === 0 && files.size > 0 ? files : undefined));
  });
}

function addLine(files: Map<string, PackagedFile>, line: string): void {
  const [path = "", bytes, changed, mode, flags, link = ""] = line.split("\t");
  if ((Number(flags) & ghost) !== 0) return;
  files.set(path, { bytes: Number(bytes), changed: Number(changed), mode: Number(mode) & 0xffff, link });
}

/**
 * True for a file that is as its package brought it, as far as that can be seen from outside: kind, mode, size and time of the last
 * change, or the text of a link. Its content is not read.
 */
export function isAsPackaged(file: PackagedFile | undefined, real: string, stats: Stats): boolean {
  if (file === undefined || (file.mode & typeMask) !== (stats.mode & typeMask)) return false;
  if ((stats.mode & typeMask) === linkType) return linkText(real) === file.link;
  return file.mode === stats.mode && file.bytes === stats.size && file.changed === Math.floor(stats.mtimeMs / 1000);
}

/** The folders that have something of a package below them. */
export function foldersOf(packaged: Packaged): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of packaged.keys()) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}
