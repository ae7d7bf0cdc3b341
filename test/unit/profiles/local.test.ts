import { mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolve } from "../../../src/pipeline.ts";
import { errorsOf, fedoraHost, planNamed, resolveText, ruleAt, smallManifest } from "../../support/small-manifest.ts";
import { folderWith } from "../../support/workspace.ts";

const profile = (paths: string, more = "", name = "mine"): string =>
  `name: ${name}\ntitle: Mine\npaths: [${paths}]\n${more}sources: [https://example.org/]\n`;

const uses = (profiles: string, more = ""): string => smallManifest(`profiles: [${profiles}]\n${more}`, fedoraHost);

describe("a profile beside the manifest", () => {
  it("is used by its name, with its title and the line that asks for it", async () => {
    const resolved = await resolveText(uses("mine"), { "profiles/mine.yaml": profile("{ path: x/, class: data }") });
    expect(errorsOf(resolved)).toEqual([]);
    expect(ruleAt(resolved, "f", "/home/u/x")).toMatchObject({
      class: "data",
      title: "Mine",
      origin: { file: "persistence.yaml", line: 4, profile: "mine" },
    });
  });

  it("takes the place of ours of the same name, as a whole", async () => {
    const own = profile("{ path: .elsewhere/, class: state }", "", "firefox");
    const resolved = await resolveText(uses("firefox"), { "profiles/firefox.yaml": own });
    expect(planNamed(resolved, "f").rules.map((rule) => rule.path)).toEqual([".elsewhere"]);
  });

  it("says what a path is, whatever ours of that path say", async () => {
    const own = profile("{ path: .netrc/, class: data }");
    const text = uses("mine", "home: [{ path: .netrc/, class: data, need: important }]");
    expect(errorsOf(await resolveText(text, { "profiles/mine.yaml": own }))).toEqual([]);
    expect(errorsOf(await resolveText(uses("ssh", "home: [.netrc/]")))).toEqual(["manifest/kind: `.netrc` is a file"]);
  });

  it("is not even read where it is not named", async () => {
    const resolved = await resolveText(uses("ssh"), { "profiles/other.yaml": "[broken", "profiles/notes.txt": "x" });
    expect(resolved.diagnostics).toEqual([]);
    expect([...resolved.sources.keys()]).toEqual(["persistence.yaml"]);
  });

  it("gives way to the manifest for the same path, and beats what is around it by depth", async () => {
    const text = uses("mine", "home: [{ path: x/, class: secret }, { path: y/, class: cache }]");
    const paths = "{ path: x/, class: data }, { path: y/z/, class: data }";
    const resolved = await resolveText(text, { "profiles/mine.yaml": profile(paths) });
    expect(ruleAt(resolved, "f", "/home/u/x")).toMatchObject({ class: "secret", origin: { profile: null } });
    expect(ruleAt(resolved, "f", "/home/u/y/z")).toMatchObject({ disposition: "persist" });
  });

  it("of two that know one path the one that keeps more decides, in any order", async () => {
    const others = {
      "profiles/one.yaml": profile("{ path: x/, class: cache }", "", "one"),
      "profiles/two.yaml": profile("{ path: x/, class: data }", "", "two"),
    };
    for (const names of ["one, two", "two, one"]) {
      const resolved = await resolveText(uses(names), others);
      expect(ruleAt(resolved, "f", "/home/u/x")).toMatchObject({ class: "data", origin: { profile: "two" } });
    }
  });

  it("has flavours, whose paths stand in place of its own", async () => {
    const more = "flavours: { flatpak: { paths: [{ path: .var/x/, class: data }] } }\n";
    const others = { "profiles/mine.yaml": profile("{ path: x/, class: data }", more) };
    const resolved = await resolveText(uses("{ name: mine, flavour: flatpak }"), others);
    expect(planNamed(resolved, "f").rules.map((rule) => rule.path)).toEqual([".var/x"]);
    expect(errorsOf(await resolveText(uses("{ name: mine, flavour: constructor }"), others))).toEqual([
      expect.stringContaining("manifest/unknown-flavour"),
    ]);
  });

  it("is limited as its reference says: on hosts, to users, in a store", async () => {
    const text = `version: 1\nusers: { u: {}, v: {} }\nhosts: { f: { os: fedora }, n: { os: nixos } }\nstores: { persist: /p, bulk: /b }\nprofiles: [{ name: mine, on: [fedora], users: [v], store: bulk }]\n`;
    const resolved = await resolveText(text, { "profiles/mine.yaml": profile("{ path: x/, class: data }") });
    expect(planNamed(resolved, "n").rules).toEqual([]);
    expect(planNamed(resolved, "f").rules.map((rule) => rule.stored)).toEqual(["/b/home/v/x"]);
  });

  it("says all that is wrong with it at once", async () => {
    const text = "name: mine\ntitle: Mine\nkind: app\npaths: [{ path: x/, clas: data, stor: y }]\nsources: [nowhere]\n";
    const resolved = await resolveText(uses("mine"), { "profiles/mine.yaml": text });
    const shape = resolved.diagnostics.filter((d) => d.code === "profile/shape");
    expect(shape.map((d) => text.slice(d.span?.start, d.span?.end))).toEqual([
      "kind",
      "{ path: x/, clas: data, stor: y }",
      "clas",
      "stor",
      "nowhere",
    ]);
  });

  it("with a fault of YAML is reported once, at its place", async () => {
    const resolved = await resolveText(uses("mine"), { "profiles/mine.yaml": "name: [mine\n" });
    const inProfile = resolved.diagnostics.filter((d) => d.span?.file === "profiles/mine.yaml").map((d) => d.code);
    expect(inProfile).toContain("yaml/syntax");
  });

  it("is a file: a link or a folder of that name is none", async () => {
    const outside = folderWith({ "mine.yaml": profile("{ path: x/, class: data }") });
    const folder = folderWith({ "persistence.yaml": uses("mine, other") });
    mkdirSync(`${folder}/profiles/other.yaml`, { recursive: true });
    symlinkSync(`${outside}/mine.yaml`, `${folder}/profiles/mine.yaml`);
    expect(errorsOf(await resolve(`${folder}/persistence.yaml`))).toEqual([
      expect.stringContaining("there is no profile `mine`"),
      expect.stringContaining("there is no profile `other`"),
    ]);
  });

  it.each([
    ["- a", "this must be a map, not a list"],
    ["", "this must be a map, not nothing"],
    ["name: mine\ntitle: Mine\nsources: [https://example.org/]", "`paths`: this is missing"],
    [profile("y/"), "`paths.0`: this must be a map, not text"],
    [profile("{ path: x/, class: daat }"), "`paths.0.class`: this must be one of config, data"],
    [profile("{ path: x/, class: data, on: nixos }"), "`paths.0.on`: this must be a list, not text"],
    [
      profile("{ path: x/, class: data }", "sources: [here]\n").replace(/sources: .https.*\n/, ""),
      "`sources.0`: write",
    ],
    [profile("{ path: x/, class: data }", "detect: { nix: [] }\n"), "`detect.nix`: the list is empty"],
    [profile("{ path: x/, class: data }", "flavours: { Flat: { paths: [] } }\n"), "a name has lower-case letters"],
  ])("with a fault says what it is, and is not unknown too: %#", async (text, said) => {
    const errors = errorsOf(await resolveText(uses("mine"), { "profiles/mine.yaml": text }));
    expect(errors.some((error) => error.includes(said))).toBe(true);
    expect(errors.filter((error) => !error.startsWith("profile/shape: "))).toEqual([]);
    for (const error of errors) expect(error).not.toMatch(/invalid|expected|received/i);
  });

  it("with a key that is nearly right is asked whether that is meant", async () => {
    const text = profile("{ path: x/, clas: data }");
    const { diagnostics } = await resolveText(uses("mine"), { "profiles/mine.yaml": text });
    expect(diagnostics.map((d) => d.label)).toContain("did you mean `class`?");
  });
});
