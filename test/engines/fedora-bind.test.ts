import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, scriptsOf } from "../support/fedora.ts";
import { bindManifest, ids, Machine } from "../support/fedora-machine.ts";

const unitsOf = (machine: Machine): string[] =>
  machine.sh("cd /etc/systemd/system && find . -name '*.mount' | sort").split("\n").slice(0, -1);
const both = ["./home-ann-Music.mount", "./local-fs.target.wants/home-ann-Music.mount"];

/** A tree with what a copy may forget. */
const song =
  "mkdir -p ~/Music/'a b'/empty; echo song >~/Music/a; ln ~/Music/a ~/Music/b; ln -s a ~/Music/l; chmod 640 ~/Music/a; " +
  "setfattr -n user.x -v y ~/Music/a; truncate -s 1M ~/Music/'a b'/sparse; touch -d '2001-02-03 04:05:06.789' ~/Music/'a b' ~/Music";

describeWith(["mount-namespace", "systemd"], "sudo link.sh with mounts", () => {
  it("says what will happen, and changes nothing", async () => {
    const machine = new Machine("tmpfs");
    const scripts = await scriptsOf(bindManifest(["Music/", "New/"], { store: "~/.persist" }));
    machine.sh(song, "ann");
    const before = machine.tree("/home");
    const dry = machine.script(0, scripts, "link", ["--dry-run"]);
    expect(dry.out).toMatch(/\/home\/ann\/Music +\d[^ ]*B +move to the store, then mount\n/);
    expect(dry.out).toMatch(/\/home\/bob\/New +new and empty in the store, then mount\n/);
    expect(dry.out).toContain("4 of 4 entries would be mounted");
    expect(machine.tree("/home")).toBe(before);
    expect(unitsOf(machine)).toEqual([]);
    // The user's own run leaves it to root, and says so.
    const own = machine.script(0, scripts, "link", ["--only", "Music"], "ann");
    expect(own.err).toContain("1 entries of this home are mounts, which need root: sudo ");
    expect(machine.tree("/home")).toBe(before);
  });

  it("moves in one step on one mount, and back", async () => {
    const machine = new Machine("tmpfs");
    const scripts = await scriptsOf(bindManifest(["Music/"], { store: "~/.persist" }));
    machine.sh(song, "ann");
    const before = machine.tree("/home/ann/Music");
    const inode = machine.do("stat", "-c", "%i", "/home/ann/Music");
    machine.script(0, scripts, "link", ["--only", "/home/ann/Music"]);
    expect(machine.mountAt("/home/ann/Music")).toBe("/ann/.persist/Music");
    expect(machine.tree("/home/ann/Music")).toBe(before);
    expect(machine.do("stat", "-c", "%i", "/home/ann/Music")).toBe(inode);
    expect(unitsOf(machine)).toEqual(both);
    const again = machine.script(0, scripts, "link", ["--only", "Music", "--format", "json"]);
    expect(JSON.parse(again.out).entries.map((e: { action: string }) => e.action)).toEqual(["mounted", "create"]);
    expect(actions(machine.script(0, scripts, "verify", ["--format", "json"], "ann"), "result")).toEqual({
      Music: "ok",
    });
    machine.script(0, scripts, "unlink");
    expect(machine.mountAt("/home/ann/Music")).toBeUndefined();
    expect(machine.tree("/home/ann/Music")).toBe(before);
    expect(machine.do("stat", "-c", "%i", "/home/ann/Music")).toBe(inode);
    expect(machine.sh("ls ~/.persist", "ann")).toBe("");
    expect(unitsOf(machine)).toEqual([]);
    machine.script(0, scripts, "unlink");
  });

  it("leaves a place that nothing can be written into while it is not mounted", async () => {
    const machine = new Machine("ext4");
    const scripts = await scriptsOf(bindManifest(["Music/"], { store: "~/.persist" }));
    machine.sh(song, "ann");
    machine.script(0, scripts, "link");
    machine.do("umount", "/home/ann/Music");
    expect(machine.run(["touch", "/home/ann/Music/new"], "ann").code).not.toBe(0);
    expect(machine.run(["touch", "/home/ann/Music/new"]).code).not.toBe(0);
    const found = machine.script(1, scripts, "verify", ["--format", "json"], "ann");
    expect(actions(found, "result")).toEqual({ Music: "unmounted" });
    // A store that is missing is nothing that begins anew.
    machine.sh("mv ~/.persist ~/.away; mkdir ~/.persist", "ann");
    expect(machine.script(3, scripts, "link").out).toContain("the store has nothing there: is it mounted?");
    expect(machine.script(1, scripts, "verify", [], "ann").out).toContain("not mounted: the store has nothing there");
    machine.sh("rmdir ~/.persist; mv ~/.away ~/.persist", "ann");
    machine.script(0, scripts, "link");
    expect(machine.sh("cat ~/Music/a", "ann")).toBe("song\n");
    machine.do("umount", "/home/ann/Music");
    machine.script(0, scripts, "unlink");
    machine.sh("cat ~/Music/a; touch ~/Music/new", "ann");
  });

  it("copies to another mount, keeps the original below, empties it when told to, and copies back", async () => {
    const machine = new Machine("ext4", "btrfs");
    const scripts = await scriptsOf(bindManifest(["Music/"]));
    machine.sh(song, "ann");
    const before = machine.tree("/home/ann/Music");
    machine.script(3, scripts, "link");
    expect(unitsOf(machine)).toEqual([]);
    machine.script(0, scripts, "link", ["--yes"]);
    expect(machine.mountAt("/home/ann/Music")).toBe("/home/ann/Music");
    expect(machine.tree("/home/ann/Music")).toBe(before);
    const below = (): string =>
      machine.sh(
        "mkdir -p /run/below; mount --bind /home/ann /run/below; cd /run/below/Music; find . | sort; cd /; umount /run/below",
      );
    expect(below()).toContain("./a b/sparse");
    machine.sh("echo new >~/Music/new", "ann");
    const commit = machine.script(0, scripts, "link", ["--commit"]);
    expect(commit.out).toMatch(/\/home\/ann\/Music +\d[^ ]*B +delete the original below the mount\n/);
    expect(below()).toBe(".\n");
    expect(machine.sh("cat ~/Music/new ~/Music/a", "ann")).toBe("new\nsong\n");
    expect(machine.do("lsattr", "-d", "/mnt/home/ann/Music")).not.toMatch(/^[^ ]*i/);
    machine.script(0, scripts, "link", ["--commit"]);
    const after = machine.tree("/home/ann/Music");
    machine.script(0, scripts, "unlink", ["--yes"]);
    expect(machine.mountAt("/home/ann/Music")).toBeUndefined();
    expect(machine.tree("/home/ann/Music")).toBe(after);
    expect(machine.tree("/mnt/home/ann/Music")).toBe(after);
    expect(machine.sh("ls -A ~", "ann")).toBe("Music\n");
    machine.script(3, scripts, "link", ["--yes"]);
    machine.script(0, scripts, "unlink", ["--commit"]);
    expect(machine.sh("ls -A /mnt/home/ann", "ann")).toBe("");
    expect(machine.tree("/home/ann/Music")).toBe(after);
  });

  it("adopts what a store has, and refuses what it cannot know", async () => {
    const machine = new Machine("tmpfs", "tmpfs");
    const kept = ["Empty/", "Missing/", "Both/", "Mounted/", "Foreign/", "Linked/"];
    const scripts = await scriptsOf(bindManifest(kept.map((path) => `{ path: ${path}, users: [ann] }`)));
    machine.sh("cd /mnt/home/ann; for e in Empty Missing Both Linked; do mkdir $e; echo data >$e/a; done", "ann");
    machine.sh(
      "cd; mkdir Empty Both Mounted; echo here >Both/b; ln -s /etc Foreign; ln -s /mnt/home/ann/Linked Linked",
      "ann",
    );
    machine.do("mount", "-t", "tmpfs", "tmpfs", "/home/ann/Mounted");
    const done = machine.script(3, scripts, "link", ["--yes", "--format", "json"]);
    expect(actions(done)).toEqual({
      Empty: "adopt",
      Missing: "adopt",
      Both: "refuse",
      Mounted: "refuse",
      Foreign: "refuse",
      Linked: "convert",
    });
    expect(machine.sh("cd; cat Empty/a Missing/a Linked/a Both/b", "ann")).toBe("data\ndata\ndata\nhere\n");
    expect(machine.do("readlink", "/home/ann/Foreign")).toBe("/etc\n");
    expect(done.out).toContain("both here and in the store");
  });

  it("refuses a unit that is not ours or not of this place, and what is in use", async () => {
    const machine = new Machine("tmpfs");
    const scripts = await scriptsOf(bindManifest(["{ path: Music/, users: [ann] }"], { store: "~/.persist" }));
    machine.sh(song, "ann");
    machine.sh("echo '[Mount]' >/etc/systemd/system/home-ann-Music.mount");
    expect(machine.script(3, scripts, "link").out).toContain("a unit of that name that is not of Remanence");
    machine.sh("ln -sf /dev/null /etc/systemd/system/home-ann-Music.mount");
    machine.script(3, scripts, "link");
    machine.sh("rm /etc/systemd/system/home-ann-Music.mount");
    const own = `${scripts.folder}/systemd/system/home-ann-Music.mount`;
    machine.sh(`mv '${own}' '${own}.away'`);
    expect(machine.script(3, scripts, "link").out).toContain("its unit is not beside this script");
    machine.sh(`sed s/Music/Other/ '${own}.away' >'${own}'`);
    expect(machine.script(3, scripts, "link").out).toContain("its unit is for other places");
    machine.sh(`mv '${own}.away' '${own}'`);
    const pid = machine.sh("cd ~/Music; sleep 60 >/dev/null 2>&1 & echo $!", "ann").trim();
    const busy = machine.script(4, scripts, "link", ["--format", "json"]);
    expect(busy.out).toContain("in use by sleep");
    machine.do("kill", pid);
    expect(machine.sh("cat ~/Music/a", "ann")).toBe("song\n");
    expect(unitsOf(machine)).toEqual([]);
    machine.script(0, scripts, "link");
    const later = machine.sh("cd ~/Music; sleep 60 >/dev/null 2>&1 & echo $!", "ann").trim();
    expect(machine.script(4, scripts, "unlink").out).toContain("in use by sleep");
    machine.do("kill", later);
    expect(machine.mountAt("/home/ann/Music")).toBe("/ann/.persist/Music");
  });

  it("keeps files of subordinate ids as they are, as the user", async () => {
    const machine = new Machine("tmpfs", "ext4");
    const scripts = await scriptsOf(bindManifest(["{ path: pods/, users: [ann, bob] }"]));
    machine.sh(
      "mkdir -p /home/ann/pods/layer /home/bob/pods; echo x >/home/ann/pods/layer/f; chown -R ann:ann /home/ann/pods; chown -R bob:bob /home/bob/pods",
    );
    machine.sh(
      "chown -R 300099:300009 /home/ann/pods/layer; chmod 700 /home/ann/pods/layer; echo x >/home/bob/pods/f; chown 300099 /home/bob/pods/f",
    );
    const before = machine.tree("/home/ann/pods");
    const done = machine.script(3, scripts, "link", ["--yes"]);
    expect(done.out).toMatch(
      /\/home\/bob\/pods +REFUSED: files in it belong to others, and \/etc\/subuid has no ids for bob/,
    );
    expect(machine.mountAt("/home/ann/pods")).toBe("/home/ann/pods");
    expect(machine.tree("/home/ann/pods")).toBe(before);
    expect(machine.do("find", "/mnt", "-uid", String(300099), "-name", "f")).toBe("/mnt/home/ann/pods/layer/f\n");
    expect(machine.do("stat", "-c", "%u", "/mnt/home/ann/pods")).toBe(`${ids.ann}\n`);
    machine.script(0, scripts, "link", ["--commit"]);
    machine.script(0, scripts, "unlink", ["--yes", "--only", "/home/ann/pods"]);
    expect(machine.tree("/home/ann/pods")).toBe(before);
  });
});
