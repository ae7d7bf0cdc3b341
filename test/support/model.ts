/** A manifest as a person could have written it, as plain data: what random tests make, write down and reason about. */

export interface ModelEntry {
  readonly path: string;
  readonly class?: string;
  readonly need?: string;
  readonly carry?: boolean | string;
  readonly fetch?: { readonly git: string };
  readonly store?: string;
  readonly how?: string;
  readonly backup?: boolean;
  readonly expire?: string;
  readonly on?: readonly string[];
  readonly users?: readonly string[];
}

export type ModelStore = string | { readonly path: string; readonly backup?: boolean; readonly mount?: string };

export interface ModelBackup {
  readonly engine: "restic" | "tar";
  readonly encrypt?: { readonly age: string };
  readonly need?: string;
}

export interface ModelHost {
  readonly os: "nixos" | "fedora";
  readonly users?: readonly string[];
  readonly keep?: string;
  readonly backup?: ModelBackup;
  readonly stores?: Readonly<Record<string, ModelStore>>;
  readonly nixos?: {
    readonly module?: string;
    readonly home?: string;
    readonly relocate?: string;
    readonly wipe?: readonly { readonly path: string; readonly method: "tmpfs" }[];
    readonly mounts?: readonly string[];
  };
  readonly fedora?: { readonly link?: string };
}

export interface ModelReference {
  readonly name: string;
  readonly flavour?: string;
  readonly store?: string;
  readonly on?: readonly string[];
  readonly users?: readonly string[];
}

export interface ModelProfile {
  readonly name: string;
  readonly paths: readonly ModelEntry[];
  readonly flavours?: Readonly<Record<string, { readonly paths: readonly ModelEntry[] }>>;
}

export interface ModelManifest {
  readonly stores?: Readonly<Record<string, ModelStore>>;
  readonly users: Readonly<Record<string, { readonly home?: string }>>;
  readonly hosts: Readonly<Record<string, ModelHost>>;
  /** Profiles beside the manifest, and which of them it names. */
  readonly local: readonly ModelProfile[];
  readonly profiles: readonly ModelReference[];
  readonly system: readonly ModelEntry[];
  readonly home: readonly ModelEntry[];
}

/** The files of a model: `persistence.yaml` and its profiles. JSON is YAML; each list item has a line of its own. */
export function filesOf(model: ModelManifest): Record<string, string> {
  const files: Record<string, string> = { "persistence.yaml": manifestText(model) };
  for (const profile of model.local) {
    const full = { ...profile, title: `Profile ${profile.name}`, sources: ["https://example.org/"] };
    files[`profiles/${profile.name}.yaml`] = JSON.stringify(full);
  }
  return files;
}

const lists = ["profiles", "system", "home"] as const;

function manifestText(model: ModelManifest): string {
  return `${headText(model)}${listsText(model)}`;
}

/** All of a manifest but its lists. */
export function headText({ stores, users, hosts }: ModelManifest): string {
  const written = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, hostText(host)]));
  const section = (name: string, value: unknown): string => `${name}: ${JSON.stringify(value)}\n`;
  return `version: 1\n${stores === undefined ? "" : section("stores", stores)}${section("users", users)}${section("hosts", written)}`;
}

/** The lists of a manifest, an item a line. */
export function listsText(model: Partial<Pick<ModelManifest, "profiles" | "system" | "home">>): string {
  return lists
    .filter((list) => (model[list]?.length ?? 0) > 0)
    .map((list) => `${list}:\n${model[list]?.map((item) => `  - ${JSON.stringify(item)}\n`).join("")}`)
    .join("");
}

function hostText(host: ModelHost): object {
  if (host.backup === undefined) return host;
  const where = host.backup.engine === "restic" ? { repository: "/backup" } : { path: "/backup" };
  return { ...host, backup: { ...host.backup, ...where } };
}

/** The line of `persistence.yaml` that an item of a list stands in. */
export function lineOf(model: ModelManifest, list: (typeof lists)[number], index: number): number {
  let line = headText(model).split("\n").length;
  for (const name of lists) {
    if (model[name].length === 0) continue;
    if (name === list) return line + 1 + index;
    line += 1 + model[name].length;
  }
  throw new RangeError(`${list} is empty`);
}
