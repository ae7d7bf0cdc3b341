import type { Stats } from "node:fs";
import type { Total } from "../branch.ts";
import { looksSecret } from "../secret-names.ts";
import { KeptLinks, type LinkRules } from "./kept-links.ts";
import { look, lookAt, namesIn, shortened } from "./look.ts";
import type { SharedWork } from "./shared-work.ts";
import { saidFrom } from "./stand.ts";

/** What a walker must know beside the folders; plain data, that goes to other threads as it is. */
export interface WalkRules {
  /** Names that are not entered, by the real path of their folder: mount points. */
  readonly closed: ReadonlyMap<string, ReadonlySet<string>>;
  /** False: what lies on another device than the job's folder is not entered. */
  readonly crosses: boolean;
  readonly links: LinkRules;
}

/** What a walker is told at its start: the rules, and the folder that it stands in. */
export interface Told {
  readonly rules: WalkRules;
  readonly stand: string;
}

/**
 * What a walker has found, a record a folder (columns of one table: a million files make a hundred thousand). Sizes are a folder's own and
 * those of the files in it; those of folders in it stand in their records.
 */
export interface WalkRecords {
  /** thread * 2^32 + place of the folder around; -1 - job for the first of a job. */
  readonly parents: Float64Array;
  readonly depths: Int32Array;
  readonly bytes: Float64Array;
  readonly files: Float64Array;
  /** Milliseconds since 1970. */
  readonly newest: Float64Array;
  /** Joined by slashes. An empty one: it is not a folder of its own, but more of the one around. */
  readonly names: string;
  readonly closed: readonly Noted[];
  readonly unread: readonly Noted[];
  readonly large: readonly LargeFile[];
  readonly linked: readonly LinkedFile[];
  /** Files that look like secrets, the first few of each job. */
  readonly secrets: readonly Noted[];
  /** All that was found of each job, but for files with several names. */
  readonly jobs: readonly (readonly [job: number, found: Total])[];
  /** What only leads to where kept state lies. */
  readonly kept: Total;
}

/** Something in the folder of a record; the folder itself where the name is empty. */
export interface Noted {
  readonly record: number;
  readonly name: string;
  readonly why: string;
}

export interface LargeFile {
  readonly record: number;
  readonly name: string;
  readonly bytes: number;
}

/** One of several names of a file: its size is not in that of the record. */
export interface LinkedFile {
  readonly record: number;
  readonly device: number;
  readonly inode: number;
  /** Changes in this tell apart what a double cannot: inodes beyond 2^53. */
  readonly changed: number;
  readonly bytes: number;
}

/** A folder to be read. */
interface Pending {
  readonly job: number;
  readonly record: number;
  readonly depth: number;
  readonly device: number;
  readonly path: string;
}

/** Records of one thread, as they are told from those of another. */
export const recordsOfThread = 2 ** 32;

/** The part of a mode that tells what a path is (inode(7)). */
export const typeMask = 0o170000;
export const directoryType = 0o040000;
export const linkType = 0o120000;

/** As many files that look like secrets are named for one place; more say no more. */
const mostSecrets = 20;

/** Sums up folders: its own, and those that other threads hand to it. It knows nothing of plans. */
export class Walker {
  readonly #pending: Pending[] = [];
  readonly #parents: number[] = [];
  readonly #depths: number[] = [];
  readonly #bytes: number[] = [];
  readonly #files: number[] = [];
  readonly #newest: number[] = [];
  readonly #names: string[] = [];
  readonly #closed: Noted[] = [];
  readonly #unread: Noted[] = [];
  readonly #linked: LinkedFile[] = [];
  readonly #secrets: Noted[] = [];
  readonly #secretsOfJob = new Map<number, number>();
  readonly #jobs = new Map<number, Total>();
  readonly #kept: Total = { bytes: 0, files: 0, newest: 0 };
  readonly #keptLinks: KeptLinks;
  readonly #stand: string;
  readonly #closedFrom: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #large: LargeFile[] = [];
  #entries = 0;
  #seen = 0;

  readonly thread: number;
  readonly shared: SharedWork;
  readonly rules: WalkRules;
  /** Called now and then with the folder that is being read. */
  readonly tick: (folder: string) => void;

  constructor(thread: number, shared: SharedWork, { rules, stand }: Told, tick: (folder: string) => void = () => {}) {
    this.thread = thread;
    this.shared = shared;
    this.rules = rules;
    this.tick = tick;
    this.#stand = stand;
    this.#closedFrom = new Map([...rules.closed].map(([folder, names]) => [saidFrom(stand, folder), names]));
    this.#keptLinks = new KeptLinks(rules.links, stand);
  }

