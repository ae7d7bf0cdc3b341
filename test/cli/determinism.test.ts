import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { machineFolder, machines } from "../support/machines.ts";
import { scratch } from "../support/workspace.ts";
import { cli, run, stateOf } from "./support.ts";

const shuffle = fileURLToPath(new URL("shuffle.cjs", import.meta.url));

/** Circumstances that must not show in what is generated. */
const circumstances: readonly (readonly [title: string, env: NodeJS.ProcessEnv, node: readonly string[]])[] = [
  ["another folder", {}, []],
  ["another time zone", { TZ: "Pacific/Kiritimati" }, []],
  ["another language", { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", LANGUAGE: "tr" }, []],
  ["another home and user", { HOME: "/nonexistent", USER: "other", LOGNAME: "other", XDG_CONFIG_HOME: "/x" }, []],
  ["folders read in another order, at another time, under another umask", {}, ["--require", shuffle]],
];

function outputsUnder(machine: string, env: NodeJS.ProcessEnv, node: readonly string[]): Record<string, string> {
  const folder = scratch(`remanence ${"x".repeat(node.length)}`);
  cpSync(join(machineFolder(machine), "persistence.yaml"), join(folder, "persistence.yaml"));
  // A person's own files in the dotfiles repo are part of what decides.
  for (const name of ["dot_zshrc", "b", "a", "private_dot_config/x", "private_dot_config/B"]) {
    cpSync(join(machineFolder(machine), "persistence.yaml"), join(folder, "chezmoi", name), { recursive: true });
  }
  expect(run(process.execPath, [...node, cli, "generate"], folder, env)).toMatchObject({ code: 0 });
  // Who may look into the folders is the person's to say, by the umask.
  return Object.fromEntries(Object.entries(stateOf(folder)).filter(([, state]) => !state.endsWith(" no file")));
}

describe.each(machines)("the outputs of %s are the same bytes", (machine) => {
  let expected: Record<string, string> | undefined;

  it.each(circumstances)("in %s", (_, env, node) => {
    expected ??= outputsUnder(machine, {}, []);
    expect(outputsUnder(machine, env, node)).toEqual(expected);
  });
});
