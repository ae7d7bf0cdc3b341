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

/** What is wrong with each profile, with its name before it. */
function inAll(wrong: (profile: Profile) => readonly unknown[]): string[] {
  return profiles.flatMap((profile) => wrong(profile).map((fault) => `${profile.name}: ${JSON.stringify(fault)}`));
}

describe("no profile", () => {
  it("says of a path a need that its class says already, or a default as if it were none", () => {
    const idle = inAll(({ name }) =>
      writtenPaths(name).filter(
        (path) =>
          path["need"] === classDefaults[path["class"] as ProfileEntry["class"]].need ||
          path["database"] === false ||
          path["backup"] === true,
      ),
    );
    expect(idle).toEqual([]);
  });

  it("says of a path the mode that its class gives it", () => {
    const idle = inAll(({ name }) =>
      writtenPaths(name).filter((path) => {
        const defaults = classDefaults[path["class"] as ProfileEntry["class"]];
        const isDirectory = String(path["path"]).endsWith("/");
        return (
          path["mode"] !== undefined && path["mode"] === (isDirectory ? defaults.directoryMode : defaults.fileMode)
        );
      }),
    );
    expect(idle).toEqual([]);
  });

  it("has a note that could not stand beside a line: long, or with a full stop", () => {
    const notes = inAll((profile) =>
      entriesOf(profile)
        .flatMap((entry) => entry.note ?? [])
        .filter((note) => note.length > 80 || note.endsWith(".") || note.trim() !== note),
    );
    expect(notes).toEqual([]);
  });

  it("lists a path twice in a variant, or without a note inside what is decided alike", () => {
    const idle = inAll((profile) =>
      variantsOf(profile).flatMap((entries) => {
        const lives = entries.map((entry) => `${entry.scope} ${entry.path} ${entry.on ?? ""}`);
        const twice = lives.filter((live, i) => lives.indexOf(live) !== i);
        const alike = entries.filter((inner) => {
          const around = entries
            .filter((outer) => outer !== inner && outer.kind === "directory" && isWithin(inner.path, outer.path))
            .sort((a, b) => b.path.length - a.path.length)[0];
          return around !== undefined && inner.note === null && factsOf(inner) === factsOf(around);
        });
        return [...twice, ...alike.map((entry) => entry.path)];
      }),
    );
    expect(idle).toEqual([]);
  });

  it("has under a flavour of Flatpak what its sandbox does not keep", () => {
    const outside = inAll(({ flavours }) =>
      Object.values(flavours).flatMap(({ id, paths }) =>
        id === null ? [] : paths.filter((entry) => entry.scope === "home" && !isWithin(entry.path, `.var/app/${id}`)),
      ),
    );
    expect(outside).toEqual([]);
  });

  it("is without a source", () => {
    const without = inAll(({ sources }) =>
      sources.length === 0 ? ["none"] : sources.filter((source) => !source.startsWith("https://")),
    );
    expect(without).toEqual([]);
  });

  it("keeps a whole tree that belongs to all programs", () => {
    const trees = [".config", ".local", ".local/share", ".local/state", ".cache", ".var", ".var/app", "snap"];
    const roots = ["/", "/etc", "/var", "/var/lib", "/home", "/root", "/opt"];
    const wide = inAll((profile) => entriesOf(profile).filter(({ path }) => [...trees, ...roots].includes(path)));
    expect(wide).toEqual([]);
  });

  it("throws away what a person wrote: data or settings", () => {
    const gone = inAll((profile) =>
      entriesOf(profile).filter(({ class: c, need }) => need === "none" && (c === "data" || c === "config")),
    );
    expect(gone).toEqual([]);
  });
});

/** What decides: notes and the like make no difference. */
function factsOf(entry: ProfileEntry): string {
  const { class: entryClass, need, backup, mode, owner, group, expire, how, writes, database, on } = entry;
  return JSON.stringify([entryClass, need, backup, mode, owner, group, expire, how, writes, database, on]);
}
