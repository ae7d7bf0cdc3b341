import { createTwoFilesPatch } from "diff";
import { printable } from "../diagnostics/print.ts";

/** The difference between what is there and what would be, as a unified diff; null stands for no file. */
export function unifiedDiff(path: string, before: string | null, after: string | null): string {
  const name = printable(path);
  const [from, to] = [before === null ? "/dev/null" : `a/${name}`, after === null ? "/dev/null" : `b/${name}`];
  const patch = createTwoFilesPatch(from, to, before ?? "", after ?? "", undefined, undefined, { context: 3 });
  return patch.replace(/^=+\n/, "").split("\n").map(printable).join("\n");
}
