import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Compiled, compile } from "../../src/pipeline.ts";

const examples = fileURLToPath(new URL("../../docs/examples/", import.meta.url));

/** The two machines of the documentation. */
export const machines = ["gabriel", "mitsio"] as const;

export function machineFolder(machine: string): string {
  return join(examples, machine);
}

export function compileMachine(machine: string): Promise<Compiled> {
  return compile(join(machineFolder(machine), "persistence.yaml"));
}
