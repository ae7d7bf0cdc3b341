const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size for a person: `518 MiB`, `1.2 GiB`; never less than the disk takes, a file of a byte is 1 KiB at least. */
export function bytesText(bytes: number): string {
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = unit > 0 && size < 9.95 ? 1 : 0;
  return `${(digits === 0 ? Math.ceil(size) : size).toFixed(digits)} ${units[unit]}`;
}
