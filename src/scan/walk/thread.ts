/** What the other threads of a scan run: a walker that knows no plan, and sums up what is handed to it. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { SharedWork } from "./shared-work.ts";
import { type Told, Walker } from "./walker.ts";

/** What a thread is started with; the rules come when it is known what to do. */
export interface ThreadStart {
  readonly thread: number;
  readonly memory: SharedArrayBuffer;
}

const { thread, memory } = workerData as ThreadStart;
const shared = new SharedWork(memory);
shared.waitForGo();
const told = parentPort === null ? undefined : receiveMessageOnPort(parentPort);
if (told !== undefined && shared.join(thread)) {
  try {
    const walker = new Walker(thread, shared, told.message as Told);
    walker.run();
    parentPort?.postMessage(walker.records());
  } catch (error) {
    shared.fail();
    throw error;
  }
}
