import * as z from "zod";
import { classes, needs, secretManagers } from "../plan/vocabulary.ts";

// A manifest is parsed once: code that zod would write for its schema costs more than it saves.
z.config({ jitless: true });

/**
 * The WRITTEN form of a manifest, as a person types it, with the descriptions that `remanence schema` hands to
 * editors. What a value means together with others is not decided here but in rules.ts.
 */

const word = (pattern: RegExp, rule: string): z.ZodString => z.string().regex(pattern, rule);

/** Names become file names, Nix attribute names and words of shell scripts. */
const hostName = word(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
  "a host's name has letters, digits, `.`, `_` and `-`, begins with a letter or digit, and has at most 63 characters",
);
const userName = word(
  /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/,
  "a user's name has letters, digits, `.`, `_` and `-`, begins with a letter or `_`, and has at most 32 characters",
);
const storeName = word(
  /^[A-Za-z][A-Za-z0-9_-]{0,31}$/,
  "a store's name has letters, digits, `_` and `-`, begins with a letter, and has at most 32 characters",
);
const groupName = word(
  /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/,
  "a group's name has letters, digits, `.`, `_` and `-`, begins with a letter or `_`, and has at most 32 characters",
);

const line = z
  .string()
  .min(1)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, "control characters are not allowed here");

/** A name that is defined elsewhere: whether it is, is asked later, where "did you mean" can be said. */
const reference = line;

const need = z
  .enum([...needs, "MUST", "SHOULD", "MAY", "OPTIONAL", "NO", "must", "should", "may", "no"])
  .describe("How much it hurts to lose it: critical (MUST), important (SHOULD), optional (MAY), none (NO)");

const age = z.string().regex(/^(?:[1-9][0-9]{0,4}[hdw]|never)$/, "write an age like `12h`, `30d` or `4w`, or `never`");
const duration = z.string().regex(/^[1-9][0-9]{0,4}[hdw]$/, "write a time like `12h`, `30d` or `4w`");

const mode = z
  .union([z.string(), z.number()])
  .describe('Mode when created: octal ("0700") or symbolic (u=rwx,g=rx,o=)');

const on = z.array(z.string().min(1)).min(1).describe("OS names (nixos, fedora) or host names it is limited to");
const users = z.array(reference).min(1).describe("Users it is limited to");

const carry = z
  .union([
    z.boolean(),
    z.enum(["template", "encrypted", "seed"]),
    z.strictObject({
      template: z.boolean().optional().describe("chezmoi renders it as a template"),
      encrypted: z.boolean().optional().describe("chezmoi keeps it encrypted (age or gpg)"),
      seed: z.boolean().optional().describe("Laid only where nothing is yet; programs may change it afterwards"),
      from: z.enum(secretManagers).optional().describe("The password manager that has the content, asked by chezmoi"),
      entry: line.optional().describe("What it is called there; of 1Password a reference, op://vault/item/field"),
      field: line.optional().describe("The field of the entry (default: the password; of pass the whole entry)"),
      attachment: line.optional().describe("The attached file of the entry, in place of a field"),
    }),
  ])
  .describe("Its content travels in the dotfiles repo, laid by chezmoi");

/** No transport that could run a command (git's `ext::`), no option in place of a URL. */
const url = z
  .string()
  .regex(
    /^(?:https?|ssh|git|file):\/\/[^\s\p{Cc}]+$|^[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s\p{Cc}-][^\s\p{Cc}]*$/u,
    {
      message: "write an https://, ssh:// or git@host:path address",
    },
  );
const refresh = duration.optional().describe("How often chezmoi looks for a newer one");
const checksum = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "a sha256 is 64 hexadecimal digits")
  .optional()
  .describe("sha256 the download must have");
const fetch = z
  .union([
    z.strictObject({ git: url, refresh }),
    z.strictObject({ archive: url, sha256: checksum, refresh }),
    z.strictObject({ file: url, sha256: checksum, refresh }),
  ])
  .describe("Comes from elsewhere: a git repository, an archive or a file (a chezmoi external)");

const how = z
  .enum(["bind", "symlink", "none"])
  .describe("How the stored path appears at its place; none: it stays where it is and is only backed up");

