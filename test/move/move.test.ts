import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { machines } from "../support/machines.ts";
import { compareMove, faultLines, tableOf } from "./compare.ts";
import {
  chezmoi,
  deskPicture,
  isWhole,
  keptWithoutBackup,
  laidPicture,
  layFresh,
  leaveLaptop,
  moveOf,
  pageCommands,
  plugIn,
  type Stage,
  savedRoots,
  script,
  setStage,
  stable,
  succeed,
  type,
} from "./steps.ts";

// Both machines, with every look at what would happen: `npm run test:move`. The normal run moves one of them.
const moved = isWhole ? machines : (["mitsio"] as const);

describeWith(
  ["nix", "restic", "chezmoi", "git", "attr", "acl", "mount-namespace"],
  "the move from NixOS to Fedora, as its page says",
  () => {
    it.each(moved)("brings all that %s keeps, and nothing else", { timeout: 900_000 }, async (example) => {
      const stage = await setStage(example);
      const laid = laidPicture(stage);
      leaveLaptop(stage);
      layFresh(stage);
      plugIn(stage);
      const before = deskPicture(stage);

      const lines = pageCommands();
      expect(lines.length).toBeGreaterThan(15);
      for (const line of lines) typeAndLook(stage, line);

      const after = deskPicture(stage);
      const comparison = compareMove(moveOf(stage, laid, before, after));
      process.stdout.write(`${tableOf(`the move of ${example}`, comparison)}\n`);
      expect(faultLines(comparison.faults)).toEqual([]);
      expect(comparison.counts.moved).toBeGreaterThan(300);
      expectSettled(stage);
      expect(stable(stage, deskPicture(stage))).toEqual(stable(stage, after));
    });
  },
);

function typeAndLook(stage: Stage, line: string): void {
  const isLook = line.includes("--dry-run");
  if (isLook && !isWhole) return;
  const restores = line.includes("restore.sh");
  const before = isLook ? stable(stage, deskPicture(stage)) : {};
  // In each part something is there already.
  const done = succeed(type(stage, line), isLook && restores ? 3 : 0);
  if (isLook) expect(stable(stage, deskPicture(stage)), line).toEqual(before);
  if (isLook && restores) expect(done.out).toContain("REFUSED: something is there, and stays");
  if (restores) {
    const as = line.startsWith("sudo ") ? "root" : stage.person;
    for (const path of keptWithoutBackup(stage, as)) expect(done.err).toContain(` ${path}`);
  }
}

/** Done once more nothing happens, and the next backup takes what the desk's plan says. */
function expectSettled(stage: Stage): void {
  succeed(script(stage, stage.person, "link"));
  succeed(chezmoi(stage, "apply"));
  succeed(chezmoi(stage, "verify"));
  const picture = deskPicture(stage);
  for (const as of [stage.person, "root"]) {
    const listed = JSON.parse(succeed(script(stage, as, "backup", "--dry-run", "--format", "json")).out);
    expect(listed.entries.map(({ path }: { path: string }) => path).sort()).toEqual(savedRoots(stage, as, picture));
  }
}
