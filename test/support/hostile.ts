/** Somebody who changes what is theirs while root is at work in it. */
import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { commandLine, environment } from "./fedora.ts";
import type { Account, Machine } from "./fedora-machine.ts";

/** Somebody who swaps names without end, each a name and what stands in for it for a moment. */
export function swapping(machine: Machine, who: Account, names: readonly (readonly [string, string])[]): void {
  const program = `
    for (;;) { for (my $i = 0; $i < @ARGV; $i += 2) {
      my ($one, $other) = @ARGV[$i, $i + 1];
      rename $one, "$one.away" and rename $other, $one;
      select undef, undef, undef, rand 0.003;
      rename $one, $other;
      rename "$one.away", $one;
      select undef, undef, undef, rand 0.003;
    } }`;
  const options = machine.options(who);
  const [command = "", ...args] = commandLine(["/usr/bin/perl", "-e", program, ...names.flat()], options);
  const swapper = spawn(command, args, { env: environment(options), stdio: "ignore" });
  onTestFinished(() => {
    swapper.kill("SIGKILL");
  });
}

/** What nobody may read or change on behalf of somebody else. */
export const canary =
  "mkdir -p /srv/canary/deep; echo secret >/srv/canary/1; echo secret >/srv/canary/deep/1; chmod -R go= /srv/canary";