  /** Hands something over where somebody waits for it. */
  offer(): void {
    if (this.#pending.length > 1 && this.shared.isWanted()) this.#give();
  }

  /** Takes on a folder and all below it as a job of its own. `stats` is what was seen of it. */
  addJob(job: number, path: string, stats: Stats): void {
    this.#add({ job, parent: -1 - job, depth: 0, name: "", path: saidFrom(this.#stand, path), stats });
  }

  /** Reads all there is to read, here and elsewhere; returns when all threads are done. */
  run(): void {
    for (;;) {
      const folder = this.#pending.pop() ?? this.#taken();
      if (folder === undefined) return;
      this.#read(folder);
      this.shared.end();
      this.offer();
      this.shared.count(this.thread, this.#entries, this.#seen);
      this.tick(folder.path);
    }
  }

  records(): WalkRecords {
    return {
      parents: Float64Array.from(this.#parents),
      depths: Int32Array.from(this.#depths),
      bytes: Float64Array.from(this.#bytes),
      files: Float64Array.from(this.#files),
      newest: Float64Array.from(this.#newest),
      names: this.#names.join("/"),
      closed: this.#closed,
      unread: this.#unread,
      large: this.#large,
      linked: this.#linked,
      secrets: this.#secrets,
      jobs: [...this.#jobs],
      kept: this.#kept,
    };
  }

  #read({ job, record, depth, device, path }: Pending): void {
    const names = namesIn(path);
    if (typeof names === "string") this.#unread.push({ record, name: "", why: names });
    if (typeof names !== "object") return;
    const folder = `${shortened(path)}/`;
    const closed = this.#closedFrom.get(path);
    const isText = folder.isWellFormed() && names.every((name) => name.isWellFormed());
    const parent = this.thread * recordsOfThread + record;
    let bytes = 0;
    let files = 0;
    let newest = this.#newest[record] ?? 0;
    for (const name of names) {
      if (closed?.has(name) === true) {
        this.#closed.push({ record, name, why: "a mount point" });
        continue;
      }
      const entry = folder + name;
      const stats = isText ? lookAt(entry) : look(entry);
      if (stats === undefined) continue;
      if (typeof stats === "string") {
        this.#unread.push({ record, name, why: stats });
        continue;
      }
      const type = stats.mode & typeMask;
      if (type === directoryType) {
        if (stats.dev !== device && !this.rules.crosses) this.#closed.push({ record, name, why: "a mount point" });
        else this.#add({ job, parent, depth: depth + 1, name, path: entry, stats });
        continue;
      }
      const size = stats.blocks * 512;
      if (type === linkType && this.#keptLinks.leadsToKept(entry)) {
        this.#kept.bytes += size;
        this.#kept.files++;
        continue;
      }
      files++;
      if (stats.mtimeMs > newest) newest = stats.mtimeMs;
      if (stats.nlink > 1) {
        this.#link(record, stats);
      } else {
        bytes += size;
        if (size > this.#seen / 1000 && size > 65_536) this.#large.push({ record, name, bytes: size });
      }
      if (looksSecret(name)) this.#noteSecret(job, record, name);
    }
    this.#bytes[record] = (this.#bytes[record] ?? 0) + bytes;
    this.#files[record] = (this.#files[record] ?? 0) + files;
    this.#newest[record] = newest;
    this.#addToJob(job, bytes, files, newest);
    this.#entries += names.length;
    this.#seen += bytes;
  }

  #add(found: {
    readonly job: number;
    readonly parent: number;
    readonly depth: number;
    readonly name: string;
    readonly path: string;
    readonly stats: Stats;
  }): void {
    const { job, parent, depth, name, path, stats } = found;
    const own = stats.blocks * 512;
    const record = this.#record(parent, depth, name, own);
    this.#addToJob(job, own, 0, 0);
    this.shared.begin(1);
    this.#pending.push({ job, record, depth, device: stats.dev, path });
  }

  #record(parent: number, depth: number, name: string, bytes: number): number {
    this.#parents.push(parent);
    this.#depths.push(depth);
    this.#bytes.push(bytes);
    this.#files.push(0);
    this.#newest.push(0);
    return this.#names.push(name) - 1;
  }

  #link(record: number, { dev, ino, mtimeMs, blocks }: Stats): void {
    this.#linked.push({ record, device: dev, inode: ino, changed: mtimeMs, bytes: blocks * 512 });
  }

  #noteSecret(job: number, record: number, name: string): void {
    const count = this.#secretsOfJob.get(job) ?? 0;
    if (count === mostSecrets) return;
    this.#secretsOfJob.set(job, count + 1);
    this.#secrets.push({ record, name, why: "its name" });
  }

  #addToJob(job: number, bytes: number, files: number, newest: number): void {
    const found = this.#jobs.get(job);
    if (found === undefined) {
      this.#jobs.set(job, { bytes, files, newest });
      return;
    }
    found.bytes += bytes;
    found.files += files;
    if (newest > found.newest) found.newest = newest;
  }

  /** Hands over what was found first: what lies nearest to the top has most below it. */
  #give(): void {
    const [folder] = this.#pending;
    if (folder === undefined) return;
    if (this.shared.give({ ...folder, record: this.thread * recordsOfThread + folder.record })) this.#pending.shift();
  }

  #taken(): Pending | undefined {
    const folder = this.shared.take(() => this.tick(""));
    if (folder === undefined) return undefined;
    // Deeper than the record that it adds to, and less deep than what lies in it.
    const depth = folder.depth + 1;
    return { ...folder, depth, record: this.#record(folder.record, depth, "", 0) };
  }
}
