import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { apply, status, verify } from "../support/chezmoi.ts";
import { aliceAt, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";

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
});
