import { readdirSync } from "node:fs";
import { nameOf, realPath } from "../scan/names.ts";
import { foundOf, statOf } from "./disk.ts";
import type { Found } from "./found.ts";

/** What was changed, and how many folders could not be looked into. */
export interface Changes {
  readonly changed: readonly (Found & { readonly path: string })[];
  readonly unread: number;
}

type OnFolder = (folder: string, seen: () => { entries: number; bytes: number }) => void;

/**
 * All files below some folders whose content, name or mode was changed since a moment, whoever did it: the kernel sets the
 * time of that (ctime, inode(7)), and no program can set it back. Never follows a link, and stays on the file system
 * of each folder. `onFolder` hears of each folder, and may ask what was seen so far.
 */
export function changesSince(since: bigint, roots: readonly string[], onFolder: OnFolder): Changes {
  const changed: (Found & { path: string })[] = [];
  let unread = 0;
  let entries = 0;
  let bytes = 0;
  for (const root of new Set(roots)) {
    const top = statOf(root);
    const waiting = top?.isDirectory() === true ? [root] : [];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      onFolder(folder, () => ({ entries, bytes }));
      const names = namesIn(folder);
      if (names === undefined) unread++;
      for (const name of names ?? []) {
        const path = `${folder === "/" ? "" : folder}/${name}`;
        const stat = statOf(path);
        entries++;
        bytes += Number(stat?.size ?? 0);
        if (stat?.isDirectory() === true) {
          // Another root has its own turn.
          if (stat.dev === top?.dev && !roots.includes(path)) waiting.push(path);
        } else if (stat !== undefined && stat.ctimeNs >= since) changed.push({ path, ...foundOf(stat) });
      }
    }
  }
  return { changed, unread };
}

function namesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(realPath(folder), { encoding: "buffer" }).map(nameOf);
  } catch {
    return undefined;
  }
}
