/** A name for the host: that of the machine without its domain, as far as a manifest may have it. */
export function hostNameOf(machine: string): string {
  const [label = ""] = machine.trim().split(".");
  const fit = label
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, 63)
    .replace(/[-_]+$/, "");
  return fit === "" ? "machine" : fit;
}
