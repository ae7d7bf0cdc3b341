import { posix } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { suggest } from "../profiles/conventions.ts";
import { ownerOf } from "../profiles/owner.ts";
import type { PathIndex, Scope } from "../profiles/path-index.ts";
import { askedLines } from "./asked-lines.ts";
import type { CommonOptions } from "./manifest-option.ts";
import { columns, readable, terminal } from "./terminal.ts";

export interface MatchOptions extends CommonOptions {
  readonly scope?: Scope;
}

/** Whose a path is; nulls where nobody can say. */
interface Match {
  readonly scope: Scope;
  readonly path: string;
  readonly relation: "exact" | "below" | "rule" | null;
  /** The catalogued path that is this one or lies around it, or what a rule is about. */
  readonly matched: string | null;
  readonly profile: string | null;
  readonly flavour: string | null;
  readonly class: string | null;
  readonly need: string | null;
  readonly why: string;
}

/** Says whose each path is, by the catalogue, else by what is usual; `-` reads paths from stdin. Of several indexes the first wins. */
export function answerMatches(
  paths: readonly string[],
  indexes: readonly PathIndex[],
  { scope: wanted, format }: Pick<MatchOptions, "scope" | "format">,
): void {
  const asked = paths.flatMap((path) => (path === "-" ? askedLines() : [path]));
  const matches = matchesOf(asked, wanted, indexes);
  if (format === "json") terminal.jsonRows("matches", matches);
  else terminal.answer(readable(columns([...matches].map(row), "")));
}

/** One after the other: of thousands none has to be kept. */
function* matchesOf(
  paths: readonly string[],
  wanted: Scope | undefined,
  indexes: readonly PathIndex[],
): Generator<Match> {
  for (const typed of paths) {
    const { scope, path } = read(typed, wanted);
    yield matchOf(scope, path, indexes);
  }
}

/** A path as it was typed: `~/x` and what lies below a home is of that home, another absolute path of the system, else of a home. */
function read(typed: string, scope: Scope | undefined): { scope: Scope; path: string } {
  const plain = /\/\/|(?:^|\/)\.\.?(?:\/|$)/.test(typed) ? posix.normalize(typed) : typed;
  const path = plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain;
  const inHome = scope === "system" ? undefined : belowHome(path);
  if (inHome !== undefined) return { scope: "home", path: inHome };
  const isAbsolute = path.startsWith("/");
  if (scope !== undefined && isAbsolute !== (scope === "system")) {
    const form = scope === "system" ? "absolute" : "relative to the home, or below one";
    throw new CannotRun(`a path of the ${scope} is ${form}: ${typed}`);
  }
  return { scope: isAbsolute ? "system" : "home", path };
}

function belowHome(path: string): string | undefined {
  // Most paths are of a home already.
  if (!/^[~$/]/.test(path)) return undefined;
  const own = process.env["HOME"];
  if (own !== undefined && own !== "/" && path.startsWith(`${own}/`)) return path.slice(own.length + 1);
  const home = /^(?:~|\$HOME|(?:\/var)?\/home\/[^/]+)(?:\/(.*))?$/s.exec(path);
  return home === null ? undefined : (home[1] ?? ".");
}

function matchOf(scope: Scope, path: string, indexes: readonly PathIndex[]): Match {
  const owner = ownerOf(scope, path, indexes);
  if (owner !== undefined) {
    const { path: matched, profile, flavour, class: c, need, note } = owner.indexed;
    const why = note === "" ? `kept by ${profile}` : note;
    return { scope, path, relation: owner.relation, matched, profile, flavour, class: c, need, why };
  }
  const found = suggest(scope, path);
  return {
    scope,
    path,
    relation: found === undefined ? null : "rule",
    matched: found?.matched ?? null,
    profile: null,
    flavour: null,
    class: found?.class ?? null,
    need: found?.need ?? null,
    why: found?.why ?? "unknown",
  };
}

function row({ scope, path, relation, matched, profile, flavour, class: c, need, why }: Match): string[] {
  const shown = scope === "home" && path !== "." ? `~/${path}` : scope === "home" ? "~" : path;
  const whose = profile === null ? "-" : flavour === null ? profile : `${profile} (${flavour})`;
  const where = relation === "below" ? `inside ${scope === "home" ? "~/" : ""}${matched}: ` : "";
  return [shown, whose, c ?? "-", need ?? "-", `${where}${why}`];
}
