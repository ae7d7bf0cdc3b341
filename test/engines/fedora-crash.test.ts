import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { expectRun, manifestOf, mounted, newHome, scriptsOf } from "../support/fedora.ts";
import { pathWith } from "../support/fedora-crash.ts";
import { entries, layOut, long, Stage, whole } from "../support/fedora-stage.ts";

const exchangers = ["perl", "python3"] as const;
const manifest = manifestOf(entries);

describeWith(["loop", "btrfs", "python3", "perl"], "link.sh and unlink.sh, killed", () => {
  for (const fileSystem of ["ext4", "btrfs", "tmpfs"] as const) {
    for (const exchanger of whole ? exchangers : [exchangers[fileSystem === "btrfs" ? 1 : 0]]) {
      for (const script of whole || fileSystem !== "tmpfs" ? (["link", "unlink"] as const) : (["unlink"] as const)) {
        it(
          `lose nothing on ${fileSystem} when ${script}.sh with ${exchanger} is killed anywhere, and finish the next time`,
          async () => {
            const after: (readonly [string])[] = script === "link" ? [] : [["link"]];
            const scripts = await scriptsOf(manifest);
            const stage = new Stage({ scripts, call: [script], after, exchanger, homes: mounted(fileSystem) });
            stage.killEverywhere(whole ? 24 : 3);
            await stage.killAnywhere(whole ? 8 : 1);
            expect(stage.kills).toBeGreaterThan(3);
            stage.report(`one mount of ${fileSystem}, ${exchanger}: ${script}`);
          },
          long,
        );
      }
    }
  }

  it.each(["exch", "mv"] as const)("work with %s as well", async (exchanger) => {
    const scripts = await scriptsOf(manifest);
    const home = newHome();
    layOut(home, join(home, ".persist"));
    const options = { home, env: { PATH: pathWith(exchanger) } };
    expectRun(0, scripts, "link", [], options);
    expect(existsSync(join(home, ".persist", "moves", "one"))).toBe(true);
    expectRun(0, scripts, "unlink", [], options);
    expect(lstatSync(join(home, "moves")).isDirectory()).toBe(true);
  });
});
