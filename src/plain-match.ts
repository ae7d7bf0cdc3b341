import type { Scope } from "./profiles/scope.ts";

/** `remanence profiles match PATH… [--format FORMAT] [--scope SCOPE]` and nothing else. */
export interface PlainMatch {
  readonly paths: readonly string[];
  readonly format: "text" | "json";
  readonly scope?: Scope;
}

/** Reads such a command line; undefined for any other one: mistakes, help and further options are the whole program's. */
export function plainMatch([command, sub, ...args]: readonly string[]): PlainMatch | undefined {
  if (command !== "profiles" || sub !== "match") return undefined;
  const paths: string[] = [];
  let options: Omit<PlainMatch, "paths"> = { format: "text" };
  for (let i = 0; i < args.length; i++) {
    const [arg = "", next] = [args[i], args[i + 1]];
    if (arg === "--format" && (next === "json" || next === "text")) {
      options = { ...options, format: next };
      i++;
    } else if (arg === "--scope" && (next === "home" || next === "system")) {
      options = { ...options, scope: next };
      i++;
    } else if (arg.startsWith("-") && arg !== "-") return undefined;
    else paths.push(arg);
  }
  return paths.length === 0 ? undefined : { paths, ...options };
}
