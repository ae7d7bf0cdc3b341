import { pathToFileURL } from "node:url";
import { printYaml } from "../languages/yaml.ts";
import { classDefaults } from "../plan/vocabulary.ts";
import type { Proposal } from "./sort-out.ts";

/** What of the proposals a profile of the traced program would hold: not what another has, nor a person's own files. */
export function profilePaths(proposals: readonly Proposal[]): readonly Proposal[] {
  return proposals.filter(
    ({ profile, scope, path, class: entryClass }) =>
      profile === null && !(scope === "home" && entryClass === "data" && !path.startsWith(".")),
  );
}

/**
 * A profile of the catalogue's own shape for what a program was seen to keep. Class and need are judged by what is usual, and say
 * so; the program itself, an absolute path, is the source. Undefined where there is nothing to write down.
 */
export function profileText(name: string, program: string, proposals: readonly Proposal[]): string | undefined {
  const paths = profilePaths(proposals);
  if (paths.length === 0) return undefined;
  const command = program.slice(program.lastIndexOf("/") + 1);
  const isPlain = command.isWellFormed() && /^[^\p{Cc}\u2028\u2029]+$/u.test(command);
  return printYaml({
    name,
    title: isPlain ? command : name,
    paths: paths.map(pathOf),
    ...(isPlain ? { detect: { commands: [command] } } : {}),
    sources: [pathToFileURL(program).href],
  });
}

function pathOf({ path, kind, class: entryClass, need, writes, database }: Proposal): object {
  return {
    path: kind === "directory" ? `${path}/` : path,
    class: entryClass,
    ...(need === classDefaults[entryClass].need ? {} : { need }),
    ...(writes === null ? {} : { writes }),
    ...(database ? { database } : {}),
    basis: "judged",
  };
}
