import type { Branch, Total } from "./branch.ts";
import type { Sums } from "./sums.ts";

/** All that lies at a branch and below it, whatever its fate, each worked out once. */
export class BranchTotals {
  readonly #known = new Map<Branch, Total>();

  readonly sums: Sums;

  constructor(sums: Sums) {
    this.sums = sums;
  }

  of(branch: Branch): Total {
    const known = this.#known.get(branch);
    if (known !== undefined) return known;
    const total = this.own(branch);
    for (const child of branch.children ?? []) {
      const { bytes, files, newest } = this.of(child);
      total.bytes += bytes;
      total.files += files;
      total.newest = Math.max(total.newest, newest);
    }
    this.#known.set(branch, total);
    return total;
  }

  /** Without what stands in branches of its own. */
  own({ kind, bytes, changed, job }: Branch): Total {
    const sum = job === undefined ? undefined : this.sums.jobs[job];
    if (sum !== undefined) return { ...sum, bytes: sum.bytes + bytes };
    // The change of a folder counts only where there is nothing in it.
    return { bytes, files: kind === "directory" ? 0 : 1, newest: kind === "directory" ? 0 : changed };
  }
}
