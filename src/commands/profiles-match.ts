import { posix } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { suggest } from "../profiles/conventions.ts";
import { ownerOf } from "../profiles/owner.ts";
import type { Answer, PathIndex } from "../profiles/path-index.ts";
import type { Scope } from "../profiles/scope.ts";
import { askedLines } from "./asked-lines.ts";
import type { CommonOptions } from "./manifest-option.ts";
import { columns, readable, terminal } from "./terminal.ts";

export interface MatchOptions extends CommonOptions {
  readonly scope?: Scope;
}

/** Says whose each path is, by the catalogue, else by what is usual; `-` reads paths from stdin. Of several indexes the first wins. */
export function answerMatches(
  paths: readonly string[],
  indexes: readonly PathIndex[],
  { scope: wanted, format }: Pick<MatchOptions, "scope" | "format">,
): void {
  const asked = paths.includes("-") ? paths.flatMap((path) => (path === "-" ? askedLines() : [path])) : paths;
  if (format === "json") terminal.jsonRows("matches", asked, (typed) => jsonRow(read(typed, wanted), indexes));
  else
    terminal.answer(
      readable(
        columns(
          asked.map((typed) => textRow(read(typed, wanted), indexes)),
          "",
        ),
      ),
    );
}

/** A row of the answer. Most of it is JSON already, as which it takes a fraction of the time. */
function jsonRow({ scope, path }: Asked, indexes: readonly PathIndex[]): string {
  const owner = ownerOf(path, indexes);
  const said = owner === undefined ? usualAnswer(scope, path) : `"relation":"${owner.relation}",${owner.answer}`;
  return `{"scope":"${scope}","path":${quoted(path)},${said}`;
}

/** A path, of a home relative to it. */
interface Asked {
  readonly scope: Scope;
  readonly path: string;
}

/** A path as it was typed: `~/x` and what lies below a home is of that home, another absolute path of the system, else of a home. */
function read(typed: string, scope: Scope | undefined): Asked {
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
  if (path[0] !== "/" && path[0] !== "~" && path[0] !== "$") return undefined;
  const own = process.env["HOME"];
  if (own !== undefined && own !== "/" && path.startsWith(`${own}/`)) return path.slice(own.length + 1);
  const home = /^(?:~|\$HOME|(?:\/var)?\/home\/[^/]+)(?:\/(.*))?$/s.exec(path);
  return home === null ? undefined : (home[1] ?? ".");
}

/** What is said of a path that no profile knows: what is usual, or nulls where nobody can say. */
function usualFor(scope: Scope, path: string): Record<keyof Answer | "relation", string | null> {
  const found = suggest(scope, path);
  return {
    relation: found === undefined ? null : "rule",
    matched: found?.matched ?? null,
    profile: null,
    flavour: null,
    class: found?.class ?? null,
    need: found?.need ?? null,
    why: found?.why ?? "unknown",
  };
}

/** The same as JSON without its first bracket. */
function usualAnswer(scope: Scope, path: string): string {
  const found = suggest(scope, path);
  if (found === undefined) return JSON.stringify(usualFor(scope, path)).slice(1);
  return `"relation":"rule","matched":${quoted(found.matched)},"profile":null,"flavour":null,${found.json}`;
}

/** A text as JSON has it; most need nothing but quotes. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

function textRow({ scope, path }: Asked, indexes: readonly PathIndex[]): string[] {
  const owner = ownerOf(path, indexes);
  const { matched, profile, flavour, class: c, need, why } = owner?.indexed ?? usualFor(scope, path);
  const shown = scope === "home" && path !== "." ? `~/${path}` : scope === "home" ? "~" : path;
  const whose = profile === null ? "-" : flavour === null ? profile : `${profile} (${flavour})`;
  const where = owner?.relation === "below" ? `inside ${scope === "home" ? "~/" : ""}${matched}: ` : "";
  return [shown, whose, c ?? "-", need ?? "-", `${where}${why}`];
}
