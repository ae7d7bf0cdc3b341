import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { account, fedoraRelease, madeRoot, nixosRelease } from "../support/made-root.ts";
import { readText, remanence, scratch } from "../support/workspace.ts";
import { fedora, findingsIn, initIn, initOn, nixos, switchedOn } from "./init-support.ts";
import { asNobody, openToAll, stateOf } from "./support.ts";

describe("init on NixOS", () => {
  it("writes what is there, with a reason beside it", async () => {
    const { manifest, text, run, folder } = initOn(nixos);
    expect(findingsIn(folder)).toEqual([]);
    await expect(text).toMatchFileSnapshot("init-expected/nixos.yaml");
    expect(manifest.users).toEqual({ mitsio: {} });
    expect(manifest.hosts).toEqual({
      laptop: { os: "nixos", nixos: { release: "26.05", relocate: "wiped", mounts: ["/home"] } },
    });
    expect(manifest.profiles).toEqual(
      expect.arrayContaining([
        "nixos-ids",
        "machine-id",
        "bluetooth",
        "networkmanager",
        "ssh",
        "firefox",
        "neovim",
        "bash",
        "htop",
      ]),
    );
    expect(manifest.home).toEqual([
      { path: "Documents/", class: "data" },
      { path: ".cache/", class: "cache" },
    ]);
    expect(manifest.system).toEqual(["/var/lib/private/"]);
    expect(text.startsWith("# yaml-language-server: $schema=./persistence.schema.json\n")).toBe(true);
    expect(text).toContain("  - firefox # ~/.mozilla/\n");
    expect(text).toMatch(/# installed; nothing of theirs is here yet\n(?: {2}- .*\n)* {2}- htop\n/);
    expect(run.stdout).toMatch(/^Wrote persistence\.yaml for laptop: NixOS 26\.05 \(Yarara\), home of mitsio\.\n/);
    expect(run.stdout).toMatch(/remanence scan .*\n.*remanence triage/);
  });

  it("writes the schema that its first line names, and an editor's schema accepts the manifest", () => {
    const { folder } = initOn(nixos);
    expect(readText(folder, "persistence.schema.json")).toBe(remanence(folder, ["schema"]).stdout);
    expect(readdirSync(folder).filter((name) => name.startsWith(".remanence-new"))).toEqual([]);
  });

  it("never switches a wipe on; the one it suggests is right", () => {
    const { folder, text } = initOn(nixos);
    expect(text).toContain('# wipe: { path: /, method: btrfs, device: /dev/sda2, subvolume: "@", retain: 30d }\n');
    writeFileSync(join(folder, "persistence.yaml"), switchedOn(text, /# wipe: /));
    const { code, stdout } = remanence(folder, ["plan", "--format", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).entries).toContainEqual(
      expect.objectContaining({ live: "/var/lib/bluetooth", stored: "/persist/var/lib/bluetooth" }),
    );
    expect(remanence(folder, ["check"])).toMatchObject({ code: 0 });
  });

  it("suggests a backup that is right as well", () => {
    const { folder, text } = initOn(nixos);
    writeFileSync(join(folder, "persistence.yaml"), switchedOn(text, /# backup:/));
    expect(remanence(folder, ["check"])).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = remanence(folder, ["explain", "~/.ssh", "--format", "json"]);
    expect(JSON.parse(stdout).hosts).toEqual([expect.objectContaining({ backup: true })]);
  });

  it("keeps in the store what a root in memory would lose, and sets aside what cannot be mounted", () => {
    const mounts = "tmpfs / tmpfs rw,size=2097152k 0 0\n/dev/sda2 /nix/persist btrfs rw 0 0\n";
    const paths = [...(nixos.paths ?? []), "home/mitsio/.config/git/"];
    const { manifest, text, run } = initOn({ ...nixos, paths, files: { ...nixos.files, "proc/self/mounts": mounts } });
    expect(manifest.hosts["laptop"]).toMatchObject({ stores: { persist: "/nix/persist" }, nixos: { relocate: "all" } });
    expect(manifest.profiles).toEqual(expect.arrayContaining(["ssh", "firefox"]));
    expect(manifest.profiles).not.toContain("bash");
    expect(text).toMatch(/# `\.bash[a-z_]+` is kept as a single file(?:.*\n){1,4} {2}# - bash\n/);
    expect(text).toContain("# wipe: { path: /, method: tmpfs, size: 2G }\n");
    expect(run.stdout).toMatch(/lines are comments, with the reason, for you to decide: .*\bbash\b/);
  });

  it("says where a release or a root is not what it knows", () => {
    const files = {
      ...nixos.files,
      "etc/static/os-release": nixosRelease.replaceAll("26.05", "24.05"),
      "proc/self/mounts": "/dev/sda2 / ext4 rw 0 0\n",
    };
    const { text } = initOn({ ...nixos, files });
    expect(text).toContain('release: "25.11" # 24.05 is not known: the nearest that is\n');
    expect(text).toContain("the root is ext4, which cannot be emptied at boot");
  });
});

describe("init on Fedora", () => {
  it("writes what two users have, each with the flavour that is theirs", async () => {
    const { manifest, text, folder } = initOn(fedora);
    expect(findingsIn(folder)).toEqual([]);
    await expect(text).toMatchFileSnapshot("init-expected/fedora.yaml");
    expect(Object.keys(manifest.users ?? {})).toEqual(["alice", "bob"]);
    expect(manifest.hosts).toEqual({ desk: { os: "fedora", stores: { persist: "~/.persist" } } });
    expect(manifest.profiles).toEqual(
      expect.arrayContaining([
        { name: "firefox", users: ["alice"] },
        { name: "firefox", flavour: "flatpak", users: ["bob"] },
        { name: "brave", flavour: "flatpak", users: ["bob"] },
        { name: "ssh", users: ["alice"] },
        { name: "spotify", flavour: "flatpak" },
        { name: "npm", users: ["alice"] },
        "htop",
        "system-logs",
      ]),
    );
    expect(manifest.home).toEqual([
      { path: "Dokumente/", class: "data", how: "bind", users: ["alice"] },
      { path: "Documents/", class: "data", how: "bind", users: ["bob"] },
      { path: "Downloads/", class: "data", need: "important", how: "bind", users: ["alice"] },
      { path: ".cache/", class: "cache" },
    ]);
    expect(text).toMatch(/^# +user-dirs\.dirs names it, outside of the home/m);
    expect(text).toContain("- { path: /data/Videos/, class: data }");
  });

  it("keeps one of two flavours of one user, and says which other is there", () => {
    const paths = [...(fedora.paths ?? []), "home/alice/.var/app/org.mozilla.firefox/"];
    const { manifest, text, run } = initOn({ ...fedora, paths });
    expect(manifest.profiles).toContainEqual({ name: "firefox", users: ["alice"] });
    expect(text).toMatch(
      /firefox stands above without a flavour[^-]*# - \{ name: firefox, flavour: flatpak, users: \[alice\] \}\n/,
    );
    expect(run.stdout).toContain(
      "2 lines are comments, with the reason, for you to decide: firefox (flatpak), /data/Videos/\n",
    );
  });

  it("knows a snap by its state", () => {
    const paths = ["home/u/snap/telegram-desktop/"];
    const { manifest } = initOn({ ...fedora, paths, files: { ...fedora.files, "etc/passwd": account("u", 1000) } });
    expect(manifest.profiles).toContainEqual({ name: "telegram", flavour: "snap" });
  });

  it("knows a system that is an image, with its homes below /var", () => {
    const { manifest } = initOn({
      paths: ["var/home/u/.ssh/", "var/home/v/.mozilla/", "ostree/"],
      files: {
        "etc/os-release": 'ID=bazzite\nID_LIKE="fedora"\nPRETTY_NAME=Bazzite\n',
        "etc/passwd": account("u", 1000, "/var/home/u") + account("v", 1001),
      },
      links: { home: "var/home" },
    });
    expect(manifest.users).toEqual({ u: { home: "/var/home/u" }, v: {} });
    expect(manifest.hosts["machine"]).toMatchObject({ fedora: { variant: "atomic" } });
    expect(manifest.profiles).toEqual(
      expect.arrayContaining([
        { name: "ssh", users: ["u"] },
        { name: "firefox", users: ["v"] },
      ]),
    );
  });
});

describe("init elsewhere", () => {
  it("says that a system is none it knows, and assumes the nearest", () => {
    const { text, manifest } = initOn({
      paths: ["home/u/.ssh/"],
      files: { "etc/os-release": 'ID=void\nPRETTY_NAME="Void Linux"\n', "etc/passwd": account("u", 1000) },
    });
    expect(text).toContain("# Void Linux is neither NixOS nor Fedora: the outputs of fedora come closest");
    expect(manifest.hosts["machine"]).toMatchObject({ os: "fedora" });
    expect(text).toContain("os: fedora # assumed for Void Linux\n");
  });

  it("makes do with an empty home, and with nothing at all", () => {
    const empty = initOn({
      paths: ["home/u/"],
      files: { "etc/os-release": nixosRelease, "etc/passwd": account("u", 1000) },
    });
    expect(empty.manifest).toMatchObject({
      users: { u: {} },
      profiles: ["nixos-ids"],
      home: [{ path: ".cache/", class: "cache" }],
    });
    const nothing = initOn({});
    expect(Object.keys(nothing.manifest)).toEqual(["version", "hosts"]);
    expect(nothing.run.stdout).toContain("without a user");
  });

  it("leaves out people who cannot be named, and names of folders that cannot be written", () => {
    const { manifest, text } = initOn({
      paths: ["home/j/", "home/p/", "home/u/Documents/", "home/u/a*/", "home/\u202e/", "home/m\u001b[31m/"],
      files: {
        "etc/os-release": fedoraRelease,
        "etc/passwd": `${account("jürgen", 1000, "/home/j")}${account("a$(x)", 1001)}__proto__:x:1002:1::/home/p:/x\n${account("b", 1003, "/")}${account("c", 1004, "/home/\u202e")}${account("m", 1006, "/home/m\u001b[31m")}${account("u", 1005)}${account("w", 1007, "/proc/w")}`,
        "etc/hostname": "fédora $(id) \u001b[31m\n",
        "home/u/.config/user-dirs.dirs":
          'XDG_DOCUMENTS_DIR="$HOME/Documents"\nXDG_MUSIC_DIR="$HOME/a*"\nXDG_VIDEOS_DIR="$HOME/x: [y"\n',
      },
    });
    expect(Object.keys(manifest.users ?? {})).toEqual(["c", "u"]);
    expect(Object.keys(manifest.hosts)).toEqual(["f-dora-id-31m"]);
    expect(manifest.home).toEqual([
      { path: "Documents/", class: "data", how: "bind", users: ["u"] },
      { path: ".cache/", class: "cache" },
    ]);
    expect(text).toContain("# The account jürgen is left out: a manifest cannot have this name.\n");
    expect(text).toContain("# The account __proto__ is left out: a manifest cannot have this name.\n");
    expect(text).toMatch(/no entry can have this name\n {2}# - \$HOME\/a\*\n/);
    expect(text).not.toContain("\u001b");
  });

  it("takes two homes that lie in one another apart", () => {
    const { text } = initOn({
      paths: ["home/u/v/.ssh/", "home/u/Documents/"],
      files: { "etc/os-release": fedoraRelease, "etc/passwd": account("u", 1000) + account("v", 1001, "/home/u/v") },
    });
    expect(text).toContain("home: /home/u/v");
  });

  it("is the same for the same machine", () => {
    const root = madeRoot(fedora);
    const [one, other] = [scratch(), scratch()].map((folder) => {
      const { stdout } = remanence(folder, ["init", "--yes", "--root", root]);
      return { stdout, text: readText(folder, "persistence.yaml") };
    });
    expect(other).toEqual(one);
  });

  it("changes nothing of what it looks at, and follows no link out of it", () => {
    const outside = scratch();
    mkdirSync(join(outside, ".ssh"));
    writeFileSync(join(outside, "user-dirs.dirs"), 'XDG_DOCUMENTS_DIR="$HOME/Planted"\n');
    const root = madeRoot({
      paths: ["home/u/Planted/", "home/u/.config/"],
      files: { "etc/os-release": fedoraRelease, "etc/passwd": account("u", 1000) + account("v", 1001) },
      links: {
        "home/v": outside,
        "home/u/.config/user-dirs.dirs": join(outside, "user-dirs.dirs"),
        "home/u/.gnupg": outside,
      },
    });
    const before = stateOf(root);
    const { manifest } = initIn(scratch(), "--root", root);
    expect(stateOf(root)).toEqual(before);
    expect(Object.keys(manifest.users ?? {})).toEqual(["u"]);
    expect(manifest.home).toEqual([{ path: ".cache/", class: "cache" }]);
    // A link is there, whatever it leads to.
    expect(manifest.profiles).toContain("gnupg");
    expect(manifest.profiles).not.toContain("ssh");
  });

  it("says which directories it could not look into", () => {
    const root = madeRoot({ ...fedora, paths: [...(fedora.paths ?? []), "etc/NetworkManager/system-connections/"] });
    const folder = scratch();
    openToAll(root);
    openToAll(folder);
    chmodSync(join(root, "etc/NetworkManager"), 0o700);
    const run = asNobody(folder, ["init", "--yes", "--root", root]);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("Not looked into, for want of permission: /etc/NetworkManager\n");
  });
});
