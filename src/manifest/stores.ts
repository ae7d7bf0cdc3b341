import type { Span } from "../diagnostics/span.ts";
import { type Faults, type ManifestFile, united } from "./files.ts";
import type { ManifestStore } from "./manifest.ts";
import { absolutePath, storePath } from "./paths.ts";
import type { WrittenStore } from "./schema.ts";

/** The stores of all files; one at /persist where none is named. */
export function storesOf(files: readonly ManifestFile[], faults: Faults): ManifestStore[] {
  const declared = united(files, "stores", "store", faults).flatMap(({ name, value, file, span }) => {
    const store = storeOf(name, value, span, file, ["stores", name], faults);
    return store === undefined ? [] : [store];
  });
  const first = files[0];
  if (declared.length > 0 || first === undefined) return declared;
  const span = first.yaml.spanOf([]);
  const standard = storeOf("persist", "/persist", span, first, [], faults);
  return standard === undefined ? [] : [standard];
}

/** A store in full from its written form; undefined, and reported, where its path cannot be one. */
export function storeOf(
  name: string,
  written: WrittenStore,
  span: Span,
  file: ManifestFile,
  at: readonly string[],
  faults: Faults,
): ManifestStore | undefined {
  const full = typeof written === "string" ? { path: written } : written;
  const pathSpan = file.yaml.spanOf(typeof written === "string" ? at : [...at, "path"]);
  const path = storePath(full.path, pathSpan, faults);
  const mount = full.mount === undefined ? null : absolutePath(full.mount, file.yaml.spanOf([...at, "mount"]), faults);
  if (path === undefined || mount === undefined) return undefined;
  return { name, path, backup: full.backup ?? null, mount, span };
}
