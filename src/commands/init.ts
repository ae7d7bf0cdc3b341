import { hostname, userInfo } from "node:os";
import { dirname, join, resolve as resolvePath } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { type Disk, diskAt, ownerOf, seenFrom } from "../init/disk.ts";
import { type Draft, draftOf } from "../init/draft.ts";
import { type Asker, findHomes } from "../init/find-homes.ts";
import { lookAt } from "../init/look.ts";
import type { Machine } from "../init/machine.ts";
import { type Mount, readMounts } from "../init/mounts.ts";
import { readOsRelease } from "../init/os-release.ts";
import { installedPackages } from "../init/rpm.ts";
import { type Settled, settle } from "../init/settle.ts";
import { isTaken, type NewFile, newFile } from "../output/new-file.ts";
import { emit, resolve } from "../pipeline.ts";
import { loadCatalogue } from "../profiles/catalogue.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import { scanHost } from "../scan/scan.ts";
import { askOs, askPlace, choose } from "./init-choices.ts";
import { type InitReport, initJson, initText } from "./init-report.ts";
import type { ExitCode } from "./manifest-option.ts";
import { progress } from "./progress.ts";
import { canAsk, type Questions, questions } from "./questions.ts";
import { schemaDocument } from "./schema.ts";
import { terminal } from "./terminal.ts";

export interface InitOptions {
  readonly yes?: boolean;
  readonly output?: string;
  readonly root?: string;
  readonly home?: string;
  readonly format: "text" | "json";
}

const usualName = "persistence.yaml";

/** `remanence init`: the first manifest of this machine, from what is found on it. */
export async function init(options: InitOptions): Promise<ExitCode> {
  refusePlace(options.output ?? usualName);
  const asking = options.yes !== true && options.format === "text" && canAsk() ? questions() : undefined;
  try {
    return await initWith(options, asking);
  } finally {
    asking?.close();
  }
}

async function initWith(options: InitOptions, asking: Questions | undefined): Promise<ExitCode> {
  const found = await look(options, asking);
  const machine = asking === undefined ? found : await choose(found, asking);
  const source = chezmoiFolder(machine, options);
  const file =
    asking === undefined || options.output !== undefined
      ? (options.output ?? usualName)
      : await askPlace(asking, usualName, source);
  refusePlace(file);
  const beside = source === null ? undefined : seenFrom(dirname(resolvePath(file)), source);
  const settled = await write(file, draftOf(machine, beside ?? null));
  const report = { file, machine, settled, rest: await restOf(file, options) };
  if (options.format === "json") terminal.json(initJson(report));
  else terminal.answer(initText(report));
  return settled.remaining.length === 0 ? 0 : 1;
}

/** Before a machine is looked at and a person is asked. */
function refusePlace(file: string): void {
  const folder = dirname(file);
  if (ownerOf(folder) === undefined) throw new CannotRun(`cannot write ${file}: there is no folder ${folder}`);
  if (!isTaken(file)) return;
  throw new CannotRun(
    `${file} is there already, and stays as it is. remanence check says what is wrong with it, remanence triage goes on from there; another file: --output FILE`,
  );
}

async function look(options: InitOptions, asking: Questions | undefined): Promise<Machine> {
  const root = folderOption("--root", options.root) ?? "/";
  const homeFolder = folderOption("--home", options.home);
  const isHere = root === "/";
  const disk = diskAt(root);
  const system = readOsRelease(disk.read("/etc/os-release") ?? disk.read("/usr/lib/os-release") ?? "");
  const os = system.os ?? (asking === undefined ? "fedora" : await askOs(asking, system.title));
  const { homes, leftOut } = findHomes(disk, asker(isHere), homeFolder);
  const { catalogue } = await loadCatalogue(undefined);
  return lookAt({
    disk,
    system,
    os,
    machineName: isHere ? hostname() : (disk.read("/etc/hostname") ?? ""),
    homes,
    leftOut,
    mounts: mountsOf(disk, root),
    catalogue,
    path: isHere ? (process.env["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/")) : [],
    packages: isHere && os === "fedora" ? installedPackages() : new Set(),
  });
}

function folderOption(name: string, folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  if (ownerOf(folder) === undefined) throw new CannotRun(`${name} ${folder}: there is no such directory`);
  return resolvePath(folder);
}

/** Whoever runs this, or has it run by sudo. */
function asker(isHere: boolean): Asker {
  const uid = Number(process.env["SUDO_UID"] ?? process.getuid?.() ?? 0);
  if (!isHere || process.getuid?.() !== uid) return { uid, person: null };
  try {
    const { username, gid, homedir } = userInfo();
    return { uid, person: { name: username, uid, gid, home: homedir } };
  } catch {
    // A number that no account has.
    return { uid, person: null };
  }
}

/** A system that is only mounted here has no mounts of its own to tell; then those of this machine below it count. */
function mountsOf(disk: Disk, root: string): Mount[] {
  const own = disk.read("/proc/self/mounts");
  if (own !== undefined) return readMounts(own);
  return readMounts(diskAt("/").read("/proc/self/mounts") ?? "", root);
}

/** Where the chezmoi source is on the machine that runs this; null where there is none. */
function chezmoiFolder({ chezmoi, users }: Machine, { root, home }: InitOptions): string | null {
  if (chezmoi === null) return null;
  if (home !== undefined) return join(resolvePath(home), chezmoi.path);
  const owner = users.find(({ name }) => name === chezmoi.user);
  return owner === undefined ? null : join(resolvePath(root ?? "/"), owner.home, chezmoi.path);
}

/** What the new manifest says nothing about; null where it is not sound, or the machine cannot be walked. */
async function restOf(file: string, { root, home }: InitOptions): Promise<InitReport["rest"]> {
  const { plans, diagnostics, loaded } = await resolve(file);
  const [plan] = plans;
  if (plan === undefined || hasErrors(diagnostics)) return null;
  const shown = progress();
  try {
    const indexes = await loadPathIndexes(loaded.folder);
    const result = await scanHost({ plan, indexes, root: root ?? null, home: home ?? null, watch: shown.show });
    return { plan, result };
  } catch (error) {
    // The manifest is written, and what there is beside it is scan's to say.
    if (error instanceof CannotRun) return null;
    throw error;
  } finally {
    shown.end();
  }
}

/** Writes the draft as far as `check` has nothing to say, and the schema that its first line names. */
async function write(file: string, draft: Draft): Promise<Settled> {
  const manifest = newFile(file);
  try {
    const settled = await settle(draft, (text) => verdictOn(manifest, text));
    const schema = join(dirname(file), "persistence.schema.json");
    if (!isTaken(schema)) publish(newFile(schema), `${JSON.stringify(schemaDocument(), null, 2)}\n`);
    publish(manifest, settled.text);
    return settled;
  } finally {
    manifest.discard();
  }
}

async function verdictOn(manifest: NewFile, text: string): Promise<Awaited<ReturnType<Parameters<typeof settle>[1]>>> {
  manifest.write(text);
  const { diagnostics, loaded } = emit(await resolve(manifest.temporary));
  return { file: loaded.manifest.file, diagnostics };
}

function publish(file: NewFile, text: string): void {
  try {
    file.write(text);
    file.publish();
  } finally {
    file.discard();
  }
}