const path = z
  .union([z.string(), z.array(z.string()).min(1)])
  .describe("One path or a list; a trailing slash means directory. In `home` relative to the home");

const entryObject = z.strictObject({
  path,
  class: z.enum(classes).optional().describe("What the state is (default: state)"),
  need: need.optional(),
  carry: carry.optional(),
  fetch: fetch.optional(),
  store: reference.optional().describe("The store it lives in (default: persist)"),
  mode: mode.optional(),
  owner: userName.optional(),
  group: groupName.optional(),
  how: how.optional(),
  writes: z.enum(["rename", "in-place"]).optional().describe("How the program saves this single file"),
  database: z.boolean().optional().describe("Must not be copied while a program writes it"),
  backup: z.boolean().optional().describe("false: kept but not backed up; true: carried content is backed up too"),
  expire: age
    .optional()
    .describe("Age after which it may go, where nothing wipes; `never` switches a class default off"),
  users: users.optional(),
  on: on.optional(),
  note: line.optional().describe("The reason; stands beside each line it leads to"),
});
/** An entry as written in full. */
export type WrittenEntry = z.output<typeof entryObject>;

const entry = z.union([z.string(), entryObject]);

const store = z.union([
  line,
  z.strictObject({
    path: line.describe("Absolute, or below each user's home (~/.persist)"),
    backup: z.boolean().optional().describe("false: kept across wipes, not worth a backup"),
    mount: line
      .optional()
      .describe(
        "Mount point of the file system that holds it (default: the store that contains it, else its own path)",
      ),
  }),
]);
export type WrittenStore = z.output<typeof store>;

const retain = z
  .strictObject(
    Object.fromEntries(
      ["last", "hourly", "daily", "weekly", "monthly", "yearly"].map((k) => [
        k,
        z.number().int().min(1).max(9999).optional(),
      ]),
    ) as Record<"last" | "hourly" | "daily" | "weekly" | "monthly" | "yearly", z.ZodOptional<z.ZodNumber>>,
  )
  .describe("How many backups to keep of each kind");

const backupCommon = {
  need: need.optional().describe("The least need that is backed up (default: optional)"),
  schedule: line.optional().describe("systemd calendar expression (default: daily)"),
  retain: retain.optional(),
};
const backup = z.discriminatedUnion("engine", [
  z.strictObject({
    engine: z.literal("restic"),
    repository: line,
    "password-file": line.optional().describe("File with the repository's password; on NixOS on the store"),
    ...backupCommon,
  }),
  z.strictObject({
    engine: z.literal("tar"),
    path: line.describe("Folder that receives the archives"),
    encrypt: z
      .union([
        z.strictObject({ age: line.describe("age recipient") }),
        z.strictObject({ gpg: line.describe("gpg recipient") }),
      ])
      .optional(),
    ...backupCommon,
  }),
]);
export type WrittenBackup = z.output<typeof backup>;

const wipe = z.strictObject({
  path: line.describe("Mount point that is empty after each boot"),
  method: z.enum(["tmpfs", "btrfs", "zfs"]),
  size: z
    .string()
    .regex(/^[1-9][0-9]*(?:%|[kKmMgG])?$/, "write a size like `2G` or `25%`")
    .optional()
    .describe("tmpfs: its size"),
  device: line.optional().describe("btrfs: the device that holds the subvolume"),
  subvolume: line.optional().describe("btrfs: the subvolume that is replaced"),
  retain: duration.optional().describe("btrfs: how long old roots are kept"),
  dataset: line.optional().describe("zfs: the dataset that is rolled back"),
  snapshot: line.optional().describe("zfs: the snapshot it is rolled back to"),
  "on-failure": z.enum(["boot", "stop"]).optional().describe("What the boot does when the wipe fails (default: boot)"),
});
export type WrittenWipe = z.output<typeof wipe>;

const nixos = z.strictObject({
  release: z.enum(["25.11", "26.05", "26.11"]).optional().describe("Decides what may be written (default: 26.05)"),
  module: z.enum(["impermanence", "preservation", "none"]).optional(),
  home: z.enum(["nixos-module", "home-manager", "home-manager-v1", "standalone"]).optional(),
  carry: z.enum(["chezmoi", "home-manager"]).optional().describe("Who lays carried content (default: chezmoi)"),
  initrd: z.enum(["systemd", "scripted"]).optional(),
  relocate: z
    .enum(["all", "wiped"])
    .optional()
    .describe("all: every persisted entry lives in its store; wiped: only those on a file system that is wiped"),
  wipe: z.union([wipe, z.array(wipe)]).optional(),
  mounts: z.array(line).optional().describe("Mount points of further file systems that no wipe touches (/home)"),
});
export type WrittenNixos = z.output<typeof nixos>;

