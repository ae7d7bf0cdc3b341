import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { run } from "../support/fedora.ts";
import { everything } from "../support/nixos-everything.ts";
import { compileText, writeTree } from "../support/workspace.ts";

describeWith(["shellcheck", "shfmt"], "scripts for NixOS, of odd names", () => {
  it("are such that shellcheck, shfmt and bash have nothing to say", async () => {
    const backup = `backup: { engine: restic, repository: "/mnt/it's", password-file: /persist/p, retain: { daily: 7 } }, nixos:`;
    const folder = writeTree(await compileText(everything("none").replace("nixos:", backup)));
    const scripts = ["migrate.sh", "restore.sh"].map((name) => join(folder, "nixos/laptop", name));
    for (const script of scripts) {
      expect(readFileSync(script, "utf8")).toContain("what every NixOS has");
      for (const command of [
        ["shfmt", "-d", "-i", "2", "-ci"],
        ["bash", "-n"],
        ["shellcheck", "-S", "style"],
      ])
        expect(run([...command, script], { home: "/" }), `${command[0]} ${script}`).toEqual({
          code: 0,
          out: "",
          err: "",
        });
    }
  });
});
