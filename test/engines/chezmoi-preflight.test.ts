import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { apply, managed, status, verify } from "../support/chezmoi.ts";
import { aliceAt, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { writeFiles } from "../support/workspace.ts";

describeWith(["chezmoi"], "the preflight of chezmoi apply", () => {
  it("stops it before it begins while a script has the lock of the home, and is quiet otherwise", async () => {
    const { folder, source } = await generated(manifestOf([".mozilla/"]), { "chezmoi/dot_bashrc": "mine" });
    const home = homeIn(folder);
    const host = aliceAt(home);
    const holder = spawn("flock", [home, "sh", "-c", "echo held; read -r _"], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    for (const flags of [[], ["--force"]]) {
      const { code, stderr } = apply(source, home, flags, host);
      expect(code).toBe(1);
      expect(stderr).toContain("link.sh, unlink.sh or restore.sh is at work in this home");
      expect(picture(home)).toEqual({});
    }
    // chezmoi goes on after a script that failed, or runs none: then nothing is linked
    for (const flags of [["--keep-going", "--force"], [`${home}/.bashrc`, `${home}/.mozilla`], ["--exclude=scripts"]]) {
      expect(apply(source, home, flags, host).stderr).toContain("is at work: nothing is linked");
      expect(Object.keys(picture(home)).filter((path) => path !== ".remanence")).toEqual([".bashrc"]);
    }
    holder.stdin.end("\n");
    await once(holder, "exit");
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(verify(source, home, [], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(status(source, home, [], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(picture(home)).toMatchObject({ ".bashrc": "0644 mine", ".mozilla": "-> .remanence/.mozilla" });
  });

  it.each([
    "chezmoi/run_before_restore.sh",
    "chezmoi/.chezmoiscripts/zz/run_once_before_restore.sh",
    "chezmoi/.chezmoiscripts/run_once_install.sh",
    "chezmoi/.chezmoiscripts/zz/run_zz.sh",
    "chezmoi/dot_config/run_before_restore.sh",
  ])("leaves what a script of the person's has made since the guard looked: %s", async (script) => {
    const { folder, source } = await generated(manifestOf([".config/app/", ".mozilla/", ".there/"]), {
      [script]: "#!/bin/sh\ncd && mkdir -p .mozilla .config/app && touch .mozilla/key .config/app/key .there/new\n",
    });
    for (const flags of [["--force"], ["--keep-going", "--force"], ["-v", "-k"]]) {
      const home = homeIn(folder, `home${flags[0]}`);
      writeFiles(home, { ".there/old": "before" });
      const kept = { ".mozilla/key": "0644 ", ".config/app/key": "0644 ", ".there/old": "0644 before" };
      const { code, stderr } = apply(source, home, flags, aliceAt(home));
      expect(code).not.toBe(0);
      expect(stderr).toContain("~/.mozilla has come to be there while chezmoi was at work");
      expect(stderr).not.toContain("~/.there has come");
      expect(picture(home)).toMatchObject(kept);
      // from now on the guard sees it
      expect(apply(source, home, ["--force"], aliceAt(home))).toMatchObject({ code: 0 });
      expect(picture(home)).toMatchObject(kept);
    }
  });

  it("does not stop for what comes to be in a place that is none of this host's", async () => {
    const { folder, source } = await generated(manifestOf([".config/app/", ".mozilla/"]), {
      "chezmoi/run_before_make.sh": "#!/bin/sh\nmkdir -p .mozilla\n",
    });
    const home = homeIn(folder);
    const laptop = aliceAt(home, { os: "nixos", hostname: "laptop" });
    expect(apply(source, home, [], laptop)).toMatchObject({ code: 0, stderr: "" });
  });

  it("is there only for hosts with links, and to look again only where there are scripts of the person's", async () => {
    const manifest = manifestOf([".mozilla/", "{ path: .config/x/, class: config, carry: true }"]);
    const scriptsOn = (source: string, home: string, os: string, hostname: string) =>
      managed(source, home, ["--include=scripts"], aliceAt(home, { os, hostname }));
    const plain = await generated(manifest, { "chezmoi/dot_config/x/conf": "" });
    const home = homeIn(plain.folder);
    expect(scriptsOn(plain.source, home, "fedora", "desk")).toEqual([
      ".chezmoiscripts/remanence/00-remanence-preflight.sh",
    ]);
    for (const [os, hostname] of [
      ["nixos", "laptop"],
      ["debian", "x"],
    ] as const)
      expect(scriptsOn(plain.source, home, os, hostname)).toEqual([]);
    for (const script of [
      "chezmoi/run_once_x.sh",
      "chezmoi/.chezmoiscripts/run_x.sh",
      "chezmoi/dot_config/run_after_x.sh",
    ]) {
      const { folder, source } = await generated(manifest, { [script]: "#!/bin/sh\n" });
      const ours = (os: string, hostname: string) =>
        scriptsOn(source, homeIn(folder, `home-${os}`), os, hostname).filter((path) => path.includes("remanence"));
      expect(ours("fedora", "desk")).toHaveLength(3);
      expect(ours("nixos", "laptop")).toEqual([]);
    }
  });
});
