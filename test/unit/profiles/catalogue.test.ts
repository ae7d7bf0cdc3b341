import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { isWithin } from "../../../src/plan/path.ts";
import { classDefaults } from "../../../src/plan/vocabulary.ts";
import { readProfiles } from "../../../src/profiles/build-index.ts";
import type { Profile, ProfileEntry } from "../../../src/profiles/profile.ts";

const { profiles, diagnostics } = readProfiles();

function variantsOf(profile: Profile): (readonly ProfileEntry[])[] {
  return [profile.paths, ...Object.values(profile.flavours).map((flavour) => flavour.paths)];
}

function entriesOf(profile: Profile): ProfileEntry[] {
  return variantsOf(profile).flat();
}

/** A profile's paths as they are written. */
function writtenPaths(name: string): Record<string, unknown>[] {
  const text = readFileSync(new URL(`../../../profiles/${name}.yaml`, import.meta.url), "utf8");
  const { paths, flavours = {} } = parseDocument(text).toJS() as {
    paths: Record<string, unknown>[];
    flavours?: Record<string, { paths: Record<string, unknown>[] }>;
  };
  return [...paths, ...Object.values(flavours).flatMap((flavour) => flavour.paths)];
}

it("reads every profile without a word", () => {
  expect(diagnostics).toEqual([]);
  expect(profiles.length).toBeGreaterThan(60);
});

it("has no path that is exactly in two profiles", () => {
  const owners = new Map<string, string[]>();
  for (const profile of profiles) {
    for (const path of new Set(entriesOf(profile).map((entry) => `${entry.scope} ${entry.path}`))) {
      owners.set(path, [...(owners.get(path) ?? []), profile.name]);
    }
  }
  expect([...owners].filter(([, names]) => names.length > 1)).toEqual([]);
});

it("knows each path as a directory, a file or a pattern, not as two of them", () => {
  const kinds = new Map<string, Set<string>>();
  for (const entry of profiles.flatMap(entriesOf)) {
    const path = `${entry.scope} ${entry.path}`;
    kinds.set(path, (kinds.get(path) ?? new Set()).add(entry.kind));
  }
  expect([...kinds].filter(([, found]) => found.size > 1)).toEqual([]);
});

describe.each(profiles.map((profile) => [profile.name, profile] as const))("the profile %s", (name, profile) => {
  it("says of no path a need that its class says already, or a default as if it were none", () => {
    const idle = writtenPaths(name).filter(
      (path) =>
        path["need"] === classDefaults[path["class"] as ProfileEntry["class"]].need ||
        path["database"] === false ||
        path["backup"] === true,
    );
    expect(idle).toEqual([]);
  });

  it("says of no path the mode that its class gives it", () => {
    const idle = writtenPaths(name).filter((path) => {
      const defaults = classDefaults[path["class"] as ProfileEntry["class"]];
      const isDirectory = String(path["path"]).endsWith("/");
      return path["mode"] !== undefined && path["mode"] === (isDirectory ? defaults.directoryMode : defaults.fileMode);
    });
    expect(idle).toEqual([]);
  });

  it("has notes that stand beside a line: short, without a full stop", () => {
    const notes = entriesOf(profile).flatMap((entry) => entry.note ?? []);
    expect(notes.filter((note) => note.length > 80 || note.endsWith(".") || note.trim() !== note)).toEqual([]);
  });

  it("lists a path once in each variant, and nothing without a note inside what is decided alike", () => {
    for (const entries of variantsOf(profile)) {
      const lives = entries.map((entry) => `${entry.scope} ${entry.path} ${entry.on ?? ""}`);
      expect(new Set(lives).size).toBe(lives.length);
      const idle = entries.filter((inner) => {
        const around = entries
          .filter((outer) => outer !== inner && outer.kind === "directory" && isWithin(inner.path, outer.path))
          .sort((a, b) => b.path.length - a.path.length)[0];
        return around !== undefined && inner.note === null && factsOf(inner) === factsOf(around);
      });
      expect(idle.map((entry) => entry.path)).toEqual([]);
    }
  });

  it("keeps under its flavours what their sandbox keeps", () => {
    for (const { id, paths } of Object.values(profile.flavours)) {
      if (id === null || id === undefined) continue;
      expect(paths.filter((entry) => entry.scope === "home" && !entry.path.startsWith(`.var/app/${id}`))).toEqual([]);
    }
  });

  it("names where it is known from", () => {
    expect(profile.sources.filter((source) => !source.startsWith("https://"))).toEqual([]);
    expect(profile.sources.length).toBeGreaterThan(0);
  });
});

/** What decides: notes and the like make no difference. */
function factsOf(entry: ProfileEntry): string {
  const { class: entryClass, need, backup, mode, owner, group, expire, how, writes, database, on } = entry;
  return JSON.stringify([entryClass, need, backup, mode, owner, group, expire, how, writes, database, on]);
}
