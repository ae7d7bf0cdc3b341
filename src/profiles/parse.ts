import { basename } from "node:path";
import type { $ZodIssue } from "zod/v4/core";
import { defineDiagnostics } from "../diagnostics/define.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { entryPath, factsOf } from "../manifest/entries.ts";
import { sizeDetail } from "../manifest/shape-help.ts";
import { at, foundWord, typeWord } from "../manifest/shape-words.ts";
import type { DocumentPath, YamlSource } from "../manifest/yaml-source.ts";
import type { Profile, ProfileEntry, ProfileFlavour } from "./profile.ts";
import { profileKeys, profileSchema, type WrittenProfilePath } from "./schema.ts";

const say = defineDiagnostics({
  "profile/shape": {
    severity: "error",
    message: ({ detail }: { detail: string; known?: string | undefined }) => `this is no profile: ${detail}`,
    label: ({ known }) => (known === undefined ? undefined : `did you mean \`${known}\`?`),
    help: () => "`remanence profiles show ssh` shows the format",
  },
  "profile/name": {
    severity: "error",
    message: ({ name, file }: { name: string; file: string }) =>
      `profile \`${name}\` must be in \`${name}.yaml\`, not \`${file}\``,
  },
  "profile/twice": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` is listed twice`,
    help: () => "keep one",
  },
  "profile/pattern": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` is a pattern, and patterns are only for what is discarded`,
  },
});

/** Reads a profile; undefined, with diagnostics, where it is none. `local`: it lies beside a manifest. */
export function parseProfile(
  yaml: YamlSource,
  local: boolean,
): { profile: Profile | undefined; diagnostics: Diagnostic[] } {
  const diagnostics = [...yaml.diagnostics];
  if (yaml.value === undefined) return { profile: undefined, diagnostics };
  const result = profileSchema.safeParse(yaml.value);
  if (!result.success) {
    for (const issue of result.error.issues) diagnostics.push(...shapeFaults(issue, yaml));
    return { profile: undefined, diagnostics };
  }
  const written = result.data;
  const file = basename(yaml.source.path);
  if (`${written.name}.yaml` !== file) {
    diagnostics.push(say["profile/name"]({ name: written.name, file }, yaml.spanOf(["name"])));
  }
  const flavours: Record<string, ProfileFlavour> = {};
  for (const [name, flavour] of Object.entries(written.flavours ?? {})) {
    const paths = entriesAt(yaml, flavour.paths, ["flavours", name, "paths"], diagnostics);
    flavours[name] = { id: flavour.id ?? null, paths };
  }
  const detect = Object.fromEntries(Object.entries(written.detect ?? {}).filter(([, list]) => list !== undefined));
  return {
    profile: {
      name: written.name,
      title: written.title,
      paths: entriesAt(yaml, written.paths, ["paths"], diagnostics),
      flavours,
      detect,
      sources: written.sources,
      local,
    },
    diagnostics,
  };
}

function shapeFaults(issue: $ZodIssue, yaml: YamlSource): Diagnostic[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = didYouMean(key, profileKeys);
      return say["profile/shape"](
        { detail: `unknown key \`${key}\``, known },
        yaml.spanOf([...issue.path, key], "key"),
      );
    });
  }
  const found = at(yaml.value, issue.path);
  const place = issue.path.length === 0 ? "" : `\`${issue.path.join(".")}\`: `;
  const options = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const known = typeof found === "string" ? didYouMean(found, options) : undefined;
  return [say["profile/shape"]({ detail: `${place}${shapeDetail(issue, found)}`, known }, yaml.spanOf(issue.path))];
}

function shapeDetail(issue: $ZodIssue, found: unknown): string {
  if (found === undefined) return "this is missing";
  switch (issue.code) {
    case "invalid_type":
      return `this must be ${typeWord(issue.expected)}, not ${foundWord(found)}`;
    case "invalid_value":
      return `this must be one of ${issue.values.map(String).join(", ")}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? issue.message;
    case "too_small":
    case "too_big":
      return sizeDetail(issue);
    default:
      return issue.message;
  }
}

function entriesAt(
  yaml: YamlSource,
  written: readonly WrittenProfilePath[],
  at: DocumentPath,
  diagnostics: Diagnostic[],
): ProfileEntry[] {
  const known = new Set<string>();
  return written.flatMap(({ path, on, basis, ...rest }, n) => {
    const span = (key: string) => yaml.spanOf([...at, n, key]);
    const scope = path.startsWith("/") ? "system" : "home";
    const read = entryPath(path, scope, span("path"), diagnostics);
    const facts = factsOf(rest, rest.mode, span, diagnostics);
    if (read === undefined || facts === undefined) return [];
    const key = `${read.path} ${on ?? ""}`;
    if (known.has(key)) diagnostics.push(say["profile/twice"]({ path }, span("path")));
    known.add(key);
    if (read.kind === "pattern" && facts.need !== "none") {
      diagnostics.push(say["profile/pattern"]({ path }, span("path")));
      return [];
    }
    return [{ ...read, ...facts, on: on ?? null, basis: basis ?? "known" }];
  });
}
