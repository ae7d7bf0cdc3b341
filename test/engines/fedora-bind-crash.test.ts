import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { type BindPlay, BindStage } from "../support/fedora-bind-stage.ts";
import { long, whole } from "../support/fedora-stage.ts";

const plays: [string, BindPlay][] = [
  ["link.sh on one mount", { homes: "tmpfs", call: ["link", "--yes"] }],
  ["unlink.sh on one mount", { homes: "tmpfs", call: ["unlink", "--yes"], after: [["link", "--yes"]] }],
  ["link.sh to another mount", { homes: "tmpfs", store: "ext4", call: ["link", "--yes"] }],
  ["link.sh --commit", { homes: "ext4", store: "tmpfs", call: ["link", "--commit"], after: [["link", "--yes"]] }],
  [
    "unlink.sh from another mount",
    { homes: "tmpfs", store: "btrfs", call: ["unlink", "--yes"], after: [["link", "--yes"]] },
  ],
  ["link.sh where nothing exchanges", { homes: "tmpfs", plain: true, call: ["link", "--yes"] }],
  [
    "unlink.sh where nothing exchanges",
    { homes: "tmpfs", plain: true, call: ["unlink", "--yes"], after: [["link", "--yes"]] },
  ],
  [
    "unlink.sh --commit",
    {
      homes: "tmpfs",
      store: "tmpfs",
      call: ["unlink", "--commit"],
      after: [
        ["link", "--yes"],
        ["unlink", "--yes"],
      ],
    },
  ],
];

describeWith(["mount-namespace", "systemd", "python3"], "sudo link.sh and unlink.sh, stopped", () => {
  it.each(plays)(
    "lose nothing, and finish: %s",
    async (_, play) => {
      const stage = await BindStage.of(play);
      stage.stopEverywhere(whole ? Number.POSITIVE_INFINITY : Number(process.env.MANY ?? 2));
      expect(stage.kills).toBeGreaterThan(0);
    },
    long,
  );
});
