import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { machines } from "../support/machines.ts";
import { compareMove, faultLines, tableOf } from "./compare.ts";
import {
  chezmoi,
  deskPicture,
  fromLaptop,
  isWhole,
  keptWithoutBackup,
  laidPicture,
  layFresh,
  leaveLaptop,
  moveOf,
  plugIn,
  type Stage,
  savedRoots,
  script,
  setStage,
  stable,
  succeed,
} from "./steps.ts";

// Both machines, with all that is only looked at: `npm run test:move`. The normal run moves one of them.
const moved = isWhole ? machines : (["mitsio"] as const);

describeWith(
  ["nix", "restic", "chezmoi", "attr", "acl", "age", "mount-namespace"],
  "the move from NixOS to Fedora",
  () => {
    it.each(moved)("brings all that %s keeps, and nothing else", { timeout: 600_000 }, async (example) => {
      const stage = await setStage(example);
      const laid = laidPicture(stage);
      leaveLaptop(stage);
      layFresh(stage);
      plugIn(stage);
      const before = deskPicture(stage);
      const { person } = stage;

      if (isWhole) lookFirst(stage);
      succeed(script(stage, person, "link"));
      for (const as of [person, "root"]) {
        const done = succeed(script(stage, as, "restore", ...fromLaptop(stage, as), "--replace"));
        for (const path of keptWithoutBackup(stage, as)) expect(done.err).toContain(` ${path}`);
      }
      succeed(script(stage, person, "link"));
      succeed(chezmoi(stage, "apply"));
      for (const as of [person, "root"]) succeed(script(stage, as, "verify"));

      const after = deskPicture(stage);
      const comparison = compareMove(moveOf(stage, laid, before, after));
      process.stdout.write(`${tableOf(`the move of ${example}`, comparison)}\n`);
      expect(faultLines(comparison.faults)).toEqual([]);
      expect(comparison.counts.moved).toBeGreaterThan(300);

      succeed(script(stage, person, "link"));
      succeed(chezmoi(stage, "apply"));
      succeed(chezmoi(stage, "verify"));
      succeed(script(stage, person, "clean", "--dry-run"));
      for (const as of [person, "root"]) {
        const listed = JSON.parse(succeed(script(stage, as, "backup", "--dry-run", "--format", "json")).out);
        expect(listed.entries.map(({ path }: { path: string }) => path).sort()).toEqual(savedRoots(stage, as, after));
      }
      expect(stable(stage, deskPicture(stage))).toEqual(stable(stage, after));
    });
  },
);

/** What is there already is named and left alone, and a look changes nothing. */
function lookFirst(stage: Stage): void {
  const before = deskPicture(stage);
  for (const as of [stage.person, "root"]) {
    const look = succeed(script(stage, as, "restore", ...fromLaptop(stage, as), "--dry-run"), 3);
    expect(look.out).toContain("REFUSED: something is there, and stays");
  }
  expect(stable(stage, deskPicture(stage))).toEqual(stable(stage, before));
}
