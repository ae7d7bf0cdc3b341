import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { mounted, newHome } from "../support/fedora.ts";
import { RestoreStage } from "../support/fedora-restore-stage.ts";
import { long, whole } from "../support/fedora-stage.ts";

const plays = [
  ["the file system of temporary files", "python3", true],
  ["btrfs", "none", true],
  ["ext4", "perl", false],
] as const;

describeWith(["loop", "btrfs", "python3", "perl", "zstd"], "restore.sh, killed", () => {
  for (const [fileSystem, exchanger, replace] of plays) {
    it(
      `loses nothing on ${fileSystem} with ${exchanger}, ${replace ? "where it replaces" : "where nothing is"}, and finishes the next time`,
      async () => {
        const homes = newHome(fileSystem === "btrfs" || fileSystem === "ext4" ? mounted(fileSystem) : undefined);
        const stage = new RestoreStage({ exchanger, replace, homes });
        await stage.prepare();
        stage.killEverywhere(2);
        await stage.killAnywhere(whole ? 100 : 1);
        expect(stage.kills).toBeGreaterThan(2);
        if (whole) process.stdout.write(`${fileSystem}, ${exchanger}, restore.sh: ${stage.kills} kills\n`);
      },
      long,
    );
  }
});
