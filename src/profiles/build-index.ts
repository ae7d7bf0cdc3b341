import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { parseYaml } from "../manifest/yaml-source.ts";
import { packageRoot } from "../package-root.ts";
import { parseProfile } from "./parse.ts";
import type { Profile } from "./profile.ts";

export { printPathIndex } from "./path-index.ts";

/** Reads every profile of `profiles/`, checked: what the build writes to `dist/profiles.jsonl`. */
export function readProfiles(): { profiles: Profile[]; diagnostics: Diagnostic[] } {
  const folder = join(packageRoot, "profiles");
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort();
  const diagnostics: Diagnostic[] = [];
  const profiles = names.flatMap((name) => {
    const source = { path: name, text: readFileSync(join(folder, name), "utf8") };
    const parsed = parseProfile(parseYaml(source), false);
    diagnostics.push(...parsed.diagnostics);
    return parsed.profile === undefined ? [] : [parsed.profile];
  });
  return { profiles, diagnostics };
}

/**
 * The catalogue as one text: a line that says how many bytes each profile has, then a profile a line. A command parses
 * only the lines of the profiles it needs.
 */
export function printCatalogue(profiles: readonly Profile[]): string {
  const lines = profiles.map((profile) => `${JSON.stringify(profile)}\n`);
  const sizes = profiles.map(({ name }, i) => [name, Buffer.byteLength(lines[i] ?? "")]);
  return [`${JSON.stringify(Object.fromEntries(sizes))}\n`, ...lines].join("");
}
