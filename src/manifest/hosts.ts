import type { Span } from "../diagnostics/span.ts";
import { needOf } from "../plan/vocabulary.ts";
import { type Faults, type ManifestFile, united } from "./files.ts";
import type { Backup, ManifestHost, ManifestStore, NixosPolicy, Wipe } from "./manifest.ts";
import { absolutePath } from "./paths.ts";
import type { WrittenBackup, WrittenHost, WrittenNixos, WrittenWipe } from "./schema.ts";
import { storeOf } from "./stores.ts";

/** The hosts of all files, in the order of their names, defaults filled in. */
export function hostsOf(files: readonly ManifestFile[], users: readonly string[], faults: Faults): ManifestHost[] {
  return united(files, "hosts", "host", faults)
    .map(({ name, value, file, span }) => hostOf(name, value, file, span, users, faults))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function hostOf(
  name: string,
  written: WrittenHost,
  file: ManifestFile,
  span: Span,
  users: readonly string[],
  faults: Faults,
): ManifestHost {
  const at = ["hosts", name];
  const common = {
    name,
    users: written.users ?? users,
    keep: needOf(written.keep ?? "optional"),
    backup: written.backup === undefined ? null : backupOf(written.backup),
    stores: hostStores(written, file, at, faults),
    span,
    spans: spansOf(written, file, at),
  };
  if (written.os === "nixos") {
    return { ...common, os: "nixos", nixos: nixosOf(written.nixos ?? {}, file, [...at, "nixos"], faults) };
  }
  const { variant, link, home, "chezmoi-runs": chezmoiRuns = [] } = written.fedora ?? {};
  return {
    ...common,
    os: "fedora",
    fedora: { variant: variant ?? "workstation", link: link ?? "symlink", home: home ?? null, chezmoiRuns },
  };
}

function hostStores(written: WrittenHost, file: ManifestFile, at: string[], faults: Faults): ManifestStore[] {
  return Object.entries(written.stores ?? {}).flatMap(([name, store]) => {
    const place = [...at, "stores", name];
    const full = storeOf(name, store, file.yaml.spanOf(place, "key"), file, place, faults);
    return full === undefined ? [] : [full];
  });
}

function backupOf(written: WrittenBackup): Backup {
  const common = {
    need: needOf(written.need ?? "optional"),
    schedule: written.schedule ?? "daily",
    retain: Object.fromEntries(Object.entries(written.retain ?? {}).filter(([, n]) => n !== undefined)),
  };
  if (written.engine === "restic") {
    const passwordFile = written["password-file"] ?? null;
    return { engine: "restic", to: written.repository, passwordFile, encrypt: null, ...common };
  }
  return { engine: "tar", to: written.path, passwordFile: null, encrypt: encryptOf(written.encrypt), ...common };
}

function encryptOf(written: { age: string } | { gpg: string } | undefined): Backup["encrypt"] {
  if (written === undefined) return null;
  if ("age" in written) return { tool: "age", recipient: written.age };
  return { tool: "gpg", recipient: written.gpg };
}

function nixosOf(written: WrittenNixos, file: ManifestFile, at: string[], faults: Faults): NixosPolicy {
  const several = Array.isArray(written.wipe);
  const wipes = written.wipe === undefined ? [] : several ? written.wipe : [written.wipe];
  const mounts = (written.mounts ?? []).flatMap((mount, i) => {
    const path = absolutePath(mount, file.yaml.spanOf([...at, "mounts", i]), faults);
    return path === undefined ? [] : [path];
  });
  return {
    release: written.release ?? "26.05",
    module: written.module ?? "impermanence",
    home: written.home ?? "nixos-module",
    carry: written.carry ?? "chezmoi",
    initrd: written.initrd ?? "systemd",
    relocate: written.relocate ?? "all",
    mounts,
    wipes: (wipes as WrittenWipe[]).flatMap((wipe, i) => {
      const full = wipeOf(wipe, file, several ? [...at, "wipe", i] : [...at, "wipe"], faults);
      return full === undefined ? [] : [full];
    }),
  };
}

function wipeOf(
  written: WrittenWipe,
  file: ManifestFile,
  at: readonly (string | number)[],
  faults: Faults,
): Wipe | undefined {
  const path = absolutePath(written.path, file.yaml.spanOf([...at, "path"]), faults);
  const device =
    written.device === undefined ? null : absolutePath(written.device, file.yaml.spanOf([...at, "device"]), faults);
  if (path === undefined || device === undefined) return undefined;
  return {
    path,
    method: written.method,
    size: written.size ?? null,
    device,
    subvolume: written.subvolume ?? null,
    retain: written.retain ?? null,
    dataset: written.dataset ?? null,
    snapshot: written.snapshot ?? null,
    onFailure: written["on-failure"] ?? "boot",
  };
}

/** Places of a host's settings by dotted key, for diagnostics of later stages ("at the line that asks for it"). */
function spansOf(written: object, file: ManifestFile, at: readonly (string | number)[]): Record<string, Span> {
  const spans: Record<string, Span> = {};
  const visit = (value: unknown, keys: readonly (string | number)[]): void => {
    if (keys.length > 0) spans[keys.join(".")] = file.yaml.spanOf([...at, ...keys]);
    if (typeof value !== "object" || value === null || keys.length > 3) return;
    for (const [key, child] of Object.entries(value)) {
      visit(child, [...keys, Array.isArray(value) ? Number(key) : key]);
    }
  };
  visit(written, []);
  return spans;
}
