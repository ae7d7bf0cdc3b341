import * as z from "zod";
import { manifestSchema } from "../manifest/schema.ts";
import type { ExitCode } from "./manifest-option.ts";
import { terminal } from "./terminal.ts";

/** `remanence schema`: the JSON Schema of the manifest, for editors. */
export async function schema(): Promise<ExitCode> {
  const document = z.toJSONSchema(manifestSchema, { io: "input", unrepresentable: "any" });
  terminal.json({ ...document, $id: "persistence.schema.json", title: "Remanence manifest" });
  return 0;
}
