import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, scriptsOf } from "../support/fedora.ts";
import { bindManifest, Machine } from "../support/fedora-machine.ts";

describeWith(["mount-namespace", "systemd"], "what sudo link.sh mounts", () => {
  it("may be called anything", async () => {
    const machine = new Machine("tmpfs");
    const names = ["trail ", `it's "$HOME"`, "100%", "-rf", "é\\x20"];
    const entries = names.map((name) => `{ path: ${JSON.stringify(`${name}/in/`)}, users: [ann] }`);
    const scripts = await scriptsOf(bindManifest(entries, { store: "~/.persist" }));
    for (const name of names) {
      machine.as("ann", "bash", "-ec", 'mkdir -p -- "$1"; echo "$1" >"$1/data"', "-", `/home/ann/${name}/in`);
    }
    machine.script(0, scripts, "link");
    const ok = Object.fromEntries(names.map((name) => [`${name}/in`, "ok"]));
    expect(actions(machine.script(0, scripts, "verify", ["--format", "json"], "ann"), "result")).toEqual(ok);
    for (const name of names) {
      expect(machine.mountAt(`/home/ann/${name}/in`)).toBeDefined();
      expect(machine.as("ann", "cat", `/home/ann/${name}/in/data`)).toBe(`/home/ann/${name}/in\n`);
    }
    machine.script(0, scripts, "unlink");
    for (const name of names) expect(machine.mountAt(`/home/ann/${name}/in`)).toBeUndefined();
    expect(machine.sh("find /etc/systemd/system -type f")).toBe("");
  });

  it("is made as the manifest wants it where nothing is yet", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const system = "{ path: /srv/app/, how: bind, mode: '0750', owner: service, group: service }";
    const scripts = await scriptsOf(
      bindManifest(["{ path: keys/, class: secret, users: [ann] }"], { system: [system] }),
    );
    machine.script(0, scripts, "link");
    const about = (path: string): string => machine.do("stat", "-c", "%a %U %G", path).trim();
    expect([about("/srv/app"), about("/home/ann/keys")]).toEqual(["750 service service", "700 ann ann"]);
    expect([about("/mnt/srv"), about("/mnt/home/ann")]).toEqual(["755 root root", "700 ann ann"]);
    machine.sh("echo x >/srv/app/data", "service");
    machine.script(0, scripts, "unlink", ["--yes"]);
    expect([about("/srv/app"), machine.do("cat", "/srv/app/data")]).toEqual(["750 service service", "x\n"]);
  });

  it("refuses what the account or the store does not bear out", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const manifest = bindManifest(["Music/"]).replace("bob: {}", "bob: { home: /home/robert }, eve: {}");
    const scripts = await scriptsOf(manifest);
    machine.sh("rm -r /mnt/home/ann; mkdir /home/ann/Music; chown ann:ann /home/ann/Music; touch /home/ann/Music/a");
    const done = machine.script(3, scripts, "link", ["--yes"]);
    expect(done.out).toContain("there is no account eve here");
    expect(done.out).toMatch(/the home of bob is \/home\/bob here, and \/home\/robert in the manifest/);
    expect(done.out).toContain("As root: install -d -m 0700 -o ann '/mnt/home/ann'");
    expect(machine.do("ls", "/home/ann/Music")).toBe("a\n");
    expect(machine.sh("find /mnt /etc/systemd/system -type f")).toBe("");
  });

  it("is in a backup, once, mounted or not", async () => {
    const machine = new Machine("tmpfs", "ext4");
    const text = bindManifest(["{ path: .config/, how: none, users: [ann] }", "{ path: .config/app/, users: [ann] }"]);
    const scripts = await scriptsOf(
      text.replace(", fedora: {", ", backup: { engine: tar, path: /srv/backup }, fedora: {"),
    );
    machine.sh("install -d -o ann -g ann /srv/backup");
    machine.sh("mkdir -p ~/.config/app; echo data >~/.config/app/a; echo other >~/.config/b", "ann");
    const saved = (): string[] => {
      machine.sh("rm -f /srv/backup/*");
      machine.script(0, scripts, "backup", [], "ann");
      return machine.sh("zstd -dc /srv/backup/*.zst | tar -t | grep '[ab]$' | sort").trim().split("\n");
    };
    expect(saved()).toEqual(["./home/ann/.config/app/a", "./home/ann/.config/b"]);
    machine.script(0, scripts, "link", ["--yes"]);
    expect(saved()).toEqual(["./home/ann/.config/b", "./mnt/home/ann/.config/app/a"]);
    machine.script(0, scripts, "link", ["--commit"]);
    machine.do("umount", "/home/ann/.config/app");
    expect(saved()).toEqual(["./home/ann/.config/b", "./mnt/home/ann/.config/app/a"]);
  });
});
