import type { DraftHost, DraftSetting } from "./draft.ts";
import type { Machine } from "./machine.ts";
import { nixosRelease } from "./os-release.ts";

/** The host of a draft: what the system is, where state lives, and, as comments, what a person may switch on. */
export function draftHost(machine: Machine): DraftHost {
  const { hostName, os, title, assumed } = machine;
  return {
    name: hostName,
    os: { key: "os", data: os, reason: assumed ? `assumed for ${title}` : title },
    settings: [...(os === "fedora" ? [fedoraStore] : nixosStore(machine)), backup(machine)],
    own: os === "nixos" ? nixosSettings(machine) : fedoraSettings(machine),
  };
}

const fedoraStore: DraftSetting = {
  key: "stores",
  data: { persist: "~/.persist" },
  reason: "in each home; nothing moves there before you run link.sh",
};

function nixosStore({ fileSystems: { store } }: Machine): DraftSetting[] {
  if (store === null || (store.path === "/persist" && store.mount === store.path)) return [];
  if (store.mount === store.path) {
    return [{ key: "stores", data: { persist: store.path }, reason: "a file system of its own" }];
  }
  return [{ key: "stores", data: { persist: store }, reason: `it lies on the file system of ${store.mount}` }];
}

function backup({ restic, os, fileSystems }: Machine): DraftSetting {
  const store = fileSystems.store?.path ?? "/persist";
  const password = os === "nixos" ? `${store}/secrets/restic` : "~/.config/restic/password";
  return {
    key: "backup",
    data: {
      engine: "restic",
      repository: "sftp:nas:/backup",
      "password-file": restic?.passwordFile ?? password,
      schedule: "daily",
      retain: { daily: 7, weekly: 4, monthly: 12 },
    },
    reason: "",
    above: [
      restic === null
        ? "Nothing is backed up until this says where to:"
        : `${restic.why}. Nothing is backed up from here until this says where to:`,
    ],
    aside: true,
  };
}

function fedoraSettings({ atomic }: Machine): DraftSetting[] {
  return atomic ? [{ key: "variant", data: "atomic", reason: "the system is an image" }] : [];
}

function nixosSettings({ version, fileSystems: { rootIsWiped, others, store, wipe } }: Machine): DraftSetting[] {
  const known = nixosRelease(version);
  const settings: DraftSetting[] = [];
  if (known !== null) {
    const reason = known.exact ? "" : `${version} is not known: the nearest that is`;
    settings.push({ key: "release", data: known.release, reason });
  }
  settings.push(
    rootIsWiped
      ? { key: "relocate", data: "all", reason: "the root is in memory: whatever stays has to lie in the store" }
      : { key: "relocate", data: "wiped", reason: "all stays in its place until a wipe is switched on below" },
  );
  if (others.length > 0)
    settings.push({ key: "mounts", data: others, reason: "file systems that a wipe of / leaves alone" });
  const needsStore = store === null ? ["It needs a store on a file system of its own first: /persist, say."] : [];
  if (wipe.kind === "none") {
    settings.push({
      key: "wipe",
      data: { path: "/", method: "tmpfs", size: "50%" },
      reason: "",
      above: [`An empty root at each boot: ${wipe.why}.`, ...needsStore],
      aside: true,
    });
  } else {
    settings.push({
      key: "wipe",
      data: wipe.wipe,
      reason: "",
      above: [
        `An empty root at each boot, as it could be here: ${wipe.why}.`,
        ...needsStore,
        "Before you take the # away: docs/how-to/nixos.md, and see with `remanence scan --lost-on wipe` what would be gone.",
      ],
      aside: true,
    });
  }
  return settings;
}
