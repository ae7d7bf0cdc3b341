import { draftHost } from "./draft-host.ts";
import { draftProfiles } from "./draft-profiles.ts";
import type { Machine } from "./machine.ts";

/** Lists of a manifest that a draft fills. */
export const draftLists = ["profiles", "system", "home"] as const;
export type DraftList = (typeof draftLists)[number];

/** A line of a list, with its reason; set aside it is a comment, with why. */
export interface DraftItem {
  readonly data: unknown;
  readonly reason: string;
  /** The heading it stands under. */
  readonly group: string;
  readonly aside?: string;
  /** What may stand in its place where it cannot stand itself. */
  readonly parts?: readonly DraftPart[];
}

/** A single path of a profile. */
export interface DraftPart {
  readonly list: "system" | "home";
  readonly path: string;
  readonly data: unknown;
  readonly reason: string;
}

/** A setting of the host, with its reason; set aside it is a comment. */
export interface DraftSetting {
  readonly key: string;
  readonly data: unknown;
  readonly reason: string;
  /** Lines of their own above it. */
  readonly above?: readonly string[];
  readonly aside?: true;
}

export interface DraftHost {
  readonly name: string;
  readonly os: DraftSetting;
  readonly settings: readonly DraftSetting[];
  /** Under the key of the OS. */
  readonly own: readonly DraftSetting[];
}

/** A manifest before it is written: what stands in it, what only as a comment, and why. */
export interface Draft {
  readonly about: readonly string[];
  readonly users: readonly { readonly name: string; readonly data: unknown; readonly reason: string }[];
  readonly host: DraftHost;
  readonly lists: Readonly<Record<DraftList, readonly DraftItem[]>>;
  /** Folders of outputs that are not the default ones. */
  readonly outputs: readonly DraftSetting[];
}

/** The draft for a machine. `chezmoiOutput`: its chezmoi source as seen from the manifest's folder; null where it lies elsewhere. */
export function draftOf(machine: Machine, chezmoiOutput: string | null): Draft {
  const hasUsers = machine.users.length > 0;
  return {
    about: about(machine),
    users: machine.users.map(({ name, home, unusualGroup }) => ({
      name,
      data: home === `/home/${name}` ? {} : { home },
      reason:
        unusualGroup === null
          ? ""
          : `the primary group has number ${unusualGroup}: say \`group:\` where files must keep it`,
    })),
    host: draftHost(machine),
    lists: { profiles: draftProfiles(machine), system: draftSystem(machine), home: hasUsers ? draftHome(machine) : [] },
    outputs: draftOutputs(machine, chezmoiOutput),
  };
}

function about({ hostName, title, assumed, os, leftOut }: Machine): string[] {
  return [
    `What ${hostName} keeps: a first draft, by what \`remanence init\` found there.`,
    "Read it, take out what you can do without, then: remanence check, remanence plan, remanence scan.",
    ...(assumed
      ? [`${title} is neither NixOS nor Fedora: the outputs of ${os} come closest, and have not been tried there.`]
      : []),
    ...leftOut,
  ];
}

function draftSystem({ hasPrivateState, foldersOutside }: Machine): DraftItem[] {
  const group = "of the system, beside what profiles know";
  const elsewhere = foldersOutside.filter((written) => written.startsWith("/"));
  return [
    ...(hasPrivateState
      ? [
          {
            data: "/var/lib/private/",
            reason: "state of services with DynamicUser=, whose names only root can see",
            group,
          },
        ]
      : []),
    ...elsewhere.map((path) => ({
      data: { path: `${path}/`, class: "data" },
      reason: "",
      group,
      aside: "user-dirs.dirs names it, outside of the home: is it to be kept with this machine?",
    })),
  ];
}

const roleNotes: Readonly<Record<string, string>> = {
  publicshare: "shared with others",
  templates: "offered for new files",
};

function draftHome({ os, folders, foldersOutside }: Machine): DraftItem[] {
  const mounted = os === "fedora" ? { how: "bind" } : {};
  const group = `folders of your own${os === "fedora" ? ": mounted, not linked, since a sandbox cannot follow a link out of them" : ""}`;
  return [
    ...folders.map(({ path, need, role, users }) => ({
      data: {
        path: `${path}/`,
        class: "data",
        ...(need === "critical" ? {} : { need }),
        ...mounted,
        ...(users === null ? {} : { users }),
      },
      reason: roleNotes[role] ?? (path.toLowerCase().startsWith(role) ? "" : role),
      group,
    })),
    ...foldersOutside
      .filter((written) => !written.startsWith("/"))
      .map((written) => ({
        data: written,
        reason: "",
        group,
        aside: "user-dirs.dirs names it, and no entry can have this name",
      })),
    {
      data: { path: ".cache/", class: "cache" },
      reason: "can be made again; where nothing wipes it, it goes when it is 30 days old",
      group: "not worth keeping",
    },
  ];
}

function draftOutputs({ chezmoi }: Machine, output: string | null): DraftSetting[] {
  if (chezmoi === null) return [];
  const place = `~/${chezmoi.path}`;
  const root = chezmoi.root === null ? "" : `, of which .chezmoiroot names ${chezmoi.root}/`;
  if (output !== null) {
    return [{ key: "chezmoi", data: output, reason: `the chezmoi source of ${chezmoi.user}${root}` }];
  }
  return [
    {
      key: "chezmoi",
      data: ".",
      reason: `${chezmoi.user} has a chezmoi source in ${place}${root}: move this file there and take the # away, and links and settings go there too`,
      aside: true,
    },
  ];
}
