import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { Migration } from "../support/nixos-migrate.ts";

describeWith(["mount-namespace", "attr", "acl"], "migrate.sh before the first boot", () => {
  const system = [
    "/srv/web/data/",
    '{ path: /var/lib/app/, mode: "0750", owner: service, group: service }',
    "{ path: /srv/keys/key, class: secret, writes: in-place }",
  ];
  const lay = `
    mkdir -p /srv/web/data/sub /var/lib/app /srv/keys; chmod 711 /srv/web
    echo key >/srv/keys/key; chmod 600 /srv/keys/key
    echo 1 >/srv/web/data/a; setfattr -n user.x -v y /srv/web/data/a; setfacl -m u:ann:r /srv/web/data/a
    ln -s ../a /srv/web/data/sub/l; ln /srv/web/data/a /srv/web/data/b; truncate -s 1M /srv/web/data/hole
    echo 2 >/var/lib/app/db; chown -R service: /srv/web/data /var/lib/app`;
  const layHome =
    "cd; mkdir -p -m 750 .config/app/deep; chmod 750 .config; echo 3 >.config/app/deep/c; echo 4 >'.odd name'";

  async function laid(): Promise<Migration> {
    const migration = await Migration.of({
      home: ["{ path: .config/app/, users: [ann] }", "{ path: .odd name, users: [ann], writes: in-place }"],
      system,
    });
    migration.machine.sh(lay);
    migration.machine.sh(layHome, "ann");
    return migration;
  }

  it("copies all of it, with owners and modes, and touches nothing of what is there", async () => {
    const migration = await laid();
    const { machine } = migration;
    const here = ["/srv", "/var/lib/app", "/var/lib/nixos", "/home/ann"];
    const before = migration.everything(...here);
    const nothing = migration.everything("/mnt");
    expect(migration.report(0, "--dry-run")).toEqual({
      "/var/lib/nixos": "copy",
      "/srv/web/data": "copy",
      "/var/lib/app": "copy",
      "/srv/keys/key": "copy",
      ".config/app": "copy",
      ".odd name": "copy",
    });
    expect(migration.everything("/mnt")).toBe(nothing);
    // Without a terminal and without --yes it only looks.
    expect(migration.run(0).err).toContain("--yes does it");
    expect(migration.everything("/mnt")).toBe(nothing);

    migration.run(0, "--yes");
    expect(migration.everything(...here)).toBe(before);
    for (const place of ["/srv/web/data", "/home/ann/.config/app"])
      expect(machine.tree(`/mnt${place}`), place).toBe(machine.tree(place));
    expect(
      machine.sh("getfattr --only-values -n user.x /mnt/srv/web/data/a; getfacl -c /mnt/srv/web/data/a"),
    ).toContain("yuser::rw-\nuser:ann:r--");
    expect(machine.sh("stat -c %h /mnt/srv/web/data/a; du -k /mnt/srv/web/data/hole").split("\n")[0]).toBe("2");
    const modes = (...places: string[]): string[] =>
      machine
        .sh(`stat -c '%n %a %U %G' ${places.join(" ")}`)
        .trim()
        .split("\n");
    expect(
      modes(...["home", "home/ann", "home/ann/.config", "srv/web", "srv/keys", "srv/keys/key"].map((p) => `/mnt/${p}`)),
    ).toEqual([
      "/mnt/home 755 root root",
      "/mnt/home/ann 700 ann ann",
      "/mnt/home/ann/.config 750 ann ann",
      "/mnt/srv/web 711 root root",
      "/mnt/srv/keys 700 root root",
      "/mnt/srv/keys/key 600 root root",
    ]);
    // As the manifest says, and not as it was.
    expect(modes("/var/lib/app", "/mnt/var/lib/app")).toEqual([
      "/var/lib/app 755 service service",
      "/mnt/var/lib/app 750 service service",
    ]);
    expect(new Set(Object.values(migration.report(0)))).toEqual(new Set(["copied, and the same since"]));
  });

  it("brings over what changed since, and nothing over what the store has of its own", async () => {
    const migration = await laid();
    const { machine } = migration;
    migration.run(0, "--yes");
    machine.sh("echo changed >/srv/web/data/a; rm /var/lib/app/db; echo new >/var/lib/app/db2; echo 2 >>/srv/keys/key");
    machine.sh("echo more >~/.config/app/more", "ann");
    const report = migration.report(0, "--yes");
    expect(report["/srv/web/data"]).toBe("copy");
    expect(report[".odd name"]).toBe("copied, and the same since");
    for (const place of ["/srv/web/data", "/home/ann/.config/app"])
      expect(machine.tree(`/mnt${place}`), place).toBe(machine.tree(place));
    expect(machine.sh("cat /mnt/srv/keys/key")).toBe("key\n2\n");
    expect(machine.sh("ls /mnt/var/lib/app; stat -c %a /mnt/var/lib/app")).toBe("db2\n750\n");
    expect(machine.sh("find /mnt -name '*.remanence-*' ! -name '*-copied'")).toBe("");

    // What is only in the store was changed there: as long as nothing changed here, it stays; then nobody knows.
    machine.sh("echo theirs >/mnt/srv/web/data/a");
    expect(migration.report(0, "--yes")["/srv/web/data"]).toBe("copied, and the same since");
    machine.sh("echo ours >/srv/web/data/a");
    expect(migration.report(5, "--yes")["/srv/web/data"]).toContain("changed here and at the other end");
    // Another tree that nobody noted.
    machine.sh("rm -r /mnt/var/lib/app; mkdir /mnt/var/lib/app; echo theirs >/mnt/var/lib/app/db2");
    expect(migration.report(5, "--yes")["/var/lib/app"]).toContain("nothing says which is newer");
    expect(machine.sh("cat /mnt/srv/web/data/a /mnt/var/lib/app/db2 /srv/web/data/a")).toBe("theirs\ntheirs\nours\n");
  });

  it("leaves alone what is mounted from the store, and takes its note away", async () => {
    const migration = await laid();
    const { machine } = migration;
    migration.run(0, "--yes");
    machine.sh("for i in /srv/web/data /srv/keys/key /home/ann/.config/app; do mount --bind /mnt$i $i; done");
    expect(migration.report(0, "--yes", "--only", "/srv", "/home/ann")).toEqual({
      "/srv/web/data": "tidy",
      "/srv/keys/key": "tidy",
      ".config/app": "tidy",
      ".odd name": "copied, and the same since",
    });
    expect(migration.report(0, "--only", "/srv")).toEqual({ "/srv/web/data": "mounted", "/srv/keys/key": "mounted" });
    expect(machine.sh("find /mnt/srv -name '*.remanence-*'")).toBe("");
    expect(machine.sh("cat /srv/web/data/a /srv/keys/key")).toBe("1\nkey\n");
  });
});

