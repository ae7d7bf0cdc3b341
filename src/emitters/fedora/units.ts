import { oneLine } from "../../languages/fragment.ts";
import { tmpfilesLine } from "../../languages/systemd.ts";
import { ageingOf, neverAged } from "../../plan/ageing.ts";
import { relativeTo } from "../../plan/path.ts";
import { beginnings, pathTree } from "../../plan/path-tree.ts";
import type { HostPlan, PlanUser } from "../../plan/plan.ts";
import { generatedFrom } from "../emitter.ts";
import { scriptService, scriptTimer, userBackupUnits, userScript } from "./backup-units.ts";

/** The user units of a host, by file name. */
export function unitsOf(plan: HostPlan): Readonly<Record<string, string>> {
  const { host } = plan;
  const cleans = host.users.some((user) => ageingOf(plan, user.name).aged.length > 0);
  return {
    // Only one of them can be at work.
    ...userBackupUnits(plan, cleans ? ["remanence-clean.service"] : []),
    ...(cleans
      ? {
          "remanence-clean.service": scriptService(
            plan,
            "user",
            "Let old caches and logs of this home go",
            [userScript("clean.sh"), "--yes"],
            // Where a backup is at work it has time until the next run.
            { success: "75" },
          ),
          "remanence-clean.timer": scriptTimer(
            plan,
            "user",
            "Let old caches and logs of this home go, now and then",
            "weekly",
          ),
        }
      : {}),
  };
}

/**
 * `user-tmpfiles.d` of one user: the places that are no pattern through anybody's links; clean.sh does all of them,
 * and looks before it does. Undefined where nothing ages.
 */
export function tmpfilesOf(plan: HostPlan, user: PlanUser): string | undefined {
  const { aged, spared } = ageingOf(plan, user.name);
  const lines = aged
    .filter(({ pattern }) => !pattern)
    .map(
      ({ entry, path, age, filesOnly }): NotedLine => ({
        text: tmpfilesLine({ type: "e", ...below(user, path), pattern: false, age: `${filesOnly ? "m" : "mM"}:${age}` })
          .text,
        note: entry.note,
      }),
    );
  if (lines.length === 0) return undefined;
  const spare = (path: string, pattern: boolean, note: string): NotedLine => ({
    text: tmpfilesLine({ type: "x", ...below(user, path), pattern }).text,
    note,
  });
  const places = pathTree(aged.filter(({ pattern }) => !pattern).map(({ path }) => [path, path]));
  const kept = [
    ...spared.map(({ path }) => spare(path, false, "stays")),
    ...neverAged(plan, user)
      .filter(({ path }) => beginnings(places, path).length > 0)
      .flatMap(({ path }) => withHidden(path).map((hidden) => spare(hidden, true, "stays"))),
    // A pattern inside one of these places has an age of its own.
    ...aged
      .filter(({ path, pattern }) => pattern && beginnings(places, path).length > 0)
      .flatMap(({ path }) => withHidden(path).map((hidden) => spare(hidden, true, "left to clean.sh"))),
  ];
  return [
    `# What may go of ${user.name}'s home on ${plan.host.name} when it is old.\n# ${generatedFrom(plan)}\n`,
    "# For ~/.config/user-tmpfiles.d/. clean.sh does the same and more, and looks for links first.\n",
    ...paragraphs([...lines, ...kept]),
  ].join("");
}

interface NotedLine {
  readonly text: string;
  readonly note: string | null;
}

/** Lines with one note stand together below it: tmpfiles.d(5) knows no remark beside a line. */
function paragraphs(lines: readonly NotedLine[]): string[] {
  return lines.map(({ text, note }, i) => {
    if (i > 0 && lines[i - 1]?.note === note) return `${text}\n`;
    return `\n${note === null ? "" : `# ${oneLine(note)}\n`}${text}\n`;
  });
}

/** A pattern as systemd has to be told it: there `*` and `?` match no dot at the beginning of a name. */
function withHidden(pattern: string): string[] {
  const names = pattern.split("/").map((name) => {
    if (name.startsWith("*")) return [name, `.${name}`];
    return name.startsWith("?") ? [name, `.${name.slice(1)}`] : [name];
  });
  const paths = names.reduce<string[][]>(
    (found, ways) => found.flatMap((before) => ways.map((way) => [...before, way])),
    [[]],
  );
  return paths.map((path) => path.join("/"));
}

function below(user: PlanUser, path: string): { path: string; inHome: boolean } {
  const inside = relativeTo(path as never, user.home);
  return inside === undefined ? { path, inHome: false } : { path: inside, inHome: true };
}
