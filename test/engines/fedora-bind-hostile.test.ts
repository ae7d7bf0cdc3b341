import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { scriptsOf } from "../support/fedora.ts";
import { bindManifest, Machine } from "../support/fedora-machine.ts";
import { canary, swapping } from "../support/hostile.ts";
import { folderWith } from "../support/workspace.ts";

/** Runs link.sh, its commit, and unlink.sh, again and again; they may refuse, and nothing may happen to the canary. */
function tryAll(machine: Machine, folder: string, rounds: number): Set<number | null> {
  const before = machine.tree("/srv/canary");
  const codes = new Set<number | null>();
  for (let i = 0; i < rounds; i++) {
    for (const [script, ...options] of [
      ["link", "--yes"],
      ["link", "--commit"],
      ["unlink", "--yes"],
    ] as const) {
      const done = machine.run(["bash", `${folder}/${script}.sh`, ...options]);
      codes.add(done.code);
      expect([0, 3, 4, 5], done.out + done.err).toContain(done.code);
      expect(machine.sh("grep -c canary /proc/self/mountinfo || :")).toBe("0\n");
    }
  }
  expect(machine.tree("/srv/canary")).toBe(before);
  expect(machine.run(["grep", "-rl", "secret", "/mnt", "/home/ann", "/srv/app"]).out).toBe("");
  return codes;
}

describeWith(["mount-namespace", "systemd", "perl"], "sudo link.sh among hostile users", () => {
  it("never leaves what is the user's, whatever is swapped meanwhile", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const scripts = await scriptsOf(bindManifest(["{ path: a/Music/, users: [ann] }"]));
    machine.sh(canary);
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
    ]);
    expect(tryAll(machine, scripts.folder, 4).size).toBeGreaterThan(1);
  });

  it.each(["mount", "umount", "chattr"])("is not misled in the instant before %s", async (tool) => {
    // A stand-in: it swaps, once, and then is the real one.
    const swaps = "(if [[ ! -e /srv/once ]]; then touch /srv/once; cd /home/ann; mv a away; ln -s /srv/canary a; fi)";
    const tools = folderWith({ [tool]: `#!/bin/bash\n${swaps}\nPATH=/usr/bin:/usr/sbin exec ${tool} "$@"\n` });
    chmodSync(join(tools, tool), 0o755);
    const machine = new Machine("tmpfs", "tmpfs", { PATH: `${tools}:/usr/bin:/usr/sbin` });
    const scripts = await scriptsOf(bindManifest(["{ path: a/Music/, users: [ann] }"]));
    machine.sh(`${canary}; mkdir /srv/canary/Music; touch /srv/once`);
    machine.sh("mkdir -p ~/a/Music; echo song >~/a/Music/1", "ann");
    // Each run is disturbed, and repeated when all is as it was.
    for (const [script, ...options] of [
      ["link", "--yes"],
      ["link", "--commit"],
      ["unlink", "--yes"],
    ] as const) {
      machine.sh("rm -f /srv/once");
      const done = machine.run(["bash", `${scripts.folder}/${script}.sh`, ...options]);
      expect([0, 3, 4, 5], done.out + done.err).toContain(done.code);
      expect(
        machine.sh("findmnt -rno TARGET | grep canary || :; lsattr -dR /srv/canary 2>/dev/null | grep '^[^ ]*i' || :"),
      ).toBe("");
      machine.sh("cd /home/ann; if [[ -L a ]]; then rm a; mv away a; fi");
      machine.sh("touch /srv/once");
      machine.script(0, scripts, script, options);
      expect(machine.sh("cat ~/a/Music/1", "ann")).toBe("song\n");
    }
  });

  it("copies what a service may change without going through a link of it", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const scripts = await scriptsOf(bindManifest([], { system: ["{ path: /srv/app/, how: bind }"] }));
    machine.sh(canary);
    machine.sh("mkdir -p /srv/app/deep/er; chown -R service:service /srv/app");
    machine.sh(
      "cd /srv/app; ln -s /srv/canary evil; for i in {1..300}; do echo $i >deep/$i; echo $i >deep/er/$i; done",
      "service",
    );
    swapping(machine, "service", [["/srv/app/deep", "/srv/app/evil"]]);
    tryAll(machine, scripts.folder, 3);
  });

  it("refuses a place of the system that others can change, or that a link leads to", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const paths = ["/srv/theirs/app/", "/srv/open/app/", "/srv/link/app/", "/srv/fine/app/"];
    const scripts = await scriptsOf(bindManifest([], { system: paths.map((path) => `{ path: ${path}, how: bind }`) }));
    machine.sh(
      "cd /srv; mkdir -p theirs/app open/app real/app fine/app; chown service theirs; chmod 777 open; ln -s real link",
    );
    const report = JSON.parse(machine.script(3, scripts, "link", ["--yes", "--format", "json"]).out);
    const said = report.entries.map((e: { path: string; action: string }) => [e.path, e.action]);
    expect(Object.fromEntries(said)).toEqual({
      "/srv/fine/app": "copy",
      "/srv/link/app": "refuse",
      "/srv/open/app": "refuse",
      "/srv/theirs/app": "refuse",
    });
    machine.sh("mkdir -p /mnt/srv/theirs; chown service /mnt/srv");
    machine.script(0, scripts, "unlink", ["--yes", "--only", "/srv/fine/app"]);
    machine.script(3, scripts, "link", ["--yes", "--only", "/srv/fine/app"]);
  });

  it("mounts nothing at boot where a link was planted", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const scripts = await scriptsOf(bindManifest(["{ path: a/Music/, users: [ann] }"]));
    const unit = `${scripts.folder}/systemd/system/home-ann-a-Music.mount`;
    const conditions = machine.sh(`grep ^Condition '${unit}'`).trim().split("\n");
    const isMet = (): boolean => machine.run(["systemd-analyze", "condition", ...conditions]).code === 0;
    machine.sh("mkdir -p ~/a/Music /mnt/home/ann/a/Music", "ann");
    expect(isMet()).toBe(true);
    for (const planted of ["/home/ann/a", "/home/ann/a/Music", "/mnt/home/ann/a", "/mnt/home/ann/a/Music"]) {
      machine.sh(`mv ${planted} ${planted}.away; ln -s /etc ${planted}`, "ann");
      expect(isMet(), planted).toBe(false);
      machine.sh(`rm ${planted}; ln -s ${planted}.away ${planted}`, "ann");
      expect(isMet(), planted).toBe(false);
      machine.sh(`rm ${planted}; mv ${planted}.away ${planted}`, "ann");
    }
    expect(isMet()).toBe(true);
    machine.sh("rm -r /mnt/home/ann/a", "ann");
    expect(isMet()).toBe(false);
  });
});
