import { readFileSync } from "node:fs";
import { pathIndexFile } from "../package-root.ts";
import { type PathIndex, parsePathIndex } from "./path-index.ts";

/** The index of our catalogue, as the build left it. */
export function builtIndex(): PathIndex {
  // ASCII is Latin-1 as well, which is taken as it is.
  return parsePathIndex(readFileSync(pathIndexFile, "latin1"));
}
