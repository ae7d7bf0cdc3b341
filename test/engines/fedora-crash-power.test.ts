import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { manifestOf, type Scripts, scriptsOf } from "../support/fedora.ts";
import { cutEverywhere, Disks } from "../support/fedora-power.ts";
import { type Call, fewEntries, long, Stage, whole } from "../support/fedora-stage.ts";
import { scratch } from "../support/workspace.ts";

const link = ["link", "--yes"] as const;
const unlink = ["unlink", "--yes"] as const;
const commit = ["link", "--commit"] as const;
const across: readonly (readonly [Call, readonly Call[]])[] = [
  [link, []],
  [commit, [link]],
  [unlink, [link]],
  [
    ["unlink", "--commit"],
    [link, unlink],
  ],
];
const onOne: readonly (readonly [Call, readonly Call[]])[] = [
  [link, []],
  [unlink, [link]],
];

/** Where the store is: on a disk of its own, on the home's disk that is mounted twice, or in the home. */
const places = ["two disks", "one disk mounted twice", "one mount"] as const;

/** Which of the calls are played in the small form. */
const smallForm: Readonly<Record<string, readonly number[]>> = {
  "two disks of ext4": [1],
  "one disk mounted twice of ext4": [3],
  "two disks of btrfs": [2],
};

async function stageOf(
  kind: "ext4" | "btrfs",
  place: (typeof places)[number],
  [call, after]: readonly [Call, readonly Call[]],
  mutate: (scripts: Scripts) => Scripts = (scripts) => scripts,
): Promise<[Stage, Disks]> {
  const disks = new Disks(kind, place === "two disks" ? 2 : 1);
  const store = place === "one mount" ? undefined : disks.store;
  const scripts = mutate(await scriptsOf(manifestOf(fewEntries, store === undefined ? {} : { store })));
  const more = store === undefined ? {} : { store };
  return [new Stage({ scripts, call, after, exchanger: "perl", homes: disks.homes, ...more }), disks];
}

describeWith(["loop", "btrfs", "perl"], "link.sh and unlink.sh without power", () => {
  for (const kind of ["ext4", "btrfs"] as const) {
    for (const place of places) {
      const calls = place === "one mount" ? onOne : across;
      const small = smallForm[`${place} of ${kind}`] ?? [];
      for (const played of whole ? calls : small.flatMap((i) => calls.slice(i, i + 1))) {
        it(
          `lose nothing on ${place} of ${kind} when it goes in the middle of ${played[0].join(" ")}`,
          async () => {
            const [stage, disks] = await stageOf(kind, place, played);
            cutEverywhere(stage, disks, whole ? 4 : 1, (when) => stage.survive(when));
            expect(stage.kills).toBeGreaterThan(1);
            stage.report(`power cut, ${place} of ${kind}: ${played[0].join(" ")}`);
          },
          long,
        );
      }
    }
  }

  it("are seen to lose data where they flush nothing", async () => {
    const [stage, disks] = await stageOf("ext4", "two disks", [commit, [link]], withoutFlush);
    const losses: string[] = [];
    cutEverywhere(stage, disks, 3, () => losses.push(...stage.losses()));
    expect(losses).toContain("moves");
  });
});

/** The scripts without the one thing that this is about. */
function withoutFlush(scripts: Scripts): Scripts {
  const folder = scratch();
  cpSync(scripts.folder, folder, { recursive: true });
  for (const name of ["link.sh", "unlink.sh"]) {
    const text = readFileSync(join(folder, name), "utf8");
    const without = text.replaceAll('sync -f -- "$@"', "true");
    expect(without).not.toBe(text);
    writeFileSync(join(folder, name), without);
  }
  return { ...scripts, folder };
}
