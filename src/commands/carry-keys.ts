import { homedir } from "node:os";
import { join } from "node:path";
import { dataOf } from "../carry/chezmoi.ts";
import { isClosed, type LeftOut } from "../carry/content.ts";
import { formatOf, keysIn, modifyTemplate } from "../carry/keys.ts";
import { carriedFiles } from "../emitters/carried-content.ts";
import { sourceTree } from "../emitters/chezmoi/source-tree.ts";
import { inFolder } from "../emitters/emitter.ts";
import { modifyName } from "../languages/chezmoi-names.ts";
import { writeOnce } from "../output/write-once.ts";
import type { Compiled } from "../pipeline.ts";
import { parentOf } from "../plan/path.ts";

/**
 * Brings in some keys of a file that its program rewrites: chezmoi sets these (a `modify_` template) and leaves all else in
 * the file as it is. Returns why it could not be.
 */
export function bringInKeys(path: string, keys: readonly string[], { loaded, input }: Compiled): LeftOut[] {
  const format = formatOf(path);
  const cannot = (why: string): LeftOut[] => [{ path, why }];
  if (format === undefined) return cannot("keys are carried of .json, .toml, .yaml and .ini files");
  const there = carriedFiles(input.chezmoi, path)[0];
  if (there !== undefined) return cannot(`your chezmoi source has it already (${there.source})`);
  const source = join(loaded.folder, loaded.manifest.outputs.chezmoi);
  const file = join(homedir(), path);
  const { keys: found, missing } = keysIn(dataOf(source, file, format.read), keys);
  if (missing !== undefined) return cannot(`there is no key \`${missing}\` in it`);
  const folder = sourceTree(input.chezmoi, (target) => isClosed(join(homedir(), target))).directoryFor(
    parentOf(path) ?? "",
  );
  const name = modifyName(path.slice(path.lastIndexOf("/") + 1), isClosed(file));
  const below = folder === "" ? name : `${folder}/${name}`;
  const written = writeOnce(loaded.folder, inFolder(input.chezmoi.root, below), modifyTemplate(format, found));
  return written ? [] : cannot(`${below} is there already`);
}
