const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes in at most eight columns: `840 MiB`, `1.2 GiB`. */
export function sizeText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = unit > 0 && size < 9.95 ? 1 : 0;
  return `${size.toFixed(digits)} ${units[unit]}`;
}

/** `1 file`, `12,345 files`. */
export function countText(count: number, what: string): string {
  return `${count.toLocaleString("en-GB")} ${what}${count === 1 ? "" : "s"}`;
}
