/** What the other threads of a scan run: a walker that knows no plan, and sums up what is handed to it. */
import { parentPort, workerData } from "node:worker_threads";
import { SharedWork } from "./shared-work.ts";
import { Walker, type WalkRules } from "./walker.ts";

/** What a thread is started with. */
export interface ThreadStart {
  readonly thread: number;
  readonly memory: SharedArrayBuffer;
  readonly rules: WalkRules;
}

const { thread, memory, rules } = workerData as ThreadStart;
const shared = new SharedWork(memory);
if (shared.join(thread)) {
  try {
    const walker = new Walker(thread, shared, rules);
    walker.run();
    parentPort?.postMessage(walker.records());
  } catch (error) {
    shared.fail();
    throw error;
  }
}
