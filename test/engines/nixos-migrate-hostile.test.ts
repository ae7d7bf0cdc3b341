import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { canary, swapping } from "../support/hostile.ts";
import { Migration } from "../support/nixos-migrate.ts";

/**
 * Runs it again and again; it may refuse, and what nobody may read is neither read nor changed. `wanted` is how it has to end
 * at least once, which it may take more rounds to see.
 */
function tryAll(migration: Migration, rounds: number, wanted?: string): Set<string> {
  const { machine } = migration;
  const before = machine.tree("/srv/canary");
  const outcomes = new Set<string>();
  for (let i = 0; i < rounds || (wanted !== undefined && !outcomes.has(wanted) && i < 10 * rounds); i++) {
    for (const args of [[], ["--make-way"], ["--back", "/var/lib/to-be"]]) {
      const done = machine.run(["bash", migration.script, "--yes", "--in-use", ...args]);
      outcomes.add(`${done.code}`);
      expect([0, 3, 4, 5], done.out + done.err).toContain(done.code);
    }
  }
  expect(machine.tree("/srv/canary")).toBe(before);
  expect(machine.run(["grep", "-rl", "secret", "/mnt", "/home/ann", "/var/lib/to-be", "/srv/app"]).out).toBe("");
  return outcomes;
}

const rootToBe =
  "mkdir /var/lib/to-be; truncate -s 64M /srv/image; mkfs.ext4 -q /srv/image; mount -o loop /srv/image /var/lib/to-be";

describeWith(["mount-namespace", "perl"], "migrate.sh among hostile users", () => {
  it("never leaves what is the user's, whatever is swapped meanwhile", async () => {
    const migration = await Migration.of({
      home: ["{ path: a/Music/, users: [ann] }"],
      nixos: ", home: standalone, mounts: [/home], relocate: all",
      store: "tmpfs",
    });
    const { machine } = migration;
    machine.sh(
      `${canary}; ${rootToBe}; mkdir /var/lib/to-be/home; mount --bind /var/lib/to-be/home /var/lib/to-be/home`,
    );
    machine.sh("install -d -m 755 /mnt/home; install -d -o ann -g ann -m 700 /mnt/home/ann");
    machine.sh("mkdir -p ~/a/Music/deep ~/evil; for i in {1..50}; do echo $i >~/a/Music/deep/$i; done", "ann");
    machine.sh(
      "mkdir /mnt/home/ann/evil; for i in ~ /mnt/home/ann; do for e in 1 2 3; do ln -s /srv/canary $i/evil/$e; done; done",
      "ann",
    );
    const [home, store] = ["/home/ann", "/mnt/home/ann"];
    swapping(machine, "ann", [
      [`${home}/a`, `${home}/evil/1`],
      [`${home}/a/Music`, `${home}/evil/2`],
      [`${home}/a/Music/deep`, `${home}/evil/3`],
      [`${store}/a`, `${store}/evil/1`],
      [`${store}/a/Music`, `${store}/evil/2`],
      [`${store}/a/Music.remanence-partial`, `${store}/evil/3`],
    ]);
    expect(tryAll(migration, 3, "3").has("3")).toBe(true);
  });

  it("copies what a service may change without going through a link of it", async () => {
    const migration = await Migration.of({
      system: ["{ path: /srv/app/, owner: service, group: service }"],
      store: "tmpfs",
    });
    const { machine } = migration;
    machine.sh(`${canary}; ${rootToBe}; mkdir -p /srv/app/deep/er; chown -R service:service /srv/app`);
    machine.sh(
      "cd /srv/app; ln -s /srv/canary evil; for i in {1..300}; do echo $i >deep/$i; echo $i >deep/er/$i; done",
      "service",
    );
    swapping(machine, "service", [["/srv/app/deep", "/srv/app/evil"]]);
    tryAll(migration, 2);
  });

  it("takes no link that somebody laid in its way for what its name says", async () => {
    const migration = await Migration.of({ home: ["{ path: Music/, users: [ann] }"], store: "tmpfs" });
    const { machine } = migration;
    machine.sh(`${canary}; install -d -m 755 /mnt/home; install -d -o ann -g ann -m 700 /mnt/home/ann`);
    machine.sh(
      "mkdir ~/Music; echo 1 >~/Music/a; cd /mnt/home/ann; for i in partial trash copied-2; do ln -s /srv/canary Music.remanence-$i; done",
      "ann",
    );
    const before = machine.tree("/srv/canary");
    migration.run(0, "--yes");
    expect(machine.tree("/srv/canary")).toBe(before);
    expect(machine.sh("cd /mnt/home/ann; cat Music/a; ls", "ann")).toBe("1\nMusic\nMusic.remanence-copied\n");
    machine.sh("rm -r /mnt/home/ann/Music; ln -s /srv/canary /mnt/home/ann/Music", "ann");
    expect(migration.report(3, "--yes").Music).toContain("at the other end is a link");
  });
});