describeWith(["mount-namespace"], "migrate.sh, where something speaks against it", () => {
  it("refuses as long as the store is not mounted", async () => {
    const migration = await Migration.of({ system: ["/srv/a/"] });
    migration.machine.sh("mkdir /srv/a; umount /mnt");
    expect(migration.run(3, "--yes").err).toContain("/mnt is not mounted");
    expect(migration.run(3, "--dry-run").err).toContain("/mnt is not mounted");
  });

  it("refuses what it cannot copy as it is, and copies the rest", async () => {
    const names = ["link", "mount", "other", "kind", "both", "empty", "gone", "fine"];
    const migration = await Migration.of({
      home: [".way/app/", ".link/", "{ path: .fine/, users: [ann] }"].map((e) =>
        e.startsWith("{") ? e : `{ path: ${e}, users: [ann] }`,
      ),
      system: [
        ...names.map((name) => `/srv/${name}/`),
        "/srv/theirs/a/",
        "{ path: /srv/unowned/, owner: nobody-here }",
      ],
    });
    const { machine } = migration;
    machine.sh(`cd /srv; mkdir -p elsewhere mount/in other kind both/x empty fine theirs/a unowned /mnt/srv/{both/y,empty/z}
      ln -s elsewhere link; mount -t tmpfs none mount/in; touch /mnt/srv/kind both/x/1 /mnt/srv/both/y/2
      chown ann theirs; mkdir /mnt/srv/other; touch other/1`);
    machine.sh("cd; mkdir -p .fine .elsewhere/app; ln -s .elsewhere .way; ln -s /etc .link", "ann");
    const etc = migration.everything("/mnt/srv/both", "/mnt/srv/empty", "/srv/both");
    const report = migration.report(3, "--yes");
    expect(Object.fromEntries(Object.entries(report).map(([path, said]) => [path, said.slice(0, 40)]))).toEqual({
      "/var/lib/nixos": "copy",
      "/srv/link": "there is a link, to elsewhere",
      "/srv/mount": "something is mounted there or inside it",
      "/srv/other": "copy",
      "/srv/kind": "at the other end is a file; the manifest",
      "/srv/both": "both here and at the other end, and noth",
      "/srv/empty": "empty here, and the other end has data",
      "/srv/gone": "not there yet",
      "/srv/fine": "copy",
      "/srv/theirs/a": "others can change /srv/theirs or a direc",
      "/srv/unowned": "it is to belong to nobody-here, unknown ",
      ".fine": "copy",
      ".way/app": "~/.way is reached through a link, or is ",
      ".link": "there is a link, to /etc",
    });
    expect(migration.everything("/mnt/srv/both", "/mnt/srv/empty", "/srv/both")).toBe(etc);
    expect(machine.sh("ls -A /mnt/home/ann /mnt/srv/other")).toContain("1");
    expect(machine.sh("find /mnt -name '*partial*' -o -name '*trash*' -o -name '*-2'")).toBe("");
  });

  it("names who has it open, and copies it all the same with --in-use", async () => {
    const migration = await Migration.of({ system: ["/srv/db/"] });
    const { machine } = migration;
    machine.sh("mkdir /srv/db; echo 1 >/srv/db/a; sleep 60 </srv/db/a >/dev/null 2>&1 & echo $! >/srv/pid");
    expect(migration.report(4, "--yes")["/srv/db"]).toContain("in use by sleep");
    expect(machine.run(["test", "-e", "/mnt/srv/db"]).code).toBe(1);
    expect(migration.report(0, "--yes", "--in-use")["/srv/db"]).toBe("copy");
    expect(machine.sh("kill $(cat /srv/pid); cat /mnt/srv/db/a")).toBe("1\n");
  });

  it("looks at the room for all before it copies any", async () => {
    const migration = await Migration.of({ system: ["/srv/a/", "/srv/b/"], store: "ext4" });
    const { machine } = migration;
    machine.sh("mkdir /srv/a /srv/b; for i in a b; do head -c 170M /dev/zero >/srv/$i/x; done");
    expect(migration.run(4, "--yes").err).toContain("are needed; nothing was copied");
    expect(machine.sh("ls /mnt")).toBe("");
  });

  it("is for root", async () => {
    const migration = await Migration.of({});
    const done = migration.machine.run(["bash", migration.script, "--yes"], "ann");
    expect([done.code, done.err]).toEqual([2, expect.stringContaining("run this as root")]);
  });
});

