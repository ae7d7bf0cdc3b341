import { printable } from "../diagnostics/print.ts";
import { shownPath } from "../scan/names.ts";
import type { Decided } from "../trace/sort-out.ts";

/**
 * What was seen of kept files and their lines do not say: that one is saved by rename, which a mount or a link does not
 * survive, or that there is a database, which must not be copied while it is written.
 */
export function unsaid(decided: readonly Decided[]): string[] {
  return decided.flatMap(({ rule, written }) => {
    if (rule.disposition !== "persist") return [];
    const { file, line, profile } = rule.origin;
    const home = rule.scope === "home" ? "~/" : "";
    const where = `${home}${printable(rule.path)}${rule.kind === "directory" ? "/" : ""}`;
    const by = `${file}:${line}${profile === null ? "" : `, profile ${profile}`}`;
    const isRenamed = rule.kind === "file" && written.some(({ writes }) => writes === "rename");
    const database = rule.database ? undefined : written.find((one) => one.database);
    return [
      ...(isRenamed && rule.writes !== "rename"
        ? [`${where} is saved by rename; ${by} does not say \`writes: rename\``]
        : []),
      ...(database === undefined
        ? []
        : [`${where} has a database (${shownPath(database.place.live)}); ${by} does not say \`database: true\``]),
    ];
  });
}
