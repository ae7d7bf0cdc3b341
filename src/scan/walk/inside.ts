import type { Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { insideOf, timeText } from "../rows.ts";
import { look, namesIn, shortened } from "./look.ts";
import { directoryType, linkType, typeMask } from "./walker.ts";

/** What lies in a folder: a name, and the sum of all below it. */
export interface Inside {
  /** Inside a scan: a byte that is no character stands as a lone surrogate. */
  readonly name: string;
  readonly kind: "directory" | "file" | "symlink" | "other";
  readonly bytes: number;
  readonly files: number;
  readonly newest: string;
}

const fileType = 0o100000;

/** Milliseconds of looking before anything else may happen: a key, a resize. */
const turn = 30;

/**
 * What lies in a folder, by its real path, the largest first, sizes as `du` counts them; a text where it cannot be read: why.
 * No link is followed, no other file system entered, of no file the content read. What else happens meanwhile goes on, and `watch` is told now
 * and then how many entries were seen.
 */
export async function lookInside(
  folder: string,
  watch: (entries: number) => void = () => {},
): Promise<readonly Inside[] | string> {
  const top = look(folder);
  const names = namesIn(folder);
  if (typeof names === "string" || typeof top === "string") return typeof names === "string" ? names : String(top);
  if (names === undefined || top === undefined) return "it is gone";
  const summing = new Summing(top.dev, watch);
  const found: Inside[] = [];
  for (const name of names) {
    const stats = look(insideOf(folder, name));
    if (typeof stats !== "object") continue;
    const { bytes, files, newest } = await summing.of(insideOf(folder, name), stats);
    found.push({ name, kind: kindOf(stats), bytes, files, newest: timeText(newest) });
  }
  return found.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

function kindOf({ mode }: Stats): Inside["kind"] {
  const type = mode & typeMask;
  if (type === directoryType) return "directory";
  if (type === linkType) return "symlink";
  return type === fileType ? "file" : "other";
}

interface Sum {
  bytes: number;
  files: number;
  newest: number;
}

/** Sums up folders; a file with several names counts where it is met first. */
class Summing {
  readonly #device: number;
  readonly #linked = new Set<number>();
  readonly #watch: (entries: number) => void;
  #seen = 0;
  #until = performance.now() + turn;

  constructor(device: number, watch: (entries: number) => void) {
    this.#device = device;
    this.#watch = watch;
  }

  async of(path: string, stats: Stats): Promise<Sum> {
    const sum: Sum = { bytes: 0, files: 0, newest: 0 };
    const folders: string[] = [];
    this.#add(sum, path, stats, folders);
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const here = shortened(folder);
      const names = namesIn(here);
      for (const name of typeof names === "object" ? names : []) {
        const inner = look(insideOf(here, name));
        if (typeof inner === "object") this.#add(sum, insideOf(here, name), inner, folders);
        if (performance.now() > this.#until) await this.#breathe();
      }
    }
    if (sum.files === 0) sum.newest = stats.mtimeMs;
    return sum;
  }

  #add(sum: Sum, path: string, stats: Stats, folders: string[]): void {
    this.#seen++;
    const isFolder = (stats.mode & typeMask) === directoryType;
    if (stats.dev !== this.#device) return;
    if (isFolder) folders.push(path);
    else {
      sum.files++;
      sum.newest = Math.max(sum.newest, stats.mtimeMs);
      if (stats.nlink > 1 && this.#linked.has(stats.ino)) return;
      if (stats.nlink > 1) this.#linked.add(stats.ino);
    }
    sum.bytes += stats.blocks * 512;
  }

  async #breathe(): Promise<void> {
    this.#watch(this.#seen);
    await setImmediate();
    this.#until = performance.now() + turn;
  }
}
