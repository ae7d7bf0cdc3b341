import { type AbsolutePath, comparePaths, joinPath } from "../plan/path.ts";
import type { Branch, Total } from "./branch.ts";
import type { LinkedBranch, Remark, Surveyed } from "./walk/survey.ts";
import { type LinkedFile, recordsOfThread, type WalkRecords } from "./walk/walker.ts";

/** All folders that walkers summed up, as one table. */
export interface Folders {
  /** Place of the folder around; -1 - job for the first of a job. */
  readonly parents: Float64Array;
  readonly names: readonly string[];
  /** Of the folder and all below it. */
  readonly bytes: Float64Array;
  readonly files: Float64Array;
  readonly newest: Float64Array;
  /** Large files, by the folder they are in. */
  readonly large: ReadonlyMap<number, readonly { readonly name: string; readonly bytes: number }[]>;
}

/** What a scan saw, added up. */
export interface Sums {
  /** Worked out when it is asked for: only a picture needs it. */
  folders(): Folders;
  /** By job: all below its branch. */
  readonly jobs: readonly Total[];
  /** What only leads to kept places, or was brought by packages. */
  readonly kept: Total;
  readonly closed: readonly Remark[];
  readonly unread: readonly Remark[];
  /** Live paths of files that look like secrets, by job, in byte order. */
  readonly secrets: ReadonlyMap<number, readonly string[]>;
}

/**
 * Puts together what all threads found. A file with several names is counted once: at the name that is first in byte order, so that
 * the answer does not depend on which thread was faster.
 */
export function addUp(surveyed: Surveyed, all: readonly WalkRecords[]): Sums {
  const table = new Table(surveyed.jobs, all);
  const jobs = surveyed.jobs.map((): Total => ({ bytes: 0, files: 0, newest: 0 }));
  for (const [job, found] of all.flatMap((records) => records.jobs)) addTo(jobs[job], found);
  table.countLinked(surveyed.linked, (job, bytes) => addTo(jobs[job], { bytes, files: 0, newest: 0 }));
  const remarks = (of: "closed" | "unread"): Remark[] => [...surveyed[of], ...table.remarks(of)];
  const kept = { ...surveyed.kept };
  for (const records of all) addTo(kept, records.kept);
  return {
    folders: () => table.folders(),
    jobs,
    kept,
    closed: remarks("closed"),
    unread: remarks("unread"),
    secrets: table.secrets(),
  };
}

function addTo(sum: Total | undefined, { bytes, files, newest }: Total): void {
  if (sum === undefined) return;
  sum.bytes += bytes;
  sum.files += files;
  sum.newest = Math.max(sum.newest, newest);
}

/** The live path of a branch. */
function pathOf(branch: Branch): AbsolutePath {
  return branch.parent === null ? (branch.name as AbsolutePath) : joinPath(pathOf(branch.parent), branch.name);
}

/** The records of all threads as one table, put together when it is asked for. */
class Table {
  readonly #offsets: readonly number[];
  readonly #size: number;
  readonly jobs: readonly Branch[];
  readonly all: readonly WalkRecords[];
  #parentsRead: Float64Array | undefined;
  #namesRead: readonly string[] | undefined;
  /** Bytes of files with several names, by the place of the folder that they are counted in. */
  readonly #linked = new Map<number, number>();

