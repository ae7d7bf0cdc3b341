import type { LostRow, ScannedFate, ScannedRow } from "../scan/result.ts";

/** How a fate is named and marked. The letter stands wherever its colour does: colour is never the only sign. */
interface FateWords {
  readonly label: string;
  readonly letter: string;
  readonly says: string;
}

/** The fates, in the order in which they are listed: first what a person still has to do something about. */
export const fates = ["undecided", "persist", "carry", "fetch", "discard"] as const satisfies readonly ScannedFate[];

export const fateWords: Readonly<Record<ScannedFate, FateWords>> = {
  undecided: { label: "undecided", letter: "?", says: "nobody has decided about it" },
  persist: { label: "persist", letter: "P", says: "kept" },
  carry: { label: "carry", letter: "C", says: "laid from the dotfiles repo" },
  fetch: { label: "fetch", letter: "F", says: "fetched again from where it came" },
  discard: { label: "discard", letter: "D", says: "not kept" },
};

/** The title of a case of `--lost-on`, as a consequence. */
export function caseTitle(name: string): string {
  if (name === "wipe") return "At the next boot";
  if (name === "disk") return "If this disk dies";
  return name.startsWith("move:") ? `On the move to ${name.slice("move:".length)}` : name;
}

/** What is known of something undecided: whose it is and why it is worth that, and what is inside. */
export function knownOf({ path, suggestion, cache, secrets }: ScannedRow): string {
  const [secret] = secrets ?? [];
  return [
    suggestion?.why ?? "no known owner",
    ...(cache === undefined ? [] : [`${sizeText(cache.bytes)} of it is cache`]),
    ...(secret === undefined ? [] : [`holds what looks like a secret: ${secret.slice(path.length + 1) || secret}`]),
  ].join("; ");
}

/** Why something would be gone, and what is known of it: `nobody has decided about it; rclone: credentials`. */
export function whyLost(row: LostRow): string {
  return row.fate === "undecided" ? `${row.why}; ${knownOf(row)}` : row.why;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size as people read it, three digits at most: `4.0 KiB`, `883 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be shown as 1000.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)}\u00a0${units[unit]}`;
}

/** `1 file`, `12,345 files`. */
export function countText(count: number, one: string): string {
  return `${count.toLocaleString("en-GB")}\u00a0${one}${count === 1 ? "" : "s"}`;
}

/** A part of a whole in percent: `12 %`, and `<1 %` rather than nothing. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0\u00a0%";
  const percent = (part / whole) * 100;
  return percent < 1 ? "<1\u00a0%" : `${Math.round(percent)}\u00a0%`;
}
