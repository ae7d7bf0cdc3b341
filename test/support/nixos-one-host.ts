/** One NixOS host of a random manifest, with all entries on it. */
import type { ModelEntry, ModelManifest } from "./model.ts";

const everywhere = <T extends { readonly on?: readonly string[] }>(items: readonly T[]): T[] =>
  items.map(({ on, ...rest }) => {
    void on;
    return rest as T;
  });

/** The host alone, with other settings for NixOS. */
export function oneHost(model: ModelManifest, name: string, nixos: Readonly<Record<string, string>>): ModelManifest {
  const host = model.hosts[name];
  if (host === undefined) throw new Error(`no ${name}`);
  return {
    ...model,
    hosts: { [name]: { ...host, nixos: { ...host.nixos, ...nixos } } },
    profiles: [{ name: "nixos-ids" }, ...everywhere(model.profiles)],
    system: everywhere<ModelEntry>(model.system),
    home: everywhere<ModelEntry>(model.home),
  };
}

/** The file systems that a person has declared for such a host. */
export function declaredFileSystems(
  model: ModelManifest,
  mounts: readonly (string | null)[],
): Record<string, { device: string; fsType: string }> {
  const nixos = Object.values(model.hosts)[0]?.nixos;
  const root = nixos?.wipe?.some(({ path }) => path === "/") === true ? [] : ["/"];
  const all = [...root, ...(nixos?.mounts ?? []), ...mounts.filter((mount) => mount !== null)];
  return Object.fromEntries(all.map((mount) => [mount, { device: "/dev/disk/by-label/x", fsType: "ext4" }]));
}
