import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { type CliRun, readText } from "../support/workspace.ts";
import { expectNoTrace, generated, inNamespace, small, workspace } from "./support.ts";

/** Changes something in every target. */
const changed = `${small.replace("[nixos-ids]", "[nixos-ids, ssh, firefox]")}  - Papers/\n`;

/** A folder with outputs that are to be changed. */
function stale(): string {
  const folder = generated();
  writeFileSync(join(folder, "persistence.yaml"), changed);
  return folder;
}

/**
 * Copies the folder to a file system of its own, spoils that, runs the command there, and says whether anything differs
 * afterwards; then mends it and runs once more.
 */
function onDisk(folder: string, disk: { mount: string; spoil: string; mend: string }): CliRun & { differs: string } {
  mkdirSync(join(folder, "disk"));
  const run = inNamespace(
    folder,
    `
    list() { find . -not -name filler -printf '%p %m %l\\n' | sort; find . -type f -not -name filler -exec sha256sum {} + | sort; }
    ${disk.mount}
    cp -a .remanence * disk/ 2>/dev/null || true
    cd disk && rm -rf disk image
    ${disk.spoil}
    list > ../before
    code=0; "$1" "$2" generate || code=$?
    list > ../after
    diff ../before ../after > ../differs || true
    ${disk.mend}
    "$1" "$2" generate > ../mended && "$1" "$2" generate --check >> ../mended || code=$?0
    exit $code`,
  );
  return { ...run, differs: readText(folder, "differs") };
}

const refuses = (run: ReturnType<typeof onDisk>, message: RegExp): void => {
  expect(run.stderr).toMatch(message);
  expect(run).toMatchObject({ code: 2, stdout: "", differs: "" });
  expectNoTrace(run.stderr);
};

describeWith(["mount-namespace"], "a disk that does not take the outputs", () => {
  // Free blocks: none; enough for the first files; enough for the outputs, but not for the ledger.
  it.each([0, 4, 20])("full but for %i blocks: nothing is half written", (free) => {
    for (const folder of [workspace(changed), stale()]) {
      const run = onDisk(folder, {
        mount: "mount -t tmpfs -o size=2m tmpfs disk",
        spoil: `dd if=/dev/zero of=filler bs=4k 2>/dev/null || true; truncate -s -${free * 4}K filler`,
        mend: "rm filler",
      });
      refuses(run, /cannot write \S+: the disk is full; nothing was changed\n/);
    }
  });

  it("read-only: the file system is named as the cause", () => {
    const run = onDisk(stale(), {
      mount: "mount -t tmpfs tmpfs disk",
      spoil: "mount -o remount,ro .",
      mend: "mount -o remount,rw .",
    });
    refuses(run, /cannot write \S+: the file system is read-only; nothing was changed\n/);
  });
});

describeWith(["mount-namespace", "loop", "btrfs"], "what was made immutable", () => {
  it.each([
    ["an output", "nixos/n/persistence.nix"],
    ["the folder of an output", "fedora/f"],
    ["the ledger", ".remanence/outputs.json"],
  ])("%s: nothing is half written", (_, path) => {
    const run = onDisk(stale(), {
      mount: "truncate -s 120M image; mkfs.btrfs -q image >/dev/null; mount -o loop image disk",
      spoil: `chattr +i '${path}'`,
      mend: `chattr -i '${path}'`,
    });
    refuses(run, /cannot write \S+: (?:not permitted|permission denied).*; nothing was changed\n/);
    expect(run.stderr).toContain(path);
  });
});
