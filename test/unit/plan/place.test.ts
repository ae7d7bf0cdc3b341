import { describe, expect, it } from "vitest";
import { errorsOf, planNamed, resolveText, ruleAt, smallManifest, withCode } from "../../support/small-manifest.ts";

async function placeOf(entry: string, host: string, section = "home"): Promise<object> {
  const resolved = await resolveText(smallManifest(`${section}: [${entry}]`, `h: { ${host} }`));
  const live = section === "home" ? "/home/u/x" : "/srv/x";
  const rule = ruleAt(resolved, "h", live);
  return { stored: rule?.stored, how: rule?.how };
}

const inHome = (how: string | null) => ({ stored: how === null ? null : "/persist/home/u/x", how });
const inSystem = (how: string | null) => ({ stored: how === null ? null : "/persist/srv/x", how });

describe("where a kept entry of a home lies", () => {
  it.each([
    ["x/", "os: nixos", "bind"],
    ["x", "os: nixos", "bind"],
    ["x/", "os: nixos, nixos: { home: standalone }", "symlink"],
    ["{ path: x/, how: bind }", "os: nixos, nixos: { home: standalone }", "bind"],
    ["{ path: x/, how: symlink }", "os: nixos", "symlink"],
    ["{ path: x/, how: none }", "os: nixos", null],
    ["x/", "os: nixos, nixos: { relocate: wiped }", null],
    ["x/", "os: nixos, nixos: { relocate: wiped, wipe: { path: /, method: tmpfs } }", "bind"],
    ["x/", "os: nixos, nixos: { relocate: wiped, mounts: [/home], wipe: { path: /, method: tmpfs } }", null],
    ["x/", "os: nixos, nixos: { relocate: wiped, mounts: [/home/u/x], wipe: { path: /, method: tmpfs } }", null],
    ["x/", "os: nixos, nixos: { relocate: wiped, mounts: [/home/u/xy], wipe: { path: /, method: tmpfs } }", "bind"],
    ["x/", "os: nixos, nixos: { relocate: wiped, wipe: [{ path: /home, method: tmpfs }] }", "bind"],
    ["{ path: x/, how: bind }", "os: nixos, nixos: { relocate: wiped }", "bind"],
    ["x/", "os: fedora", "symlink"],
    ["x/", "os: fedora, fedora: { link: bind }", "bind"],
    ["x/", "os: fedora, fedora: { link: none }", null],
    ["{ path: x/, how: symlink }", "os: fedora, fedora: { link: none }", "symlink"],
    ["{ path: x/, how: none }", "os: fedora", null],
    ["x", "os: fedora", null],
    ["{ path: x, how: symlink, writes: in-place }", "os: fedora", "symlink"],
    ["x", "os: fedora, fedora: { link: bind }", null],
  ])("%s on { %s }: %s", async (entry, host, how) => {
    expect(await placeOf(entry, host)).toEqual(inHome(how));
  });
});

describe("where a kept entry of the system lies", () => {
  it.each([
    ["/srv/x/", "os: nixos", "bind"],
    ["/srv/x/", "os: nixos, nixos: { home: standalone }", "bind"],
    ["/srv/x/", "os: nixos, nixos: { relocate: wiped }", null],
    ["/srv/x/", "os: nixos, nixos: { relocate: wiped, mounts: [/home], wipe: { path: /, method: tmpfs } }", "bind"],
    ["/srv/x/", "os: nixos, nixos: { relocate: wiped, mounts: [/srv], wipe: { path: /, method: tmpfs } }", null],
    ["/srv/x/", "os: fedora", null],
    ["/srv/x/", "os: fedora, fedora: { link: bind }", null],
    ["{ path: /srv/x/, how: bind }", "os: fedora", "bind"],
    ["{ path: /srv/x, how: bind, writes: in-place }", "os: fedora", "bind"],
  ])("%s on { %s }: %s", async (entry, host, how) => {
    expect(await placeOf(entry, host, "system")).toEqual(inSystem(how));
  });

  it("is outside every home, where it is asked for", async () => {
    const text = smallManifest(
      "system: [{ path: /srv/x/, how: bind }]",
      "h: { os: fedora, stores: { persist: ~/.p } }",
    );
    expect(errorsOf(await resolveText(text))).toEqual([expect.stringContaining("plan/system-in-home-store")]);
  });
});

