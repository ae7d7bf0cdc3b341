/** A manifest for each code there is, with a mark where it points; `+` before the text: after the usual beginning. */

export interface Case {
  readonly code: string;
  readonly text: string;
  readonly others?: Readonly<Record<string, string>>;
  /** Other errors that follow from the same fault. */
  readonly with?: readonly string[];
}

/** Two hosts, one user, and what a NixOS host needs to be without warnings: all later lines are about something else. */
const base = `version: 1
users: { u: {} }
hosts:
  n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs } } }
  f: { os: fedora }
profiles: [nixos-ids]
`;

function after(text: string): string {
  return `${base}${text}\n`;
}

const whole = "version: 1\nhosts: { f: { os: fedora } }\n";
const profile = (paths: string, name = "mine", more = ""): Record<string, string> => ({
  "profiles/mine.yaml": `name: ${name}\ntitle: Mine\npaths:\n${paths}${more}sources: [https://example.org/]\n`,
});
const usesProfile = `${base.replace("[nixos-ids]", "[nixos-ids, mine]")}`;

export const yamlCases: readonly Case[] = [
  { code: "yaml/syntax", text: after("home:\n┆\t- x/") },
  { code: "yaml/several-documents", text: after("home: [x/]\n┆---\nhome: [y/]") },
  { code: "yaml/duplicate-key", text: after("home:\n  - { path: x/, class: data, ┆class: cache }") },
  { code: "yaml/key", text: after("home:\n  - { path: x/, ┆[note]: hello }") },
  { code: "yaml/tag", text: after("home: [┆!secret x/]") },
  { code: "yaml/version", text: `┆%YAML 1.1\n---\n${whole}` },
  { code: "yaml/unknown-alias", text: after("home: ['*/*-cache', ┆*ssh]"), with: ["manifest/kept-pattern"] },
  { code: "yaml/aliases", text: after("home: &all [x/, ┆*all]") },
  { code: "yaml/too-deep", text: `${whole}home: ${"[".repeat(64)}┆[x/` },
];

