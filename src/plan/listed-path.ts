import { type AbsolutePath, isBelow, parseHomePath, parseSystemPath, relativeTo } from "./path.ts";
import type { PlanUser } from "./plan.ts";

/** Where an entry for a live path belongs. */
export interface ListedPath {
  readonly scope: "home" | "system";
  /** Whose home it is in. */
  readonly user: string | null;
  /** As it stands in that list, without a slash at the end. */
  readonly path: string;
}

/** The list that a live path belongs to, and its path there; a home may lie in another one, then the inner counts. */
export function listedPath(live: AbsolutePath, users: readonly PlanUser[]): ListedPath {
  const [owner] = users.filter((user) => isBelow(live, user.home)).sort((a, b) => b.home.length - a.home.length);
  const below = owner === undefined ? undefined : relativeTo(live, owner.home);
  if (owner === undefined || below === undefined) return { scope: "system", user: null, path: live };
  return { scope: "home", user: owner.name, path: below };
}

/** Why no entry can name just this path and no other; undefined where one can. */
export function whyUnlisted({ scope, path }: ListedPath): string | undefined {
  // A file may be called `~` or `*`; in a manifest these stand for something else.
  const parsed = scope === "home" ? parseHomePath(path) : parseSystemPath(path);
  if ("problem" in parsed) return reasons[parsed.problem] ?? "no entry can name it";
  if (parsed.ok.pattern) return "`*` and `?` in its name would make a pattern of it";
  if (parsed.ok.path !== path) return "a manifest would read its name as something else";
  return path === "/" ? "a whole root is never an entry" : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  "control-character": "its name holds a control character",
  "lone-surrogate": "its name is not UTF-8",
  noncharacter: "its name holds what is no character",
  "trailing-backslash": "its name ends with a backslash",
  "too-long-in-all": "its path is too long",
  "brace-list": "its name looks like a shell's list in braces",
  "unknown-variable": "its name looks like a variable",
};
