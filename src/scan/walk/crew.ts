import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { walkerFile } from "../../package-root.ts";
import { SharedWork } from "./shared-work.ts";
import type { ThreadStart } from "./thread.ts";
import { Walker, type WalkRecords, type WalkRules } from "./walker.ts";

/** More threads than this only wait for each other. */
const mostThreads = 4;

/** Called for each folder that is read; what has been seen so far is asked for when it is shown. */
export type Watch = (folder: string, seen: () => { entries: number; bytes: number }) => void;

/**
 * Walks with as many threads as there are cores. `survey` looks at what must be decided and gives jobs to the walker; as
 * soon as it has given some the other threads are at work.
 */
export async function walkTogether<T>(
  rules: WalkRules,
  survey: (walker: Walker) => T,
  watch: Watch = () => {},
): Promise<{ readonly found: T; readonly records: readonly WalkRecords[] }> {
  const shared = new SharedWork();
  // As long as the survey goes on there may be more.
  shared.begin(1);
  const others = Array.from({ length: Math.min(availableParallelism(), mostThreads) - 1 }, (_, i) =>
    start({ thread: i + 1, memory: shared.memory, rules }),
  );
  const walker = new Walker(0, shared, rules, (folder) => watch(folder, () => shared.counted()));
  const found = survey(walker);
  shared.end();
  walker.run();
  const records = await Promise.all(others.map((other, i) => (shared.dismiss(i + 1) ? other.leave() : other.records)));
  return { found, records: [walker.records(), ...records.filter((record) => record !== undefined)] };
}

interface Helper {
  readonly records: Promise<WalkRecords>;
  /** For one that came too late: nothing was handed to it. */
  leave(): undefined;
}

function start(data: ThreadStart): Helper {
  const worker = new Worker(fileURLToPath(walkerFile), { workerData: data, stdin: false });
  worker.unref();
  const records = new Promise<WalkRecords>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  // Whether anybody waits for it is known at the end.
  records.catch(() => {});
  return {
    records: records.finally(() => worker.unref()),
    leave() {
      void worker.terminate();
      return undefined;
    },
  };
}
