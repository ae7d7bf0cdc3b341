import { dirname } from "node:path/posix";
import { defineDiagnostics } from "../diagnostics/define.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { OutputFile } from "../emitters/emitter.ts";

const say = defineDiagnostics({
  "output/collision": {
    severity: "error",
    message: ({ path, one, other, inside }: { path: string; one: string; other: string; inside?: string }) =>
      inside === undefined
        ? `${one} and ${other} would both write ${path}`
        : `${one} would write ${path} as a file, and ${other} would write ${inside} in it`,
    help: () => "give them folders of their own under `outputs:`, with `{host}` where there are several hosts",
  },
});

/** All generated files in the order of their paths; two in one place are an error, before anything is written. */
export function assembleTree(files: readonly OutputFile[]): { tree: OutputFile[]; diagnostics: Diagnostic[] } {
  const byPath = new Map<string, OutputFile>();
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const known = byPath.get(file.path);
    if (known === undefined) byPath.set(file.path, file);
    else diagnostics.push(say["output/collision"]({ path: file.path, one: ownerOf(known), other: ownerOf(file) }));
  }
  const inside = new Map([...byPath.values()].flatMap((file) => insideFile(file, byPath)));
  diagnostics.push(...inside.values());
  const tree = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { tree, diagnostics };
}

/** One output cannot be a file and another one a folder of the same name; said once of two that meet so. */
function insideFile(file: OutputFile, byPath: ReadonlyMap<string, OutputFile>): [string, Diagnostic][] {
  for (let at = dirname(file.path); at !== "."; at = dirname(at)) {
    const outer = byPath.get(at);
    if (outer === undefined) continue;
    const names = { path: at, one: ownerOf(outer), inside: file.path, other: ownerOf(file) };
    return [[`${at} ${names.other}`, say["output/collision"](names)]];
  }
  return [];
}

function ownerOf(file: OutputFile): string {
  return file.host === null ? file.target : `${file.target} of ${file.host}`;
}
