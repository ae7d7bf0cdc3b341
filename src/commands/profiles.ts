import { dirname } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { printDiagnostic } from "../diagnostics/print.ts";
import { loadManifest } from "../manifest/load.ts";
import { type Catalogue, loadCatalogue } from "../profiles/catalogue.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import type { Profile, ProfileEntry } from "../profiles/profile.ts";
import { type CommonOptions, type ExitCode, findManifest } from "./manifest-option.ts";
import { nearestManifest } from "./nearest-manifest.ts";
import { answerMatches, type MatchOptions } from "./profiles-match.ts";
import { columns, terminal } from "./terminal.ts";

/** `remanence profiles list`: the catalogue, and the profiles beside the manifest if there is one. */
export async function listProfiles(options: CommonOptions): Promise<ExitCode> {
  const catalogue = await catalogueFor(options);
  const profiles = catalogue.names.flatMap((name) => catalogue.get(name) ?? []);
  if (options.format === "json") {
    terminal.json({
      version: 1,
      profiles: profiles.map(listed),
    });
    return 0;
  }
  terminal.answer(
    `${columns(profiles.map(listRow))}\n\n${profiles.length} profiles. What one keeps: remanence profiles show NAME\n`,
  );
  return 0;
}

/** `remanence profiles show NAME`: what an application keeps, and where that is known from. */
export async function showProfile(name: string, options: CommonOptions): Promise<ExitCode> {
  const catalogue = await catalogueFor(options);
  const profile = catalogue.get(name);
  if (profile === undefined) {
    const known = didYouMean(name, catalogue.names);
    throw new CannotRun(`there is no profile ${name}${known === undefined ? "" : `; did you mean ${known}?`}`);
  }
  if (options.format === "json") terminal.json({ version: 1, profile });
  else terminal.answer(profileText(profile));
  return 0;
}

/** `remanence profiles search WORD…`: profiles that have all the words somewhere. */
export async function searchProfiles(words: readonly string[], options: CommonOptions): Promise<ExitCode> {
  const catalogue = await catalogueFor(options);
  const wanted = words.map((word) => word.toLowerCase());
  const found = catalogue.names
    .flatMap((name) => catalogue.get(name) ?? [])
    .filter((profile) => wanted.every((word) => textOf(profile).includes(word)));
  if (options.format === "json") {
    terminal.json({ version: 1, profiles: found.map(listed) });
    return 0;
  }
  if (found.length === 0) terminal.problem("No profile has that. Whose a path is: remanence profiles match PATH");
  else terminal.answer(columns(found.map(listRow)));
  return 0;
}

/** `remanence profiles match PATH…`: whose each path is; with the profiles beside the manifest, if there is one. */
export async function matchPaths(paths: readonly string[], options: MatchOptions): Promise<ExitCode> {
  const manifest = nearestManifest(options.manifest);
  answerMatches(paths, await loadPathIndexes(manifest === undefined ? undefined : dirname(manifest)), options);
  return 0;
}

/** All that a person may look for. */
function textOf({ name, title, paths, flavours, detect }: Profile): string {
  const variants = Object.entries(flavours);
  const entries = [...paths, ...variants.flatMap(([, flavour]) => flavour.paths)];
  const words = [
    ...[name, title, ...entries.flatMap(({ path, note }) => [path, note ?? ""])],
    ...variants.flatMap(([flavour, { id }]) => [flavour, id ?? ""]),
    ...Object.values(detect).flat(),
  ];
  return words.join("\n").toLowerCase();
}

function listed({ name, title, flavours }: Profile): { name: string; title: string; flavours: string[] } {
  return { name, title, flavours: Object.keys(flavours) };
}

function listRow(profile: Profile): string[] {
  return [profile.name, profile.title, Object.keys(profile.flavours).join(", ")];
}

/** Profiles beside a manifest count where there is one; none is needed. */
async function catalogueFor(options: CommonOptions): Promise<Catalogue> {
  const folder = folderOf(options.manifest);
  const { catalogue, diagnostics, sources } = await loadCatalogue(folder);
  const texts = new Map(sources.map((source) => [source.path, source]));
  for (const d of diagnostics) terminal.problem(printDiagnostic(d, texts, { color: terminal.problemColor() }));
  return catalogue;
}

function folderOf(named: string | undefined): string | undefined {
  if (named !== undefined) return loadManifest(named).folder;
  try {
    return loadManifest(findManifest(undefined)).folder;
  } catch (error) {
    if (error instanceof CannotRun) return undefined;
    throw error;
  }
}

function profileText(profile: Profile): string {
  const rows = (entries: readonly ProfileEntry[]): string =>
    columns(entries.map((e) => [shown(e), e.class, e.need, e.mode ?? "", noteOf(e)]));
  const flavours = Object.entries(profile.flavours).map(
    ([name, flavour]) =>
      `\n${terminal.paint("bold", `flavour ${name}`)}${flavour.id === null ? "" : ` (${flavour.id})`}\n${rows(flavour.paths)}\n`,
  );
  const sources = profile.sources.map((source) => `  ${source}`).join("\n");
  return `${terminal.paint("bold", profile.title)}\n${rows(profile.paths)}\n${flavours.join("")}\nKnown from\n${sources}\n`;
}

function noteOf(entry: ProfileEntry): string {
  const judged = entry.basis === "judged" ? "(judged)" : "";
  return [entry.note ?? "", judged].filter(Boolean).join(" ");
}

function shown(entry: ProfileEntry): string {
  const path = entry.scope === "home" ? `~/${entry.path}` : entry.path;
  const only = entry.on === null ? "" : ` (${entry.on.join(", ")})`;
  return `${path}${entry.kind === "directory" ? "/" : ""}${only}`;
}
