import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { walkerFile } from "../../package-root.ts";
import { SharedWork } from "./shared-work.ts";
import { standIn } from "./stand.ts";
import type { ThreadStart } from "./thread.ts";
import { type Told, Walker, type WalkRecords, type WalkRules } from "./walker.ts";

/** More threads than this only wait for each other. */
const mostThreads = 4;

/** Called for each folder that is read; what has been seen so far is asked for when it is shown. */
export type Watch = (folder: string, seen: () => { entries: number; bytes: number }) => void;

/** The threads of a scan. */
export interface Crew {
  /**
   * Walks with all threads. `survey` looks at what must be decided and gives jobs to the walker; as soon as it has given
   * some the other threads are at work. Once only. `near` is the folder in which most of it lies.
   */
  walk<T>(
    near: string,
    rules: WalkRules,
    survey: (walker: Walker) => T,
    watch?: Watch,
  ): Promise<{ readonly found: T; readonly records: readonly WalkRecords[] }>;
  /** Ends threads that nobody needs. */
  leave(): void;
}

/** Starts as many threads as there are cores: before it is known what they will do, since to start takes them a while. */
export function hire(): Crew {
  const shared = new SharedWork();
  const others = Array.from({ length: Math.min(availableParallelism(), mostThreads) - 1 }, (_, i) =>
    start({ thread: i + 1, memory: shared.memory }),
  );
  const leave = (): void => {
    for (const other of others) other.leave();
  };
  return {
    leave,
    async walk(near, rules, survey, watch = () => {}) {
      const stand = standIn(near);
      const told = { rules, stand: stand.folder };
      const walker = new Walker(0, shared, told, (folder) => watch(folder, () => shared.counted()));
      const lookAtAll = () => {
        // As long as the survey goes on there may be more.
        shared.begin(1);
        for (const other of others) other.tell(told);
        shared.go();
        const found = survey(walker);
        shared.end();
        walker.run();
        return found;
      };
      try {
        const found = stand.during(lookAtAll);
        // One that has not come yet is not waited for.
        const working = others.filter((_, i) => !shared.dismiss(i + 1));
        const records = await Promise.all(working.map((other) => other.records));
        return { found, records: [walker.records(), ...records] };
      } finally {
        leave();
      }
    },
  };
}

/** Nearly all that a walk makes is garbage at once: more room for it makes nothing faster. (In MiB.) */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

interface Helper {
  readonly records: Promise<WalkRecords>;
  tell(told: Told): void;
  leave(): void;
}

function start(data: ThreadStart): Helper {
  const worker = new Worker(walkerFile, { workerData: data, resourceLimits });
  const records = new Promise<WalkRecords>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  // Whether anybody waits for it is known at the end.
  records.catch(() => {});
  return {
    records,
    tell: (told) => worker.postMessage(told),
    leave: () => void worker.terminate(),
  };
}
