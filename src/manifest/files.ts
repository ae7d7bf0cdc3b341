import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/span.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import type { ParsedManifest } from "./parse.ts";
import type { WrittenManifest } from "./schema.ts";
import type { YamlSource } from "./yaml-source.ts";

/** One file of a manifest: the manifest itself first, then what it includes. */
export interface ManifestFile {
  readonly yaml: YamlSource;
  readonly parsed: ParsedManifest;
}

/** Gathers faults while a value is made; a part at fault is left out. */
export type Faults = Diagnostic[];

/** Definitions of one map section over all files; a name that is defined twice is reported and the first kept. */
export function united<S extends "stores" | "users" | "hosts">(
  files: readonly ManifestFile[],
  section: S,
  kind: string,
  faults: Faults,
): { name: string; value: NonNullable<WrittenManifest[S]>[string]; file: ManifestFile; span: Span }[] {
  const found = new Map<string, { value: NonNullable<WrittenManifest[S]>[string]; file: ManifestFile; span: Span }>();
  for (const file of files) {
    for (const [name, value] of Object.entries(file.parsed.written[section] ?? {})) {
      const span = file.yaml.spanOf([section, name], "key");
      const known = found.get(name);
      if (known !== undefined) faults.push(say["manifest/defined-twice"]({ name, kind, other: known.span.file }, span));
      else found.set(name, { value: value as NonNullable<WrittenManifest[S]>[string], file, span });
    }
  }
  return [...found].map(([name, rest]) => ({ name, ...rest }));
}
