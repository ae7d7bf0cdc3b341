import { posix, resolve } from "node:path";
import { CannotRun } from "../../diagnostics/cannot-run.ts";
import { linkText, look } from "./look.ts";
import { linkType, typeMask } from "./walker.ts";

/** As many links as the kernel follows in one path. */
const mostLinks = 40;

/**
 * The real path of what lies at a live path of the machine whose root is at `root`. Links among the folders around it are
 * followed, as they would be on that machine: an absolute one stays below `root`.
 */
export function realBelow(root: string, live: string): string {
  const start = root === "/" ? resolve(live) : live;
  let links = 0;
  let done = "/";
  const names = start.split("/").filter(Boolean);
  for (;;) {
    const name = names.shift();
    if (name === undefined) return realOf(root, done);
    if (name === "..") {
      done = posix.dirname(done);
      continue;
    }
    const next = posix.join(done, name);
    const stats = look(realOf(root, next));
    const text =
      typeof stats === "object" && (stats.mode & typeMask) === linkType ? linkText(realOf(root, next)) : undefined;
    if (text === undefined) {
      done = next;
      continue;
    }
    if (++links > mostLinks) throw new CannotRun(`${live} leads in a circle of links`);
    names.unshift(...text.split("/").filter((part) => part !== "" && part !== "."));
    if (text.startsWith("/")) done = "/";
  }
}

/** The system below a root, by files that each has; nothing is read. */
export function hasSystem(root: string): "nixos" | "fedora" | "other" {
  if (typeof look(realOf(root, "/etc/NIXOS")) === "object") return "nixos";
  return typeof look(realOf(root, "/etc/fedora-release")) === "object" ? "fedora" : "other";
}

function realOf(root: string, live: string): string {
  return root === "/" ? live : posix.join(root, live);
}