  constructor(jobs: readonly Branch[], all: readonly WalkRecords[]) {
    this.jobs = jobs;
    this.all = all;
    let size = 0;
    this.#offsets = all.map(({ parents }) => {
      size += parents.length;
      return size - parents.length;
    });
    this.#size = size;
  }

  get #parents(): Float64Array {
    this.#parentsRead ??= this.#joined(({ parents }) => parents).map((p) => (p < 0 ? p : this.#place(p)));
    return this.#parentsRead;
  }

  get #names(): readonly string[] {
    this.#namesRead ??= this.all.flatMap(({ names, parents }) => (parents.length === 0 ? [] : names.split("/")));
    return this.#namesRead;
  }

  /** Counts each file with several names once; `count` is told the job that it is counted in. */
  countLinked(branches: readonly LinkedBranch[], count: (job: number, bytes: number) => void): void {
    const first = new Map<string, { readonly path: string; readonly count: () => void }>();
    const meet = (file: Omit<LinkedFile, "record">, path: string, countIt: () => void): void => {
      const key = `${file.device} ${file.inode} ${file.changed} ${file.bytes}`;
      const known = first.get(key);
      if (known === undefined || comparePaths(path, known.path) < 0) first.set(key, { path, count: countIt });
    };
    for (const file of branches) {
      meet(file, pathOf(file.branch), () => {
        file.branch.bytes = file.bytes;
      });
    }
    for (const [thread, { linked }] of this.all.entries()) {
      for (const file of linked) {
        const place = (this.#offsets[thread] ?? 0) + file.record;
        meet(file, this.#path(place), () => {
          this.#linked.set(place, (this.#linked.get(place) ?? 0) + file.bytes);
          count(this.#jobOf(place), file.bytes);
        });
      }
    }
    for (const file of first.values()) file.count();
  }

  /** All folders, with what lies below each. */
  folders(): Folders {
    const parents = this.#parents;
    const bytes = this.#joined((records) => records.bytes);
    const files = this.#joined((records) => records.files);
    const newest = this.#joined((records) => records.newest);
    for (const [place, linked] of this.#linked) bytes[place] = (bytes[place] ?? 0) + linked;
    for (const place of this.#deepestFirst()) {
      const parent = parents[place] ?? -1;
      if (parent < 0) continue;
      bytes[parent] = (bytes[parent] ?? 0) + (bytes[place] ?? 0);
      files[parent] = (files[parent] ?? 0) + (files[place] ?? 0);
      newest[parent] = Math.max(newest[parent] ?? 0, newest[place] ?? 0);
    }
    const large = new Map<number, { name: string; bytes: number }[]>();
    for (const [thread, records] of this.all.entries()) {
      for (const { record, name, bytes: size } of records.large) {
        const place = (this.#offsets[thread] ?? 0) + record;
        large.set(place, [...(large.get(place) ?? []), { name, bytes: size }]);
      }
    }
    return { parents, names: this.#names, bytes, files, newest, large };
  }

  remarks(of: "closed" | "unread"): Remark[] {
    return this.all.flatMap((records, thread) =>
      records[of].map(({ record, name, why }) => {
        const folder = this.#path((this.#offsets[thread] ?? 0) + record);
        return { path: name === "" ? folder : joinPath(folder, name), why };
      }),
    );
  }

  secrets(): Map<number, string[]> {
    const byJob = new Map<number, string[]>();
    for (const [thread, { secrets }] of this.all.entries()) {
      for (const { record, name } of secrets) {
        const place = (this.#offsets[thread] ?? 0) + record;
        const job = this.#jobOf(place);
        byJob.set(job, [...(byJob.get(job) ?? []), joinPath(this.#path(place), name)].sort(comparePaths));
      }
    }
    return byJob;
  }

  #jobOf(place: number): number {
    let at = place;
    while (at >= 0) at = this.#parents[at] ?? -1;
    return -1 - at;
  }

  /** From the number that threads use to the place in the table. */
  #place(record: number): number {
    return (this.#offsets[Math.floor(record / recordsOfThread)] ?? 0) + (record % recordsOfThread);
  }

  /** The live path of a folder. */
  #path(place: number): AbsolutePath {
    const names: string[] = [];
    let at = place;
    while (at >= 0) {
      const name = this.#names[at] ?? "";
      // The first of a job has the name of its branch, and one without a name is more of the one around it.
      if (name !== "") names.unshift(name);
      at = this.#parents[at] ?? -1;
    }
    const job = this.jobs[-1 - at];
    const top = job === undefined ? ("/" as AbsolutePath) : pathOf(job);
    return names.length === 0 ? top : joinPath(top, names.join("/"));
  }

  /** All places, those of the deepest folders first. */
  #deepestFirst(): Int32Array {
    const depths = Int32Array.from(this.#joined((records) => records.depths));
    const from = new Int32Array(depths.reduce((a, b) => Math.max(a, b), 0) + 2);
    for (const depth of depths) from[depth] = (from[depth] ?? 0) + 1;
    // Each depth begins where the deeper ones end.
    let next = 0;
    for (let depth = from.length - 1; depth >= 0; depth--) {
      const count = from[depth] ?? 0;
      from[depth] = next;
      next += count;
    }
    const places = new Int32Array(depths.length);
    for (let place = 0; place < depths.length; place++) {
      const depth = depths[place] ?? 0;
      const at = from[depth] ?? 0;
      places[at] = place;
      from[depth] = at + 1;
    }
    return places;
  }

  #joined(column: (records: WalkRecords) => Float64Array | Int32Array): Float64Array {
    const whole = new Float64Array(this.#size);
    for (const [thread, records] of this.all.entries()) whole.set(column(records), this.#offsets[thread]);
    return whole;
  }
}
