import { readdirSync, readFileSync } from "node:fs";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { parseYaml } from "../manifest/yaml-source.ts";
import { packageRoot } from "../package-root.ts";
import { parseProfile } from "./parse.ts";
import type { Profile } from "./profile.ts";

/** Reads every profile of `profiles/`, checked: what the build writes to `dist/profiles.json`. */
export function readProfiles(): { profiles: Profile[]; diagnostics: Diagnostic[] } {
  const folder = new URL("profiles/", packageRoot);
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort();
  const diagnostics: Diagnostic[] = [];
  const profiles = names.flatMap((name) => {
    const source = { path: name, text: readFileSync(new URL(name, folder), "utf8") };
    const parsed = parseProfile(parseYaml(source), false);
    diagnostics.push(...parsed.diagnostics);
    return parsed.profile === undefined ? [] : [parsed.profile];
  });
  return { profiles, diagnostics };
}
