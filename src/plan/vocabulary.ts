/** The words of the classification (design, section 2): what state is, and how much it hurts to lose it. */

export const classes = ["config", "data", "state", "secret", "log", "cache"] as const;
/** What a piece of state is. */
export type Class = (typeof classes)[number];

export const needs = ["critical", "important", "optional", "none"] as const;
/** How much it hurts to lose it, strongest first. */
export type Need = (typeof needs)[number];

export const dispositions = ["persist", "carry", "fetch", "discard"] as const;
/** How it comes back on a fresh root. */
export type Disposition = (typeof dispositions)[number];

/** Password managers that chezmoi can ask for content. */
export const secretManagers = ["keepassxc", "pass", "bitwarden", "onepassword"] as const;
export type SecretManager = (typeof secretManagers)[number];

export type Os = "nixos" | "fedora";
export type Kind = "directory" | "file" | "pattern";
/** How a stored path appears at its live path. */
export type How = "bind" | "symlink";

/** What a class says of an entry that says nothing itself (the table in design, section 3). */
interface ClassDefaults {
  readonly need: Need;
  /** Mode when created; null where the target's own default (0755, 0644) is right. */
  readonly directoryMode: string | null;
  readonly fileMode: string | null;
  readonly backup: boolean;
  /** Age after which it may go, where nothing wipes. */
  readonly expire: string | null;
}

const kept = { directoryMode: null, fileMode: null, backup: true, expire: null } as const;
const passing = { directoryMode: null, fileMode: null, backup: false, expire: "30d" } as const;

export const classDefaults: Readonly<Record<Class, ClassDefaults>> = {
  config: { need: "important", ...kept },
  data: { need: "critical", ...kept },
  state: { need: "important", ...kept },
  secret: { need: "critical", directoryMode: "0700", fileMode: "0600", backup: true, expire: null },
  log: { need: "optional", ...passing },
  cache: { need: "none", ...passing },
};

/** The mode that the class of an entry gives it; null where the target's own default is right, and for patterns. */
export function classMode(entry: { readonly class: Class; readonly kind: Kind }): string | null {
  const { directoryMode, fileMode } = classDefaults[entry.class];
  if (entry.kind === "pattern") return null;
  return entry.kind === "directory" ? directoryMode : fileMode;
}

/** Strength of a need, to compare with a threshold: critical 3, none 0. */
export function needRank(need: Need): number {
  return needs.length - 1 - needs.indexOf(need);
}

/** The words people already use for the same thing: accepted in `need`, in capitals or not. */
const needAliases: Readonly<Record<string, Need>> = {
  must: "critical",
  should: "important",
  may: "optional",
  optional: "optional",
  no: "none",
};

/** The need that a word of the manifest stands for. */
export function needOf(word: string): Need {
  return needs.find((need) => need === word) ?? needAliases[word.toLowerCase()] ?? "optional";
}