const fedora = z.strictObject({
  variant: z.enum(["workstation", "atomic"]).optional(),
  link: z
    .enum(["symlink", "bind", "none"])
    .optional()
    .describe("How home directories are kept in the store (default: symlink)"),
  home: z.enum(["standalone"]).optional().describe("Write a module for a standalone home-manager"),
  "chezmoi-runs": z
    .array(z.enum(["link", "verify"]))
    .min(1)
    .optional()
    .describe("Scripts that `chezmoi apply` runs when they have changed: link.sh, verify.sh"),
});

const hostCommon = {
  users: z.array(reference).optional().describe("Users of this host (default: all)"),
  keep: need.optional().describe("The least need that is persisted here (default: optional)"),
  backup: backup.optional(),
  stores: z.record(storeName, store).optional().describe("Stores that lie elsewhere on this host"),
};
const host = z.discriminatedUnion("os", [
  z.strictObject({ os: z.literal("nixos"), ...hostCommon, nixos: nixos.optional() }),
  z.strictObject({ os: z.literal("fedora"), ...hostCommon, fedora: fedora.optional() }),
]);
export type WrittenHost = z.output<typeof host>;

const profileObject = z.strictObject({
  name: reference,
  flavour: reference.optional().describe("A packaging variant of it, such as flatpak"),
  store: reference.optional(),
  users: users.optional(),
  on: on.optional(),
});

const user = z.nullable(
  z.strictObject({
    home: line.optional().describe("Home directory (default: /home/NAME)"),
    group: groupName.optional().describe("Primary group (default: users on NixOS, the user's own on Fedora)"),
  }),
);

const outputs = z.strictObject({
  nixos: line.optional(),
  "home-manager": line.optional(),
  chezmoi: line.optional(),
  fedora: line.optional(),
});

export const manifestSchema = z
  .strictObject({
    version: z.literal(1).optional().describe("Version of this format: 1"),
    include: z.array(line).optional().describe("Further files of the same shape, relative to this one"),
    stores: z
      .record(storeName, store)
      .optional()
      .describe("Places where kept state lives (default: persist: /persist)"),
    users: z.record(userName, user).optional(),
    hosts: z.record(hostName, host).optional(),
    profiles: z
      .array(z.union([reference, profileObject]))
      .optional()
      .describe("Applications and services whose state is known"),
    system: z.array(entry).optional().describe("Entries with absolute paths"),
    home: z.array(entry).optional().describe("Entries relative to each user's home"),
    outputs: outputs.optional().describe("Where generated files go, relative to the manifest"),
  })
  .describe("What state a person keeps: the manifest of Remanence");

/** Keys that a map of the manifest may have, by the kind of map: for "did you mean". */
export const knownKeys = {
  manifest: Object.keys(manifestSchema.shape),
  entry: Object.keys(entryObject.shape),
  profile: Object.keys(profileObject.shape),
  store: ["path", "backup", "mount"],
  user: ["home", "group"],
  host: ["os", ...Object.keys(hostCommon), "nixos", "fedora"],
  nixos: Object.keys(nixos.shape),
  fedora: Object.keys(fedora.shape),
  wipe: Object.keys(wipe.shape),
  backup: ["engine", "repository", "password-file", "path", "encrypt", ...Object.keys(backupCommon)],
  retain: Object.keys(retain.shape),
  encrypt: ["age", "gpg"],
  carry: ["template", "encrypted", "seed", "from", "entry", "field", "attachment"],
  fetch: ["git", "archive", "file", "sha256", "refresh"],
  outputs: Object.keys(outputs.shape),
} as const satisfies Record<string, readonly string[]>;
export type MapKind = keyof typeof knownKeys;

/** A manifest file as written and checked for shape. */
export type WrittenManifest = z.output<typeof manifestSchema>;