export const manifestCases: readonly Case[] = [
  { code: "manifest/empty", text: "┆# nothing yet\n" },
  {
    code: "manifest/too-large",
    text: after("include: [┆large.yaml]"),
    others: { "large.yaml": `#${"x".repeat(2 ** 23)}` },
  },
  { code: "manifest/version", text: "┆users: { u: {} }\nhosts: { f: { os: fedora } }\n" },
  { code: "manifest/unknown-key", text: after("home:\n  - { path: x/, ┆clas: cache }") },
  { code: "manifest/missing-key", text: after("home:\n  - ┆{ class: cache }") },
  { code: "manifest/type", text: after("home:\n  - { path: x/, database: ┆maybe }") },
  { code: "manifest/value", text: after("home:\n  - { path: x/, class: ┆cach }") },
  { code: "manifest/name", text: "version: 1\nusers: { ┆1st: {} }\nhosts: { f: { os: fedora } }\n" },
  {
    code: "manifest/defined-twice",
    text: after("include: [more.yaml]"),
    others: { "more.yaml": "version: 1\nhosts:\n  ┆f: { os: fedora }\n" },
  },
  { code: "manifest/include", text: after("include: [┆nowhere.yaml]") },
  { code: "manifest/no-hosts", text: "┆version: 1\nusers: { u: {} }\nhome: [x/]\n" },
  { code: "manifest/no-users", text: "version: 1\nhosts: { f: { os: fedora } }\nhome: [┆x/]\n" },
  {
    code: "manifest/shared-home",
    text: "version: 1\nusers: { u: {}, ┆v: { home: /home/u } }\nhosts: { f: { os: fedora } }\n",
  },
  { code: "manifest/unknown-user", text: after("home:\n  - { path: ┆x/, users: [w] }") },
  { code: "manifest/unknown-store", text: after("home:\n  - { path: ┆x/, store: bulk }") },
  { code: "manifest/unknown-host", text: after("home:\n  - { path: ┆x/, on: [laptop] }") },
  { code: "manifest/unknown-profile", text: `${whole}profiles: [┆fierfox]\n` },
  {
    code: "manifest/unknown-flavour",
    text: `version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\nprofiles: [{ name: ┆firefox, flavour: snap }]\n`,
  },
  { code: "manifest/default-store", text: after("stores: { ┆one: /one, two: /two }\nhome: [x/]") },
  { code: "manifest/path", text: after("home: [┆../x/]") },
  { code: "manifest/kind", text: after("home:\n  - { path: ┆.ssh, class: secret, writes: in-place }") },
  { code: "manifest/mode", text: after('home:\n  - { path: x/, mode: ┆"0999" }') },
  { code: "manifest/conflicting-keys", text: after("home:\n  - { path: x/, class: config, carry: true, how: ┆bind }") },
  { code: "manifest/no-effect", text: after("system:\n  - { path: /srv/x/, users: ┆[u] }") },
  { code: "manifest/home-only", text: after("system:\n  - { path: /etc/x/, class: config, carry: ┆true }") },
  { code: "manifest/fetch-kind", text: after('home:\n  - { path: ┆x, fetch: { git: "https://example.org/x" } }') },
  { code: "manifest/kept-pattern", text: after('home: [┆"*.log"]') },
  { code: "manifest/reference", text: after("home:\n  - { path: ┆x/, carry: { from: pass, entry: x } }") },
  { code: "manifest/reference", text: after("home:\n  - { path: x, carry: ┆{ entry: x } }") },
  { code: "manifest/reference", text: after("home:\n  - { path: x, carry: ┆{ from: keepassxc, field: x } }") },
  { code: "manifest/reference", text: after("home:\n  - { path: x, carry: ┆{ from: onepassword, entry: x } }") },
  {
    code: "manifest/conflicting-keys",
    text: after("home:\n  - { path: x, carry: ┆{ from: pass, entry: x, encrypted: true } }"),
  },
  {
    code: "manifest/conflicting-keys",
    text: after("home:\n  - { path: x, carry: ┆{ from: bitwarden, entry: x, field: a, attachment: b } }"),
  },
  { code: "manifest/secret-in-clear", text: after("home:\n  - { path: ┆x/, class: secret, carry: true }") },
  { code: "manifest/output", text: after("outputs: { fedora: ┆../elsewhere }") },
];

