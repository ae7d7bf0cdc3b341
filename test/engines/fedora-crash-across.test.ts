import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { manifestOf, mounted, run, scriptsOf } from "../support/fedora.ts";
import { type Call, fewEntries, long, Stage, whole } from "../support/fedora-stage.ts";

/** Where the home is and where the store is, what can exchange names there, and which calls are killed in the small form. */
const mounts = [
  ["ext4", "btrfs", "python3", [0]],
  ["btrfs", "xfs", "perl", [1]],
  ["tmpfs", "ext4", "none", [2]],
  ["two subvolumes", "of btrfs", "perl", [3]],
] as const;
const link = ["link", "--yes"] as const;
const unlink = ["unlink", "--yes"] as const;
const calls: readonly { readonly call: Call; readonly after: readonly Call[] }[] = [
  { call: link, after: [] },
  { call: ["link", "--commit"], after: [link] },
  { call: unlink, after: [link] },
  { call: ["unlink", "--commit"], after: [link, unlink] },
];

describeWith(["loop", "btrfs", "xfs", "python3", "perl"], "link.sh and unlink.sh across mounts, killed", () => {
  for (const [from, to, exchanger, small] of mounts) {
    for (const { call, after } of whole ? calls : small.flatMap((i) => calls.slice(i, i + 1))) {
      it(
        `lose nothing from ${from} to ${to}, with ${exchanger}, when ${call.join(" ")} is killed anywhere`,
        async () => {
          const [homes, store] = from === "two subvolumes" ? subvolumes() : [mounted(from), mounted(to as "ext4")];
          const scripts = await scriptsOf(manifestOf(fewEntries, { store }));
          const stage = new Stage({ scripts, call, after, exchanger, homes, store });
          stage.killEverywhere(whole ? 24 : 3);
          await stage.killAnywhere(whole ? 8 : 1);
          expect(stage.kills).toBeGreaterThan(2);
          stage.report(`${from} to ${to}, ${exchanger}: ${call.join(" ")}`);
        },
        long,
      );
    }
  }
});

function subvolumes(): [string, string] {
  const top = mounted("btrfs");
  for (const name of ["home", "persist"])
    expect(run(["btrfs", "-q", "subvolume", "create", join(top, name)], { home: "/" }).code).toBe(0);
  return [join(top, "home"), join(top, "persist")];
}
