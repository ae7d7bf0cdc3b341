/** Manifests with the expected places marked in them: `┆` stands where a diagnostic is to point. */
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { resolve } from "../../src/pipeline.ts";
import { folderWith } from "./workspace.ts";

const mark = "┆";

/** A text without its marks, and the offsets at which they stood. */
export function unmarked(text: string): { text: string; marks: number[] } {
  const parts = text.split(mark);
  let offset = 0;
  const marks = parts.slice(0, -1).map((part) => {
    offset += part.length;
    return offset;
  });
  return { text: parts.join(""), marks };
}

/** What is said of a manifest, and of its further files; marks are taken out first. */
export async function diagnosticsOf(
  marked: string,
  others: Readonly<Record<string, string>> = {},
): Promise<readonly Diagnostic[]> {
  const files = Object.entries({ "persistence.yaml": marked, ...others });
  const folder = folderWith(Object.fromEntries(files.map(([name, text]) => [name, unmarked(text).text])));
  return (await resolve(`${folder}/persistence.yaml`)).diagnostics;
}

/** The places of the marks, as `file:offset`. */
export function marksOf(files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).flatMap(([name, text]) => unmarked(text).marks.map((offset) => `${name}:${offset}`));
}

/** The places at which a code is reported, as `file:offset`. */
export function placesOf(diagnostics: readonly Diagnostic[], code: string): string[] {
  return diagnostics.filter((d) => d.code === code).map((d) => `${d.span?.file}:${d.span?.start}`);
}
