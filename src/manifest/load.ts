import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Sources } from "../diagnostics/print.ts";
import type { SourceFile, Span } from "../diagnostics/span.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import type { ManifestFile } from "./files.ts";
import type { Manifest } from "./manifest.ts";
import { normaliseManifest } from "./normalise.ts";
import { parseManifest } from "./parse.ts";
import { decodeText } from "./text.ts";
import { parseYaml } from "./yaml-source.ts";

/** Bytes a manifest file may have; 10,000 entries need about one tenth. */
const sizeLimit = 8 * 1024 * 1024;
/** Files a manifest may consist of. */
const fileLimit = 200;

/** A manifest read from disk, with what is wrong with it so far. */
export interface LoadedManifest {
  readonly manifest: Manifest;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** The manifest's folder, resolved: outputs and user profiles lie below it. */
  readonly folder: string;
  /** What each file declares, faulty or not, so that a faulty host is not also called unknown. */
  readonly declared: Declared;
}

export interface Declared {
  readonly hosts: readonly string[];
  readonly users: readonly string[];
  readonly stores: readonly string[];
  /** False where a file could not be read: what seems to be missing may be in it. */
  readonly complete: boolean;
}

/**
 * Reads a manifest and everything it includes. Included files lie in the manifest's folder or below it, also after
 * links are resolved: diagnostics quote lines of them, and a manifest must not be able to have other files quoted.
 * `proposed` is a text to read in place of what the manifest's own file says.
 */
export function loadManifest(path: string, proposed?: string): LoadedManifest {
  const files: ManifestFile[] = [];
  const sources = new Map<string, SourceFile>();
  const diagnostics: Diagnostic[] = [];
  const folder = folderOf(path);
  const visit = (real: string, name: string, chain: readonly string[], from?: Span): void => {
    const isProposed = from === undefined && proposed !== undefined;
    const source = isProposed ? { path: name, text: proposed } : readSource(real, name, from, diagnostics);
    sources.set(name, source ?? { path: name, text: "" });
    if (source === undefined) return;
    const yaml = parseYaml(source);
    const parsed = parseManifest(yaml, from !== undefined);
    diagnostics.push(...yaml.diagnostics, ...parsed.diagnostics);
    files.push({ yaml, parsed });
    for (const [i, include] of (parsed.written.include ?? []).entries()) {
      const span = yaml.spanOf(parsed.placeOf("include", i));
      const target = includeTarget(include, real, folder, [...chain, real], span, diagnostics);
      if (target === undefined) continue;
      const known = relative(folder, target).split("\\").join("/");
      if (sources.has(known)) continue;
      if (sources.size < fileLimit) visit(target, known, [...chain, real], span);
      else diagnostics.push(say["manifest/include"]({ name: include, detail: `more than ${fileLimit} files` }, span));
    }
  };
  const real = resolveFile(path);
  visit(real, relative(folder, real), []);
  const normal = normaliseManifest(files);
  const first = files[0];
  if (first !== undefined) diagnostics.push(...versionFault(first));
  return {
    manifest: normal.manifest,
    diagnostics: [...diagnostics, ...normal.diagnostics],
    sources,
    folder,
    declared: declaredIn(files, files.length === sources.size),
  };
}

function versionFault({ yaml }: ManifestFile): Diagnostic[] {
  const value = yaml.value;
  if (!isMap(value) || (value["version"] ?? null) !== null) return [];
  return [say["manifest/version"]({}, yaml.spanOf([]))];
}

function folderOf(path: string): string {
  return dirname(resolveFile(path));
}

function resolveFile(path: string): string {
  try {
    // The folder is resolved, the file's own name is kept: outputs name the manifest as the person does.
    return join(realpathSync(dirname(path)), posix.basename(path));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readSource(
  real: string,
  name: string,
  from: Span | undefined,
  diagnostics: Diagnostic[],
): SourceFile | undefined {
  const place = from ?? { file: name, start: 0, end: 0 };
  let handle: number | undefined;
  try {
    // Without O_NONBLOCK a named pipe in the manifest's place would hang the command.
    handle = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new CannotRun(stat.isDirectory() ? reasons["EISDIR"] : "it is not a file");
    if (stat.size > sizeLimit) {
      diagnostics.push(say["manifest/too-large"]({ bytes: stat.size, limit: sizeLimit }, place));
      return undefined;
    }
    const { text, fault, utf16 } = decodeText(readFileSync(handle));
    if (fault !== undefined) {
      diagnostics.push(say["manifest/not-utf8"]({ utf16 }, { file: name, start: fault, end: fault + 1 }));
    }
    return utf16 ? undefined : { path: name, text };
  } catch (error) {
    if (from === undefined) throw unreadable(name, error);
    diagnostics.push(say["manifest/include"]({ name, detail: reasonOf(error) }, from));
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a directory",
  EACCES: "permission denied",
  ELOOP: "its path is a loop of links",
  EISDIR: "it is a directory",
};

function reasonOf(error: unknown): string {
  if (error instanceof CannotRun) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  return reasons[code ?? ""] ?? code ?? String(error);
}

function unreadable(name: string, error: unknown): CannotRun {
  return new CannotRun(`cannot read ${name}: ${reasonOf(error)}`);
}

/** The file an `include` names, or undefined and a diagnostic. */
function includeTarget(
  include: string,
  includer: string,
  folder: string,
  chain: readonly string[],
  span: Span,
  diagnostics: Diagnostic[],
): string | undefined {
  const fail = (detail: string): undefined => {
    diagnostics.push(say["manifest/include"]({ name: include, detail }, span));
    return undefined;
  };
  if (include.startsWith("/") || include.startsWith("~")) return fail("it must be relative to this file");
  let target: string;
  try {
    target = realpathSync(join(dirname(includer), include));
  } catch (error) {
    return fail(reasonOf(error));
  }
  if (!target.startsWith(`${folder}/`)) return fail("it lies outside the manifest's folder");
  if (chain.includes(target)) return fail("it includes itself");
  return target;
}

function declaredIn(files: readonly ManifestFile[], allRead: boolean): Declared {
  const names = (section: "hosts" | "users" | "stores"): string[] => [
    ...new Set(files.flatMap(({ yaml }) => keysOf(sectionOf(yaml.value, section)))),
  ];
  const hostStores = files.flatMap(({ yaml }) =>
    Object.values(sectionOf(yaml.value, "hosts") ?? {}).flatMap((host) => keysOf(sectionOf(host, "stores"))),
  );
  const stores = [...names("stores"), ...hostStores];
  return {
    hosts: names("hosts"),
    users: names("users"),
    stores: stores.length > 0 ? [...new Set(stores)] : ["persist"],
    complete: allRead && files.every(({ yaml }, i) => hasUsableSections(yaml.value) || (i > 0 && yaml.value === null)),
  };
}

function hasUsableSections(value: unknown): boolean {
  return isMap(value) && ["hosts", "users", "stores"].every((name) => value[name] == null || isMap(value[name]));
}

function sectionOf(value: unknown, section: string): Record<string, unknown> | undefined {
  if (!isMap(value) || !Object.hasOwn(value, section)) return undefined;
  const found = value[section];
  return isMap(found) ? found : undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keysOf(map: Record<string, unknown> | undefined): string[] {
  return map === undefined ? [] : Object.keys(map);
}
