import * as z from "zod";
import { manifestSchema } from "../manifest/schema.ts";
import type { ExitCode } from "./manifest-option.ts";
import { terminal } from "./terminal.ts";

/** `remanence schema`: the JSON Schema of the manifest, for editors. */
export async function schema(): Promise<ExitCode> {
  terminal.json(schemaDocument());
  return 0;
}

/** The JSON Schema of the manifest. */
export function schemaDocument(): object {
  const document = z.toJSONSchema(manifestSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema.pattern !== undefined) jsonSchema.pattern = portable(jsonSchema.pattern);
    },
  });
  return { ...document, $id: "persistence.schema.json", title: "Remanence manifest" };
}

/** Names of Unicode classes mean something only to some validators: to others `\p{Cc}` is a `p`, and more letters. */
function portable(pattern: string): string {
  return pattern.replaceAll("\\p{Cc}", "\\u0000-\\u001f\\u007f-\\u009f");
}
