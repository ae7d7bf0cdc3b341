import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { long, whole } from "../support/fedora-stage.ts";
import { type MigrationPlay, MigrationStage } from "../support/nixos-migrate-stage.ts";

const plays: [string, MigrationPlay][] = [
  ["for the first time", { args: ["--yes"] }],
  ["once more", { args: ["--yes"], again: true }],
  ["once more, where nothing exchanges", { args: ["--yes"], again: true, plain: true }],
  ["--back", { args: ["--yes", "--back", "/var/lib/to-be"] }],
  ["--back, where something is in the way", { args: ["--yes", "--make-way", "--back", "/var/lib/to-be"], taken: true }],
];

describeWith(["mount-namespace", "python3"], "migrate.sh, stopped", () => {
  it.each(plays)(
    "has touched nothing of what was there, and finishes: %s",
    async (_, play) => {
      const stage = await MigrationStage.of(play);
      stage.stopEverywhere(whole ? Number.POSITIVE_INFINITY : Number(process.env.MANY ?? 1));
      expect(stage.kills).toBeGreaterThan(0);
    },
    long,
  );
});
