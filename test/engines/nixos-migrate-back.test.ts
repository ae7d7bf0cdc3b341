import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { Migration } from "../support/nixos-migrate.ts";

describeWith(["mount-namespace"], "migrate.sh --back", () => {
  it("copies from the store to the root that is mounted elsewhere, below what is mounted over it here", async () => {
    const migration = await Migration.of({
      home: ["{ path: .config/app/, users: [ann] }"],
      system: ["/srv/web/data/", "{ path: /srv/key, class: secret, writes: in-place }"],
    });
    const { machine } = migration;
    machine.sh(`mkdir -p /mnt/srv/web/data /srv/web/data /var/lib/to-be; echo 1 >/mnt/srv/web/data/a; chmod 711 /mnt/srv/web
      echo key >/mnt/srv/key; chmod 600 /mnt/srv/key; mount --bind /mnt/srv/web/data /srv/web/data
      install -d -o ann -g ann -m 700 /mnt/home /mnt/home/ann; chown root: /mnt/home; chmod 755 /mnt/home`);
    machine.sh("mkdir -p -m 750 /mnt/home/ann/.config/app; echo 2 >/mnt/home/ann/.config/app/b", "ann");
    const store = migration.everything("/mnt/srv/key", "/mnt/srv/web/data", "/mnt/home/ann/.config/app");
    expect(migration.run(3, "--yes", "--back", "/var/lib/to-be").err).toContain("nothing is mounted at /var/lib/to-be");
    machine.sh("mount -t tmpfs -o mode=755 none /var/lib/to-be");
    expect(migration.run(3, "--yes", "--back", "/var/lib/to-be").err).toContain("gone with the next boot");
    expect(migration.run(2, "--yes", "--back", "here").err).toContain("--back needs the directory");
    machine.sh(
      "umount /var/lib/to-be; truncate -s 64M /srv/image; mkfs.ext4 -q /srv/image; mount -o loop /srv/image /var/lib/to-be",
    );

    expect(migration.report(0, "--yes", "--back", "/var/lib/to-be")).toEqual({
      "/var/lib/nixos": "not there yet",
      "/srv/web/data": "copy",
      "/srv/key": "copy",
      ".config/app": "copy",
    });
    for (const place of ["srv/web/data", "home/ann/.config/app"])
      expect(machine.tree(`/var/lib/to-be/${place}`)).toBe(machine.tree(`/mnt/${place}`));
    expect(machine.sh("cd /var/lib/to-be; stat -c '%n %a %U' srv/web srv/key home home/ann home/ann/.config")).toBe(
      "srv/web 711 root\nsrv/key 600 root\nhome 755 root\nhome/ann 700 ann\nhome/ann/.config 755 ann\n",
    );
    expect(machine.sh("find /var/lib/to-be -name '*.remanence-*'")).toBe("");
    expect(migration.everything("/mnt/srv/key", "/mnt/srv/web/data", "/mnt/home/ann/.config/app")).toBe(store);

    machine.sh("echo later >/srv/web/data/a; echo own >/var/lib/to-be/home/ann/.config/app/b");
    machine.sh("echo newer >/mnt/home/ann/.config/app/b", "ann");
    const report = migration.report(5, "--yes", "--back", "/var/lib/to-be");
    expect(report["/srv/web/data"]).toBe("copy");
    expect(report["/srv/key"]).toBe("copied, and the same since");
    expect(report[".config/app"]).toContain("changed here and at the other end");
    expect(machine.sh("cat /var/lib/to-be/srv/web/data/a /var/lib/to-be/home/ann/.config/app/b")).toBe("later\nown\n");
    machine.sh("umount /var/lib/to-be");
  });

  it("puts things back in their places once nothing is mounted there, and what is in the way beside them", async () => {
    const migration = await Migration.of({ system: ["/srv/a/", "/srv/b/", "/srv/c/", "/srv/d/"] });
    const { machine } = migration;
    machine.sh(
      "cd /srv; mkdir -p a b c /mnt/srv/{a,b,c,d}; for i in a b c d; do echo $i >/mnt/srv/$i/x; done; echo new >b/x; ln -s /mnt/srv/d d",
    );
    machine.sh("mount --bind /mnt/srv/a /srv/a");
    // Through another mount of that root nothing can be put below it either.
    const back = ["--yes", "--back", "/"];
    expect(migration.report(3, "--dry-run", "--back", rootOf(migration))["/srv/a"]).toContain("boot without");
    const report = migration.report(3, ...back);
    expect(report["/srv/a"]).toContain("boot without persistence.nix");
    expect(report["/srv/b"]).toContain("nothing says which is newer");
    expect(report["/srv/c"]).toBe("copy");
    expect(report["/srv/d"]).toContain("a link, to /mnt/srv/d; --make-way renames");
    machine.sh("umount /srv/a");
    expect(migration.report(0, ...back, "--make-way")).toMatchObject({
      "/srv/a": "copy",
      "/srv/b": "copy",
      "/srv/c": "copied, and the same since",
      "/srv/d": "copy",
    });
    expect(
      machine.sh(
        "cd /srv; cat a/x b/x c/x d/x b.remanence-original/x; readlink d.remanence-original; ls /mnt/srv/*/x | wc -l",
      ),
    ).toBe("a\nb\nc\nd\nnew\n/mnt/srv/d\n4\n");
  });
});

/** The root of this machine, seen elsewhere, with its file systems: `/` itself is on an overlay here. */
function rootOf(migration: Migration): string {
  migration.machine.sh(
    "mkdir /var/lib/root-now; mount --bind / /var/lib/root-now; mount --bind /srv /var/lib/root-now/srv",
  );
  return "/var/lib/root-now";
}
