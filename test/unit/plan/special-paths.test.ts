import { describe, expect, it } from "vitest";
import { fedoraHost, nixosHost, resolveText, smallManifest } from "../../support/small-manifest.ts";

/** What is said of one line: the strongest severity, and all answers. */
async function said(sections: string, host: string): Promise<{ severity: string; help: string }> {
  const { diagnostics } = await resolveText(smallManifest(sections, host));
  const special = diagnostics.filter((d) => d.code.startsWith("special/") && d.code !== "special/user-ids");
  const severity = special.some((d) => d.severity === "error") ? "error" : (special[0]?.severity ?? "fine");
  return { severity, help: special.map((d) => `${d.message}. ${d.help ?? ""}`).join("\n") };
}

/** A line of `system`, its severity on NixOS and on Fedora, and words of the answer. */
const rows = [
  ["/etc/machine-id", "fine", "fine", ""],
  ["{ path: /etc/machine-id, how: symlink }", "error", "fine", "keep it as a plain file"],
  ["/var/lib/machine-id", "error", "error", "/etc/machine-id"],
  ["{ path: /var/lib/machine-id, need: none }", "error", "error", "/etc/machine-id"],
  ["/etc/localtime", "error", "warning", "time.timeZone"],
  ["/etc/adjtime", "warning", "fine", "time.hardwareClockInLocalTime"],
  ["/etc/resolv.conf", "error", "warning", "system-connections"],
  ["/etc/passwd", "error", "warning", "hashedPasswordFile"],
  ["/etc/shadow", "error", "warning", "hashedPasswordFile"],
  ["/etc/group", "error", "warning", "/var/lib/nixos/"],
  ["/etc/gshadow", "error", "warning", "/var/lib/nixos/"],
  ["/etc/subuid", "error", "warning", "/var/lib/nixos/"],
  ["/etc/subgid", "error", "warning", "/var/lib/nixos/"],
  ["/etc/ssh/", "error", "warning", "/etc/ssh/ssh_host_ed25519_key"],
  ["{ path: /etc/ssh/ssh_host_ed25519_key, class: secret, writes: in-place }", "fine", "fine", ""],
  ["{ path: /etc/ssh/ssh_host_rsa_key, class: secret, writes: in-place, mode: '0644' }", "error", "error", "0600"],
  ["/etc/hosts", "error", "fine", "networking.hosts"],
  ["/etc/hostname", "error", "fine", "networking.hostName"],
  ["/etc/fstab", "error", "fine", "fileSystems"],
  ["/etc/nsswitch.conf", "error", "fine", "system.nssDatabases"],
  ["/etc/shells", "error", "fine", "environment.shells"],
  ["/etc/sudoers", "error", "fine", "security.sudo"],
  ["/etc/NetworkManager/", "error", "fine", "system-connections"],
  ["{ path: /etc/NetworkManager/system-connections/, class: secret }", "fine", "fine", ""],
  ["/etc/", "error", "fine", "path by path"],
  ["/var/lib/nixos/", "fine", "fine", ""],
  ["/var/lib/private/", "fine", "fine", ""],
  ["{ path: /var/lib/private/, mode: '0755' }", "error", "error", "0700"],
  ["{ path: /var/lib/, owner: root }", "warning", "warning", "leave `owner`"],
  ["/var/lib/", "fine", "fine", ""],
  ["/var/lib/private/x/", "warning", "warning", "/var/lib/private/"],
  ["/var/lib/systemd/random-seed", "warning", "fine", "/var/lib/systemd/"],
  ["/var/lib/dbus/machine-id", "warning", "warning", "/etc/machine-id"],
  ...["/run/", "/run/x/", "/proc/x", "/sys/", "/dev/sda"].map(
    (path) => [path, "error", "error", "leave it out"] as const,
  ),
  ["{ path: '/run/*', class: cache }", "error", "error", "leave it out"],
  ["{ path: /dev/shm/, class: cache }", "error", "error", "leave it out"],
  ["/tmp/", "error", "error", "class: cache"],
  ["/tmp/x/", "error", "error", "class: cache"],
  ["{ path: /tmp/, class: cache }", "fine", "fine", ""],
  ["/nix/", "error", "error", "leave it out"],
  ["{ path: /nix/store/, class: cache }", "error", "error", "leave it out"],
  ["/boot/", "error", "error", "leave it out"],
  ["/boot/loader/entries.srel", "error", "error", "leave it out"],
  ["/home/", "error", "error", "`home`"],
  ["{ path: /home/, need: none }", "error", "error", "`home`"],
  ["/home/u/", "error", "error", "never an entry"],
  ["/home/u/x/", "error", "error", "relative to it"],
  ["{ path: '/home/*/x/', class: cache }", "error", "error", "relative to it"],
  ["{ path: '/ho?e/u/x/', class: cache }", "error", "error", "relative to it"],
  ["/home/other/x/", "fine", "fine", ""],
  ["/persist/", "error", "error", "live path"],
  ["/persist/etc/x", "error", "error", "live path"],
  ["{ path: /persist/x/, class: cache }", "error", "error", "live path"],
  ["/persistent/", "fine", "fine", ""],
] as const;

