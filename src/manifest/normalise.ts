import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import { entriesOf } from "./entries.ts";
import { type Faults, type ManifestFile, united } from "./files.ts";
import { hostsOf } from "./hosts.ts";
import type { Manifest, ManifestUser, OutputFolders, ProfileReference } from "./manifest.ts";
import { homePath } from "./paths.ts";
import { storesOf } from "./stores.ts";

/**
 * Makes one manifest of a file and its includes: lists are joined, maps are united (a name defined twice is an
 * error), short forms expanded. How things are split over files never changes what they mean.
 */
export function normaliseManifest(files: readonly ManifestFile[]): { manifest: Manifest; diagnostics: Diagnostic[] } {
  const faults: Faults = [];
  const stores = storesOf(files, faults);
  const users = usersOf(files, faults);
  const hosts = hostsOf(
    files,
    users.map((u) => u.name),
    faults,
  );
  const manifest: Manifest = {
    file: files[0]?.yaml.source.path ?? "",
    stores,
    users,
    hosts,
    profiles: files.flatMap((file) => profilesOf(file)),
    entries: files.flatMap((file) => entriesOf(file, faults)),
    outputs: outputsOf(files, faults),
  };
  return { manifest, diagnostics: faults };
}

function usersOf(files: readonly ManifestFile[], faults: Faults): ManifestUser[] {
  return united(files, "users", "user", faults).flatMap(({ name, value, file, span }) => {
    const written = value?.home ?? (name === "root" ? "/root" : `/home/${name}`);
    const home = homePath(written, file.yaml.spanOf(["users", name, "home"]), faults);
    return home === undefined ? [] : [{ name, home, group: value?.group ?? null, span }];
  });
}

function profilesOf({ yaml, parsed }: ManifestFile): ProfileReference[] {
  return (parsed.written.profiles ?? []).map((written, n) => {
    const at = parsed.placeOf("profiles", n);
    const full = typeof written === "string" ? { name: written } : written;
    return {
      name: full.name,
      flavour: full.flavour ?? null,
      store: full.store ?? null,
      users: full.users ?? null,
      on: full.on ?? null,
      span: yaml.spanOf(typeof written === "string" ? at : [...at, "name"]),
    };
  });
}

const defaultFolders: OutputFolders = {
  nixos: "nixos/{host}",
  "home-manager": "home-manager/{host}",
  chezmoi: "chezmoi",
  fedora: "fedora/{host}",
};

function outputsOf(files: readonly ManifestFile[], faults: Faults): OutputFolders {
  const folders: Record<string, string> = { ...defaultFolders };
  const from = new Map<string, string>();
  for (const { yaml, parsed } of files) {
    for (const [name, path] of Object.entries(parsed.written.outputs ?? {})) {
      if (path === undefined) continue;
      const span = yaml.spanOf(["outputs", name]);
      const known = from.get(name);
      if (known !== undefined) faults.push(say["manifest/defined-twice"]({ name, kind: "output", other: known }, span));
      from.set(name, yaml.source.path);
      const detail = outputProblem(path);
      if (detail !== undefined) faults.push(say["manifest/output"]({ name, path, detail }, span));
      else folders[name] = path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "") || ".";
    }
  }
  return folders as unknown as OutputFolders;
}

/** Outputs stay in the manifest's own folder: a manifest is somebody's data, and must not choose what is overwritten. */
function outputProblem(path: string): string | undefined {
  if (path.startsWith("/") || path.startsWith("~")) return "it lies outside the manifest's folder";
  const components = path
    .replace(/^(?:\.\/)+/, "")
    .replace(/\/+$/, "")
    .split("/");
  if (components.includes("..")) return "it leads out of the manifest's folder";
  if (components.slice(1).includes(".") || components.slice(1).includes("")) return "it has an empty component";
  if (components.includes(".git") || components[0] === ".remanence") return "this folder has another use";
  if (path.replaceAll("{host}", "").match(/[{}]/) !== null) return "the only placeholder is `{host}`";
  return undefined;
}
