/**
 * Keys and values that people write because a guide or an older module says so. Each has an answer of its own,
 * better than "unknown key".
 */

export const wrongKeys: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "<<": "YAML 1.2 has no merge keys; write the keys out, or list what shares them in one entry: `path: [a/, b/]`",
    allowOther:
      "only the legacy branch of impermanence (home-manager-v1) takes it, and `nixos: { home: home-manager-v1 }` sets it; current impermanence makes real bind mounts and needs none",
    method: "current impermanence takes no `method` for directories; write `how: symlink` or `how: bind`",
    defaultDirectoryMethod:
      "only the legacy branch of impermanence (home-manager-v1) takes it; write `how` at the entry",
    removePrefixDirectory: "only the legacy branch of impermanence (home-manager-v1) takes it",
    neededForBoot:
      "Remanence marks the store and every wiped file system `neededForBoot` itself; say only where the store lies",
    hideMounts: "mounts are always hidden from file managers",
    directories: "list them under `system` or `home`, each with a slash at its end",
    files: "list them under `system` or `home`, without a slash at the end",
    RuntimePersistentStorage:
      "journald has no such key; to keep the journal persist `/var/log/`, to bound it set SystemMaxUse= in your system configuration",
    MaxDiskSize:
      "journald has no such key; the bound is SystemMaxUse=, and the journal is kept by persisting `/var/log/`",
    encrypt: "restic always encrypts its repository; `encrypt` is for `engine: tar`",
    user: "write `owner:` for who owns it, or `users:` for whose home it is in",
    exclude:
      "list what is not kept as an entry of its own with `class: cache` or `need: none`: the deeper path decides",
  }),
);

export const wrongValues: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "how: copy":
      "state is never copied into place (`cp -r` loses owners, modes and links); it is bound or linked to its store",
    "how: cp":
      "state is never copied into place (`cp -r` loses owners, modes and links); it is bound or linked to its store",
    "how: bindfs": "only the legacy branch of impermanence used bindfs; write `how: bind`",
    "how: bindmount": "write `how: bind`",
    "how: link": "write `how: symlink`",
    "os: linux": "write `nixos` or `fedora`",
  }),
);