describe("a profile that knows of mounts", () => {
  const profile =
    "name: mine\ntitle: Mine\npaths: [{ path: x/, class: data, how: bind }]\nsources: [https://example.org/]\n";
  it.each([
    ["os: nixos, nixos: { home: standalone }", "bind"],
    ["os: fedora", "bind"],
    ["os: fedora, fedora: { link: bind }", "bind"],
    ["os: fedora, fedora: { link: none }", null],
    ["os: nixos, nixos: { relocate: wiped }", null],
  ])("has them where a host moves what it keeps: { %s }", async (host, how) => {
    const text = smallManifest("profiles: [mine]", `h: { ${host} }`);
    const rule = ruleAt(await resolveText(text, { "profiles/mine.yaml": profile }), "h", "/home/u/x");
    expect(rule?.how).toBe(how);
  });

  it("leaves the system's places on Fedora as they are, and single files", async () => {
    const kept =
      "name: mine\ntitle: Mine\npaths: [{ path: /srv/x/, class: data, how: bind }, { path: x, class: data, how: bind }]\nsources: [https://example.org/]\n";
    const resolved = await resolveText(smallManifest("profiles: [mine]", "h: { os: fedora }"), {
      "profiles/mine.yaml": kept,
    });
    expect(["/srv/x", "/home/u/x"].map((live) => ruleAt(resolved, "h", live)?.how)).toEqual([null, null]);
  });
});

describe("an entry in a kept one", () => {
  const nested = (home: string) => resolveText(smallManifest(`home: [${home}]`, "h: { os: fedora }"));

  it("lies with it, also across what is discarded in between", async () => {
    const resolved = await nested("a/, { path: a/b/, class: cache }, { path: a/b/c, class: data }");
    expect(ruleAt(resolved, "h", "/home/u/a/b/c")).toMatchObject({ stored: "/persist/home/u/a/b/c", how: "symlink" });
    expect(ruleAt(resolved, "h", "/home/u/a/b")).toMatchObject({ stored: null, disposition: "discard" });
  });

  it.each([
    ["a/, a/b/", ["a"]],
    ["a/, a/b", ["a"]],
    ["a/, a/b/, a/b/c/", ["a"]],
    ["{ path: a/, class: secret }, { path: a/b, class: secret }", ["a"]],
    ["a/, { path: a/b/, class: secret }", ["a", "a/b"]],
    ["a/, { path: a/b/, mode: '0700' }", ["a", "a/b"]],
    ["{ path: a/, mode: '0700' }, a/b/", ["a"]],
    ["a/, { path: a/b/, group: wheel }", ["a", "a/b"]],
    ["a/, { path: a/b/, class: cache }, a/b/c/", ["a", "a/b", "a/b/c"]],
    ["a/, { path: 'a/*/', class: cache }, a/b/", ["a", "a/*", "a/b"]],
    ["a/, { path: 'a/*/*/', class: cache }, a/b/", ["a", "a/*/*"]],
    ["a, a/b/", ["a", "a/b"]],
    ["a/, { path: a/b/, class: config, carry: true }", ["a", "a/b"]],
    ["{ path: a/, class: cache }, { path: a/b/, class: cache }", ["a", "a/b"]],
  ])("is folded where it adds nothing: %s", async (home, paths) => {
    const plan = planNamed(await nested(home), "h");
    expect(plan.entries.map((entry) => entry.path)).toEqual(paths);
  });

  it("may not be in another store", async () => {
    const text = smallManifest("stores: { persist: /p, bulk: /b }\nhome: [a/, { path: a/b/, store: bulk }]");
    expect(withCode(await resolveText(text), "plan/nested-store")).toHaveLength(1);
  });
});
