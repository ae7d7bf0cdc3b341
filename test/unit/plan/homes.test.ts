import { describe, expect, it } from "vitest";
import { errorsOf, planNamed, resolveText, ruleAt, withCode } from "../../support/small-manifest.ts";

const nested = (home: string): string =>
  `version: 1\nusers: { a: { home: /srv/a }, b: { home: /srv/a/b } }\nhosts: { f: { os: fedora } }\nhome: [${home}]\n`;

describe("a home in another home", () => {
  it("has entries of its own, beside those of the home around it", async () => {
    const resolved = await resolveText(nested("z/"));
    expect(errorsOf(resolved)).toEqual([]);
    expect(ruleAt(resolved, "f", "/srv/a/z")?.user).toBe("a");
    expect(ruleAt(resolved, "f", "/srv/a/b/z")?.user).toBe("b");
  });

  it.each(["b/", "b/z/", "b", '{ path: "*/x/", class: cache }', "{ path: b/, need: none }"])(
    "is not decided by who has that one: %s",
    async (entry) => {
      const path = entry.replace(/^\{ path: ("?)(.*?)\1, .*/, "$2");
      const only = entry.startsWith("{") ? entry.replace(" }", ", users: [a] }") : `{ path: ${path}, users: [a] }`;
      expect(withCode(await resolveText(nested(only)), "special/other-home")).toHaveLength(1);
    },
  );
});

describe("a home", () => {
  it.each(["/", "/proc/x", "/dev/null", "/boot", "/nix/store/x"])("cannot be %s", async (home) => {
    const text = `version: 1\nusers: { u: { home: ${home} } }\nhosts: { f: { os: fedora } }\nhome: [x/]\n`;
    expect(errorsOf(await resolveText(text))).toEqual([expect.stringMatching(/^manifest\/path: `.*a home /)]);
  });

  it.each(["/srv/u", "/var/lib/u", "/mnt/disk/home/u", "/tmp/u", "/nix/u"])("may be %s", async (home) => {
    const text = `version: 1\nusers: { u: { home: ${home} } }\nhosts: { f: { os: fedora } }\nhome: [x/]\n`;
    const resolved = await resolveText(text);
    expect(errorsOf(resolved)).toEqual([]);
    expect(planNamed(resolved, "f").entries[0]?.stored).toBe(`/persist${home}/x`);
  });

  it("may be that of two users who never meet on a host", async () => {
    const users = "version: 1\nusers: { u: {}, v: { home: /home/u } }\n";
    const hosts = (v: string): string => `hosts: { f: { os: fedora, users: [u] }, g: { os: fedora, users: [${v}] } }\n`;
    expect(errorsOf(await resolveText(`${users}${hosts("v")}home: [x/]\n`))).toEqual([]);
    expect(withCode(await resolveText(`${users}${hosts("u, v")}home: [x/]\n`), "manifest/shared-home")).toHaveLength(1);
  });
});

describe("a store", () => {
  const store = (path: string): string =>
    `version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\nstores: { persist: ${path} }\nhome: [x/, y/]\n`;

  it.each(["/home", "/home/u"])("around a home is said once, at the store: %s", async (path) => {
    expect(errorsOf(await resolveText(store(path)))).toEqual([expect.stringMatching(/^store\/around-home: /)]);
  });

  it.each(["/proc/x", "/sys/x", "/dev/x", "/boot/x", "/nix/store/x"])("cannot lie in %s", async (path) => {
    expect(errorsOf(await resolveText(store(path)))).toEqual([expect.stringMatching(/^store\/impossible: /)]);
  });

  it("may share its path with another one on NixOS only while nothing lives in one of them", async () => {
    const stores = "stores: { persist: /p, again: /p }";
    const text = (os: string, entries: string): string =>
      `version: 1\nusers: { u: {} }\nhosts: { h: { os: ${os} } }\n${stores}\nhome: [${entries}]\n`;
    const both = "x/, { path: y/, store: again }";
    expect(errorsOf(await resolveText(text("nixos", "x/, y/")))).toEqual([]);
    expect(errorsOf(await resolveText(text("fedora", both)))).toEqual([]);
    expect(withCode(await resolveText(text("nixos", both)), "store/same-path")).toHaveLength(1);
  });

  it.each(["/nix/persist", "/mnt/disk", "/run/media/u/disk", "/dev/shm/x", "/tmp/x"])("may lie in %s", async (path) => {
    expect(errorsOf(await resolveText(store(path)))).toEqual([]);
  });
});

describe("a wipe", () => {
  it.each(["/nix", "/boot", "/proc", "/run/x", "/dev"])("of %s is refused", async (path) => {
    const wipe = `wipe: [{ path: /, method: tmpfs }, { path: ${path}, method: tmpfs }]`;
    const text = `version: 1\nhosts: { n: { os: nixos, nixos: { ${wipe} } } }\n`;
    expect(errorsOf(await resolveText(text))).toEqual([expect.stringMatching(/^special\/wipe: /)]);
  });
});