describeWith(["mount-namespace"], "migrate.sh --make-way", () => {
  it("puts what was copied aside where a link is to be and nothing wipes, and nothing else", async () => {
    const migration = await Migration.of({
      home: ["{ path: .app/, users: [ann] }", "{ path: .other/, users: [ann] }"],
      system: ["/srv/a/"],
      nixos: ", home: standalone, mounts: [/home], relocate: all",
    });
    const { machine } = migration;
    machine.sh("cd; mkdir .app .other; echo 1 >.app/a; echo 2 >.other/b", "ann");
    machine.sh("mkdir /srv/a");
    expect(migration.run(0, "--yes").out).toContain("2 of them become links in a place that nothing wipes");
    machine.sh("echo changed >~/.app/a", "ann");
    // What changed since is copied first.
    expect(migration.report(0, "--yes", "--make-way")).toMatchObject({
      ".app": "copy",
      ".other": "aside",
      "/srv/a": "copied, and the same since",
    });
    migration.run(0, "--yes", "--make-way");
    expect(machine.sh("ls -A ~", "ann")).toBe(".app.remanence-original\n.other.remanence-original\n");
    expect(machine.sh("cat /mnt/home/ann/.app/a ~/.app.remanence-original/a", "ann")).toBe("changed\nchanged\n");
    machine.sh("ln -s /mnt/home/ann/.app ~/.app", "ann");
    expect(migration.report(0, "--make-way")).toMatchObject({
      ".app": "a link to the store already",
      ".other": "only at the other end",
    });
  });
});
