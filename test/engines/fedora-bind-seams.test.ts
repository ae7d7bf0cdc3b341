import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { scriptsOf } from "../support/fedora.ts";
import { bindManifest, Machine } from "../support/fedora-machine.ts";
import { folderWith } from "../support/workspace.ts";

const music = ["{ path: Music/, users: [ann] }"];

describeWith(["mount-namespace", "systemd"], "what is below a mount", () => {
  it("says before the first action what will happen to how many bytes", async () => {
    const machine = new Machine("ext4", "ext4");
    const scripts = await scriptsOf(bindManifest(music));
    machine.sh("mkdir ~/Music; head -c 1048576 /dev/zero | tr '\\0' x >~/Music/a", "ann");
    const first = (name: string, ...args: string[]): string | undefined =>
      machine.script(0, scripts, name, args).out.split("\n")[0];
    expect(first("link", "--dry-run")).toMatch(/^ {2}\/home\/ann\/Music/);
    expect(first("link", "--yes")).toBe("1 entries: 0B to move, 1.1MiB to copy, 0B to delete.");
    expect(first("link", "--commit")).toBe("1 entries: 0B to move, 0B to copy, 1.1MiB to delete.");
    expect(first("unlink", "--yes")).toBe("1 entries: 0B to move, 1.1MiB to copy, 0B to delete.");
    expect(
      JSON.parse(machine.script(0, scripts, "unlink", ["--commit", "--dry-run", "--format", "json"]).out),
    ).toMatchObject({ dryRun: true });
    expect(first("unlink", "--commit")).toBe("1 entries: 0B to move, 0B to copy, 1.1MiB to delete.");
    expect(first("unlink", "--commit")).toMatch(/^ {2}\/home\/ann\/Music/);
  });

  it("is deleted by --commit though directories in it may not be written to", async () => {
    const machine = new Machine("ext4", "ext4");
    const scripts = await scriptsOf(bindManifest(music));
    machine.sh(
      "mkdir -p ~/Music/module/deep; echo data | tee ~/Music/module/a ~/Music/module/deep/b; chmod -R a-w ~/Music/module",
      "ann",
    );
    machine.script(0, scripts, "link", ["--yes"]);
    machine.script(0, scripts, "link", ["--commit"]);
    machine.script(0, scripts, "link", ["--commit"]);
    machine.do("umount", "/home/ann/Music");
    expect(machine.sh("ls -A ~/Music", "ann")).toBe("");
  });

  it("is not deleted where a stopped --commit goes on, if it was moved there since", async () => {
    const machine = new Machine("ext4", "ext4");
    const scripts = await scriptsOf(bindManifest(music));
    machine.sh("mkdir -p ~/Music ~/Old/in; echo data >~/Music/a; echo old >~/Old/in/b", "ann");
    machine.script(0, scripts, "link", ["--yes"]);
    machine.do("umount", "/home/ann/Music");
    machine.sh(
      "cd /mnt/home/ann; sleep 0.1; ln -s 'was compared, and is being deleted' Music.remanence-emptying; rm Music.remanence-copied; mv ~/Old ~/Music/",
      "ann",
    );
    machine.script(5, scripts, "link", ["--yes"]);
    machine.sh("cat ~/Music/Old/in/b; mv ~/Music/Old ~/", "ann");
    machine.script(0, scripts, "link", ["--yes"]);
    machine.do("umount", "/home/ann/Music");
    expect(machine.sh("cat ~/Old/in/b; ls -A ~/Music", "ann")).toBe("old\n");
  });

  it("does not stop what was mounted from being mounted again", async () => {
    const machine = new Machine("ext4", "ext4");
    const scripts = await scriptsOf(bindManifest(music));
    machine.sh("mkdir -p ~/Music; echo data >~/Music/a", "ann");
    machine.script(0, scripts, "link", ["--yes"]);
    machine.sh("echo new >~/Music/new", "ann");
    machine.do("umount", "/home/ann/Music");
    machine.script(0, scripts, "link", ["--yes"]);
    expect(machine.sh("cat ~/Music/new", "ann")).toBe("new\n");
  });

  it("is mounted over again only as long as it is what was copied", async () => {
    const machine = new Machine("ext4", "ext4");
    const scripts = await scriptsOf(bindManifest(music));
    machine.sh("mkdir -p ~/Music; echo data >~/Music/a", "ann");
    machine.script(0, scripts, "link", ["--yes"]);
    machine.do("umount", "/home/ann/Music");
    machine.sh("echo below >~/Music/b; echo new >/mnt/home/ann/Music/new", "ann");
    expect(machine.script(5, scripts, "link", ["--yes"]).out).not.toContain("--compare");
    expect(machine.sh("cat ~/Music/b /mnt/home/ann/Music/new", "ann")).toBe("below\nnew\n");
  });
});

