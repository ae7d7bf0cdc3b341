/** A folder that one thread hands to another: all that the other has to know of it. */
export interface Handed {
  readonly job: number;
  /** The record that its sums belong to: thread * 2^32 + place in that thread's records. */
  readonly record: number;
  readonly depth: number;
  readonly device: number;
  /** Its real path. */
  readonly path: string;
}

/** Places in the header, as 32-bit integers. */
const at = { lock: 0, open: 1, waiting: 2, filled: 3, changes: 4, failed: 5, told: 6, threads: 8 } as const;
const headerBytes = 64;
/** States of a thread. */
const absent = 0;
const joined = 1;
const dismissed = 2;
const counterBytes = 16;
const maxThreads = 8;
const slots = 16;
const numbersOfSlot = 5;
const charactersOfSlot = 4096;
const slotBytes = numbersOfSlot * 8 + charactersOfSlot * 2;

/** Bytes of the memory that threads share. */
const sharedBytes = headerBytes + maxThreads * counterBytes + slots * slotBytes;

/**
 * What the threads of a scan share: how many folders are still to be read, folders that one hands to another that has
 * nothing to do, and how far they are. A thread keeps its folders to itself as long as all are busy.
 */
export class SharedWork {
  readonly #header: Int32Array;
  /** Entries and bytes that each thread has seen, for the progress. */
  readonly #counters: Float64Array;

  readonly memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(sharedBytes)) {
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, headerBytes / 4);
    this.#counters = new Float64Array(memory, headerBytes, maxThreads * 2);
  }

  /** All threads have been told what to do. */
  go(): void {
    Atomics.store(this.#header, at.told, 1);
    Atomics.notify(this.#header, at.told);
  }

  /** Waits until that is so. */
  waitForGo(): void {
    Atomics.wait(this.#header, at.told, 0);
  }

  /** A thread begins; false where it comes too late and must leave. */
  join(thread: number): boolean {
    return Atomics.compareExchange(this.#header, at.threads + thread, absent, joined) === absent;
  }

  /** All is done: true where the thread has not begun yet, and never will. */
  dismiss(thread: number): boolean {
    return Atomics.compareExchange(this.#header, at.threads + thread, absent, dismissed) === absent;
  }

  /** A thread has come to a fault: nobody waits for what it was handed. */
  fail(): void {
    Atomics.store(this.#header, at.failed, 1);
    this.#wake();
  }

  /** So many more folders are to be read; or whatever else keeps the others from ending. */
  begin(count: number): void {
    Atomics.add(this.#header, at.open, count);
  }

  /** One of them is done. */
  end(): void {
    if (Atomics.sub(this.#header, at.open, 1) === 1) this.#wake();
  }

  /** True where a thread waits that nobody has handed anything to. */
  isWanted(): boolean {
    return Atomics.load(this.#header, at.waiting) > Atomics.load(this.#header, at.filled);
  }

  /** Hands a folder to whoever comes first; false where there is no room for it. */
  give(folder: Handed): boolean {
    if (folder.path.length > charactersOfSlot) return false;
    return this.#locked(() => {
      const filled = Atomics.load(this.#header, at.filled);
      if (filled === slots) return false;
      const { numbers, characters } = this.#slot(filled);
      numbers.set([folder.job, folder.record, folder.depth, folder.device, folder.path.length]);
      for (let i = 0; i < folder.path.length; i++) characters[i] = folder.path.charCodeAt(i);
      Atomics.store(this.#header, at.filled, filled + 1);
      this.#wake();
      return true;
    });
  }

  /** A folder that somebody hands over; waits for one, calling `meanwhile` now and then. Undefined when all is done. */
  take(meanwhile: () => void): Handed | undefined {
    for (;;) {
      const changes = Atomics.load(this.#header, at.changes);
      const folder = this.#locked(() => this.#pop());
      if (folder !== undefined) return folder;
      if (Atomics.load(this.#header, at.open) === 0 || Atomics.load(this.#header, at.failed) === 1) return undefined;
      Atomics.add(this.#header, at.waiting, 1);
      Atomics.wait(this.#header, at.changes, changes, 50);
      Atomics.sub(this.#header, at.waiting, 1);
      meanwhile();
    }
  }

  /** Notes how much a thread has seen. */
  count(thread: number, entries: number, bytes: number): void {
    this.#counters[thread * 2] = entries;
    this.#counters[thread * 2 + 1] = bytes;
  }

  /** What all of them have seen. */
  counted(): { entries: number; bytes: number } {
    const sum = (from: number): number => this.#counters.reduce((all, n, i) => (i % 2 === from ? all + n : all), 0);
    return { entries: sum(0), bytes: sum(1) };
  }

  #pop(): Handed | undefined {
    const filled = Atomics.load(this.#header, at.filled);
    if (filled === 0) return undefined;
    const { numbers, characters } = this.#slot(filled - 1);
    const [job = 0, record = 0, depth = 0, device = 0, length = 0] = numbers;
    let path = "";
    for (let i = 0; i < length; i++) path += String.fromCharCode(characters[i] ?? 0);
    Atomics.store(this.#header, at.filled, filled - 1);
    return { job, record, depth, device, path };
  }

  #slot(i: number): { numbers: Float64Array; characters: Uint16Array } {
    const start = headerBytes + maxThreads * counterBytes + i * slotBytes;
    return {
      numbers: new Float64Array(this.memory, start, numbersOfSlot),
      characters: new Uint16Array(this.memory, start + numbersOfSlot * 8, charactersOfSlot),
    };
  }

  #wake(): void {
    Atomics.add(this.#header, at.changes, 1);
    Atomics.notify(this.#header, at.changes);
  }

  #locked<T>(action: () => T): T {
    while (Atomics.compareExchange(this.#header, at.lock, 0, 1) !== 0) Atomics.wait(this.#header, at.lock, 1, 1);
    try {
      return action();
    } finally {
      Atomics.store(this.#header, at.lock, 0);
      Atomics.notify(this.#header, at.lock, 1);
    }
  }
}