export const planCases: readonly Case[] = [
  { code: "plan/contradiction", text: after("home:\n  - x/\n  - { path: ┆x/, class: data }") },
  { code: "fedora/system-symlink", text: after("system:\n  - { path: ┆/srv/x/, how: symlink, on: [fedora] }") },
  {
    code: "fedora/mount-inside-link",
    text: after("home:\n  - { path: x/, on: [fedora] }\n  - { path: ┆x/y/, how: bind, on: [fedora] }"),
  },
  {
    code: "plan/too-long",
    text: after(`stores: { persist: /${"s/".repeat(100)}p }\nhome: [┆${"x".repeat(200)}/${"y/".repeat(1850)}]`),
  },
  {
    code: "plan/nested-store",
    text: after("stores: { persist: /persist, bulk: /bulk }\nhome:\n  - x/\n  - { path: ┆x/y/, store: bulk }"),
  },
  {
    code: "plan/system-in-home-store",
    text: "version: 1\nhosts: { f: { os: fedora } }\nstores: { persist: ~/.persist }\nsystem:\n  - { path: ┆/srv/x/, how: bind }\n",
  },
  { code: "plan/in-place-on-wiped", text: after("home:\n  - { path: ┆x/, how: none }") },
  {
    code: "backup/secret-in-clear",
    text: "version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora, backup: { engine: tar, path: /b } } }\nhome:\n  - { path: ┆x/, class: secret }\n",
  },
  { code: "special/error", text: after("system:\n  - { path: ┆/etc/shadow, on: [nixos] }") },
  { code: "special/warning", text: after("system: [┆/etc/adjtime]") },
  { code: "special/store", text: after("system: [┆/persist/etc/]") },
  { code: "special/store-inside", text: after("stores: { persist: /data/keep }\nsystem: [┆/data/]") },
  {
    code: "special/store-ages",
    text: "version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\nstores: { persist: ~/.cache/keep }\nhome: [x/, { path: ┆.cache/, class: cache }]\n",
  },
  { code: "special/home", text: after("system: [┆/home/u/x/]") },
  {
    code: "special/other-home",
    text: "version: 1\nusers: { u: {}, v: { home: /home/u/v } }\nhosts: { f: { os: fedora } }\nhome: [{ path: ┆v/x/, users: [u] }]\n",
  },
  {
    code: "special/wipe",
    text: "version: 1\nhosts: { n: { os: nixos, nixos: { wipe: { path: ┆/nix, method: tmpfs } } } }\n",
  },
  {
    code: "store/around-home",
    text: "version: 1\nusers: { u: { home: /persist/u } }\nhosts: { f: { os: fedora } }\nstores: { ┆persist: /persist }\nhome: [x/]\n",
  },
  {
    code: "store/impossible",
    text: "version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\nstores: { ┆persist: /proc/x }\nhome: [x/]\n",
  },
  {
    code: "store/same-path",
    text: after(
      "stores: { persist: /persist, ┆again: { path: /persist, backup: false } }\nhome: [x/, { path: y/, store: again }]",
    ),
  },
  {
    code: "special/store-contains-home",
    text: "version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\nstores: { ┆persist: /persist/home/u }\nhome: [x/]\n",
  },
  { code: "special/network-credentials", text: after("system: [┆/var/lib/NetworkManager/]") },
  { code: "special/user-ids", text: "version: 1\nusers: { u: {} }\nhosts: { ┆n: { os: nixos } }\nhome: [x/]\n" },
  { code: "special/private-parent", text: after("system: [┆/var/lib/private/x/]") },
  {
    code: "store/on-wiped",
    text: `${base}stores: { ┆persist: { path: /persist, mount: / } }\nhome: [x/]\n`,
  },
  {
    code: "store/other-home",
    text: "version: 1\nusers: { u: {}, v: {} }\nhosts: { f: { os: fedora } }\nstores: { ┆persist: /home/u/.persist }\nhome: [x/]\n",
  },
  { code: "files/below-file", text: after("home:\n  - { path: x, writes: in-place }\n  - ┆x/y/") },
  { code: "files/rename-writer", text: after("home:\n  - { path: ┆x, writes: rename }") },
  { code: "files/unknown-writer", text: after("home: [┆x]") },
  { code: "catalogue/secret", text: after("home: [┆.gnupg/]") },
  { code: "catalogue/cache", text: after("home: [┆.cache/mozilla/]") },
  { code: "catalogue/mode", text: after('home: [{ path: ┆.ssh/, class: secret, mode: "0755" }]') },
  { code: "catalogue/companion", text: after("system: [{ path: ┆/var/lib/containerd/, need: important }]") },
  { code: "catalogue/flavours", text: after("home: [.mozilla/, ┆.var/app/org.mozilla.firefox/]") },
];

export const profileCases: readonly Case[] = [
  {
    code: "profile/shape",
    text: usesProfile,
    others: profile("  - { path: x/, class: data, ┆clas: data }\n"),
  },
  {
    code: "profile/name",
    text: usesProfile,
    others: profile("  - { path: x/, class: data }\n", "┆other"),
  },
  {
    code: "profile/twice",
    text: usesProfile,
    others: profile("  - { path: x/, class: data }\n  - { path: ┆x, class: data }\n"),
  },
  { code: "profile/pattern", text: usesProfile, others: profile('  - { path: ┆"x*", class: data }\n') },
];