describeWith(["mount-namespace", "systemd"], "what root is told", () => {
  it("takes nothing from before for what was brought back and is gone since, as with links", async () => {
    const machine = new Machine("ext4", "ext4");
    const scripts = await scriptsOf(bindManifest(music));
    machine.sh("mkdir -p ~/Music; echo data >~/Music/a", "ann");
    machine.script(0, scripts, "link", ["--yes"]);
    machine.script(0, scripts, "unlink", ["--yes"]);
    machine.sh("echo newer >~/Music/b; mv ~/Music ~/Moved", "ann");
    const done = machine.script(3, scripts, "link", ["--yes"]);
    expect(done.out).toContain("remove the note /mnt/home/ann/Music.remanence-returned");
    machine.sh("mkdir ~/Music", "ann");
    machine.script(3, scripts, "link", ["--yes"]);
    machine.sh("rm /mnt/home/ann/Music.remanence-returned", "ann");
    machine.script(0, scripts, "link", ["--yes"]);
    expect(machine.sh("cat ~/Music/a ~/Moved/b", "ann")).toBe("data\nnewer\n");
  });

  it("is why a step for somebody else came to no end, here that sync fails", async () => {
    const folder = folderWith({ sync: "#!/bin/bash\nexit 1\n" });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "sync"), 0o755);
    const machine = new Machine("tmpfs", undefined, { PATH: `${folder}:/usr/bin:/usr/sbin` });
    const scripts = await scriptsOf(bindManifest(music, { store: "~/.persist" }));
    machine.sh("mkdir -p ~/Music; echo data >~/Music/a", "ann");
    expect(machine.script(3, scripts, "link").err).toContain("the disk reports an error");
  });
});

describeWith(["mount-namespace", "systemd"], "root as a user of the plan, beside mounts", () => {
  it("is told of the links in its own home, and makes them when asked for", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const text = [
      "version: 1",
      "users: { root: { home: /var/lib/root }, ann: {} }",
      "hosts: { desk: { os: fedora, stores: { persist: ~/.persist } } }",
      "home:",
      "  - { path: Music/, users: [ann], how: bind }",
      "  - { path: Notes/, users: [root] }",
      "",
    ].join("\n");
    const scripts = await scriptsOf(text);
    machine.sh("mkdir -p ~/Music; echo data >~/Music/a", "ann");
    machine.sh("mkdir -p ~/Notes; echo data >~/Notes/a");
    for (const name of ["link", "unlink"]) {
      const done = machine.script(0, scripts, name, ["--yes", "--format", "json"]);
      expect(JSON.parse(done.out).entries).toHaveLength(1);
      expect(done.err).toContain(`a run of its own: ${name}.sh --only Notes\n`);
      machine.script(0, scripts, name, ["--only", "Notes"]);
      expect(machine.do("stat", "-c", "%F", "/var/lib/root/Notes")).toBe(
        name === "link" ? "symbolic link\n" : "directory\n",
      );
    }
    expect(machine.do("cat", "/var/lib/root/Notes/a", "/home/ann/Music/a")).toBe("data\ndata\n");
  });
});

describeWith(["mount-namespace", "systemd"], "a --commit that was stopped before the first file went", () => {
  it("does not go on where nothing is on the other side since", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const text = [
      "version: 1",
      "users: { ann: {} }",
      "hosts: { desk: { os: fedora, stores: { persist: /mnt } } }",
      "home: [Music/]",
      "",
    ].join("\n");
    const scripts = await scriptsOf(text);
    machine.sh("mkdir -p ~/Music; echo data >~/Music/a", "ann");
    machine.script(0, scripts, "link", ["--yes"], "ann");
    machine.sh("mv ~/Music.remanence-original ~/Music.remanence-trash; mv /mnt/home/ann/Music/a ~/", "ann");
    for (const note of [true, false]) {
      if (!note) machine.sh("mv /mnt/home/ann/Music.remanence-copied ~/note", "ann");
      machine.script(3, scripts, "link", ["--commit"], "ann");
      machine.sh("cat ~/Music.remanence-trash/a", "ann");
    }
    machine.sh("mv ~/note /mnt/home/ann/Music.remanence-copied; mv ~/a /mnt/home/ann/Music/", "ann");
    machine.script(0, scripts, "link", ["--commit"], "ann");
    expect(machine.sh("ls -A ~", "ann")).toBe(".local\n.remanence\nMusic\n");
    // And the way back.
    machine.script(0, scripts, "unlink", ["--yes"], "ann");
    machine.sh("cd /mnt/home/ann; mv Music Music.remanence-trash; mv ~/Music/a ~/", "ann");
    for (const note of [true, false]) {
      if (!note) machine.sh("mv /mnt/home/ann/Music.remanence-returned ~/note", "ann");
      machine.script(3, scripts, "unlink", ["--commit"], "ann");
      machine.sh("cat /mnt/home/ann/Music.remanence-trash/a", "ann");
    }
    machine.sh("mv ~/a ~/Music/; rm ~/note", "ann");
    machine.script(0, scripts, "unlink", ["--commit"], "ann");
    expect(machine.sh("cat ~/Music/a; ls -A /mnt/home/ann", "ann")).toBe("data\n");
  });
});
