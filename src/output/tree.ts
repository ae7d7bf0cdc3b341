import { defineDiagnostics } from "../diagnostics/define.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { OutputFile } from "../emitters/emitter.ts";

const say = defineDiagnostics({
  "output/collision": {
    severity: "error",
    message: ({ path, one, other }: { path: string; one: string; other: string }) =>
      `${one} and ${other} would both write ${path}`,
    help: () => "give them folders of their own under `outputs:`, with `{host}` where there are several hosts",
  },
});

/** All generated files in the order of their paths; two for one path are an error, before anything is written. */
export function assembleTree(files: readonly OutputFile[]): { tree: OutputFile[]; diagnostics: Diagnostic[] } {
  const byPath = new Map<string, OutputFile>();
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const known = byPath.get(file.path);
    if (known === undefined) byPath.set(file.path, file);
    else diagnostics.push(say["output/collision"]({ path: file.path, one: ownerOf(known), other: ownerOf(file) }));
  }
  const tree = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { tree, diagnostics };
}

function ownerOf(file: OutputFile): string {
  return file.host === null ? file.target : `${file.target} of ${file.host}`;
}
