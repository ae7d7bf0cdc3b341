import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

const texts = new Map<string, string>();

/**
 * Text of a file that ships with the program, such as the fixed part of a generated script; the path is relative to the
 * package. The same bytes for every manifest: emitters stay pure.
 */
export function packageText(path: string): string {
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(join(packageRoot, path), "utf8");
  texts.set(path, text);
  return text;
}