describe("a special path", () => {
  it.each(rows)("%s is %s on NixOS and %s on Fedora", async (entry, nixos, fedora, words) => {
    const answers = await Promise.all([nixosHost, fedoraHost].map((host) => said(`system: [${entry}]`, host)));
    expect(answers.map((answer) => answer.severity)).toEqual([nixos, fedora]);
    for (const { severity, help } of answers) if (severity !== "fine") expect(help).toContain(words);
  });

  it("is none in a part of its name", async () => {
    const names = ["/running/", "/tmpfiles/", "/nixos/", "/bootstrap/", "/devices/", "/etc/sshx/", "/etc/passwd.d/"];
    const { severity } = await said(`system: [${names.join(", ")}]`, nixosHost);
    expect(severity).toBe("fine");
  });

  it("is a store in a home as well, and what it lies in", async () => {
    const host = "f: { os: fedora, stores: { persist: ~/.local/keep } }";
    expect(await said("home: [.local/keep/x/]", host)).toMatchObject({ severity: "error" });
    expect(await said("home: [.local/keep/]", host)).toMatchObject({ severity: "error" });
    expect(await said("home: [.local/]", host)).toMatchObject({ severity: "error" });
    expect(await said("home: [{ path: .local/, class: cache }]", host)).toMatchObject({ severity: "error" });
    expect(await said("home: [{ path: '*/', class: cache }]", host)).toMatchObject({ severity: "error" });
    expect(await said("home: [{ path: .local/, need: none }]", host)).toMatchObject({ severity: "fine" });
    expect(await said("home: [.local/share/]", host)).toMatchObject({ severity: "fine" });
  });

  it("is the history of fish, which is elsewhere", async () => {
    const { severity, help } = await said("home: [.fish_history]", fedoraHost);
    expect(severity).toBe("warning");
    expect(help).toContain(".local/share/fish/");
  });

  it("is the state of NetworkManager, where the credentials are not kept too", async () => {
    const state = "/var/lib/NetworkManager/";
    const connections = "{ path: /etc/NetworkManager/system-connections/, class: secret }";
    expect((await said(`system: [${state}]`, nixosHost)).help).toContain("/etc/NetworkManager/system-connections/");
    expect((await said(`system: [${state}, ${connections}]`, nixosHost)).severity).toBe("fine");
  });

  it("is /var/lib/nixos, which a NixOS host needs as soon as anything is relocated", async () => {
    const warned = async (sections: string, host: string): Promise<boolean> => {
      const { diagnostics } = await resolveText(smallManifest(sections, host));
      return diagnostics.some((d) => d.code === "special/user-ids");
    };
    expect(await warned("home: [x/]", nixosHost)).toBe(true);
    expect(await warned("home: [x/]\nsystem: [/var/lib/nixos/]", nixosHost)).toBe(false);
    expect(await warned("home: [x/]\nsystem: [/var/lib/]", nixosHost)).toBe(false);
    expect(await warned("home: [x/]", "n: { os: nixos, nixos: { relocate: wiped } }")).toBe(false);
    expect(await warned("home: [x/]", fedoraHost)).toBe(false);
  });
});

describe("a single file", () => {
  const codes = async (home: string, host: string): Promise<string[]> =>
    (await resolveText(smallManifest(`home: [${home}]`, host))).diagnostics
      .map((d) => d.code)
      .filter((c) => c.startsWith("files/"));

  it.each([
    ["x", nixosHost, ["files/unknown-writer"]],
    ["{ path: x, writes: in-place }", nixosHost, []],
    ["{ path: x, writes: rename }", nixosHost, ["files/rename-writer"]],
    [".bash_history", nixosHost, ["files/rename-writer"]],
    ["x/, x/y", nixosHost, []],
    ["x", fedoraHost, []],
    [".bash_history", fedoraHost, []],
    ["{ path: x, how: symlink }", fedoraHost, ["files/unknown-writer"]],
    ["{ path: .bash_history, how: symlink }", fedoraHost, ["files/rename-writer"]],
    ["{ path: x, class: cache }", nixosHost, []],
    ["x, x/y/", fedoraHost, ["files/below-file"]],
  ] as const)("%s on { %s } is warned of by %j", async (home, host, expected) => {
    expect(await codes(home, host)).toEqual(expected);
  });
});
