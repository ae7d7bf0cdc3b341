import { expect, it } from "vitest";
import { type ArchiveEntry, type ArchiveHost, apply, archive } from "../support/chezmoi.ts";
import { aliceAt, complaints, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";

/** Two Fedora machines that keep things in different places, a NixOS one, and two people. */
const manifest = `
version: 1
stores: { persist: /persist, bulk: { path: /bulk, backup: false } }
users: { alice: {}, bob: { home: /srv/bob } }
hosts:
  desk: { os: fedora, users: [alice, bob] }
  tower.lan: { os: fedora, users: [alice], stores: { persist: ~/.persist } }
  laptop: { os: nixos, users: [alice, bob] }
profiles: [nixos-ids]
home:
  - .both/
  - { path: .alices/, users: [alice] }
  - { path: .bobs/, users: [bob] }
  - { path: .games/, store: bulk, on: [desk] }
  - { path: .moves/, store: bulk, on: [desk] }
  - { path: .moves/, store: persist, on: [tower.lan] }
  - { path: .config/tower/, on: [tower.lan] }
  - { path: .config/mine/, class: config, carry: true, on: [desk] }
  - { path: .config/empty/, class: config, carry: true, on: [laptop] }
  - { path: .laptop/, on: [laptop] }
`;
const own = { "chezmoi/dot_config/mine/settings": "mine", "chezmoi/dot_profile": "mine" };

const alice: ArchiveHost = { os: "fedora", home: "/home/alice", username: "alice", hostname: "desk" };
const bob: ArchiveHost = { ...alice, home: "/srv/bob", username: "bob" };

/** Links and the person's files, as `path -> text`, directories left out. */
function shape(entries: readonly ArchiveEntry[]): string[] {
  return entries.filter((e) => e.type !== "dir").map((e) => (e.link === null ? e.path : `${e.path} -> ${e.link}`));
}

describeWith(["chezmoi"], "chezmoi output for several people and machines", () => {
  it("links each person's state to their own store on each machine", async () => {
    const { source } = await generated(manifest, own);
    expect(shape(archive(source, alice))).toEqual([
      ".alices -> .remanence/.alices",
      ".both -> .remanence/.both",
      ".config/mine/settings",
      ".games -> .remanence-bulk/.games",
      ".moves -> .remanence-bulk/.moves",
      ".profile",
      ".remanence -> /persist/home/alice",
      ".remanence-bulk -> /bulk/home/alice",
    ]);
    expect(shape(archive(source, bob))).toEqual([
      ".bobs -> .remanence/.bobs",
      ".both -> .remanence/.both",
      ".config/mine/settings",
      ".games -> .remanence-bulk/.games",
      ".moves -> .remanence-bulk/.moves",
      ".profile",
      ".remanence -> /persist/srv/bob",
      ".remanence-bulk -> /bulk/srv/bob",
    ]);
    expect(shape(archive(source, { ...alice, hostname: "tower", fqdn: "tower.lan" }))).toEqual([
      ".alices -> .remanence/.alices",
      ".both -> .remanence/.both",
      ".config/tower -> ../.remanence/.config/tower",
      ".moves -> .remanence/.moves",
      ".profile",
      ".remanence -> .persist",
    ]);
    for (const person of [alice, bob]) {
      const entries = archive(source, { ...person, os: "nixos", hostname: "laptop" });
      expect(entries.map((e) => e.path)).toEqual([".config", ".config/empty", ".profile"]);
    }
  });

  it("lays nothing of ours where the machine or the person is unknown, and the person's own files as ever", async () => {
    const { source } = await generated(manifest, own);
    const unknown: ArchiveHost[] = [
      { ...alice, hostname: "other" },
      { ...alice, username: "carol", home: "/home/carol" },
      { ...bob, hostname: "tower.lan", username: "eve", home: "/root" },
      { ...alice, os: "debian", hostname: "desk" },
    ];
    for (const host of unknown) {
      expect(shape(archive(source, host)), JSON.stringify(host)).toEqual([".config/mine/settings", ".profile"]);
      const paths = archive(source, host).map((e) => e.path);
      expect(paths).toEqual([".config", ".config/mine", ".config/mine/settings", ".profile"]);
    }
  });

  it("knows a person by name or by home, and the only one of a machine by nothing at all", async () => {
    const { source } = await generated(manifestOf([".mozilla/"]));
    for (const host of [
      { ...alice, home: "/var/home/alice" },
      { ...alice, username: "al" },
      { ...alice, username: "root", home: "/tmp/anywhere" },
    ])
      expect(shape(archive(source, host))).toEqual([".mozilla -> .remanence/.mozilla", ".remanence -> .persist"]);
    expect(archive(source, { ...alice, username: "root", home: "/root" })).toEqual([]);
  });

  it("takes the only machine of an operating system whatever it is called, and what is like that system", async () => {
    const { source } = await generated(manifestOf([".mozilla/"]));
    const links = [".mozilla -> .remanence/.mozilla", ".remanence -> .persist"];
    expect(shape(archive(source, { ...alice, hostname: "localhost" }))).toEqual(links);
    expect(archive(source, { ...alice, os: "nixos", hostname: "localhost" })).toEqual([]);
    // a machine that was moved from one system to the other still bears the old name
    expect(shape(archive(source, { ...alice, hostname: "laptop" }))).toEqual(links);
    const like = { ...alice, os: "nobara", osLike: "rhel fedora" };
    expect(shape(archive(source, like))).toEqual(links);
  });

  it("takes the machine that chezmoi's own configuration names", async () => {
    const { folder, source } = await generated(manifest, own);
    const run = (host: string, name: string) => {
      const home = homeIn(folder, name);
      const settings = `[data.remanence]\nhost = ${JSON.stringify(host)}\n`;
      expect(apply(source, home, [], aliceAt(home, { hostname: "renamed", settings }))).toMatchObject({ code: 0 });
      return picture(home);
    };
    expect(run("tower.lan", "one")[".remanence"]).toBe("-> .persist");
    expect(run("desk", "two")[".remanence"]).toBe("-> /persist/home/alice");
    expect(run("laptop", "three")[".remanence"]).toBeUndefined();
    expect(run("no such", "four")).toEqual({
      ".config/": "0755",
      ".config/mine/": "0755",
      ".config/mine/settings": "0644 mine",
      ".profile": "0644 mine",
    });
  });

  it("chooses the text of a link where machines keep it in stores of different names", async () => {
    const { compiled } = await generated(manifest, own);
    const links = compiled.tree.filter((file) => file.path.startsWith("chezmoi/symlink_")).map((file) => file.path);
    expect(links.filter((path) => path.endsWith(".tmpl"))).toEqual([
      "chezmoi/symlink_dot_moves.tmpl",
      "chezmoi/symlink_dot_remanence-bulk.tmpl",
      "chezmoi/symlink_dot_remanence.tmpl",
    ]);
  });

  it("lets each machine have a main store of its own name", async () => {
    const { source } = await generated(`
version: 1
stores: { bulk: /bulk }
users: { alice: {} }
hosts:
  one: { os: fedora, stores: { persist: /persist } }
  two: { os: fedora }
home: [.mozilla/, { path: .games/, store: bulk }]
`);
    expect(shape(archive(source, { ...alice, hostname: "one" }))).toEqual([
      ".games -> .remanence-bulk/.games",
      ".mozilla -> .remanence/.mozilla",
      ".remanence -> /persist/home/alice",
      ".remanence-bulk -> /bulk/home/alice",
    ]);
    expect(shape(archive(source, { ...alice, hostname: "two" }))).toEqual([
      ".games -> .remanence/.games",
      ".mozilla -> .remanence/.mozilla",
      ".remanence -> /bulk/home/alice",
    ]);
  });
});

describeWith(["chezmoi"], "what chezmoi cannot hold on all machines at once", () => {
  const two = "  tower: { os: fedora, stores: { persist: ~/.persist } }";
  const on = (host: string, path: string, more = "") => `{ path: ${path}, on: [${host}]${more} }`;
  const carried = ", class: config, carry: true";
  const git = ', fetch: { git: "https://example.org/x.git" }';

  it.each([
    ["a link around a link of another host", [on("desk", ".app/"), on("tower", ".app/state/")], [".app/state"]],
    ["a link around what another host carries", [on("desk", ".app/"), on("laptop", ".app/conf/", carried)], []],
    ["a link in the place of what another host carries", [on("desk", ".app/"), on("laptop", ".app/", carried)], []],
    ["a link in the place of what another host fetches", [on("desk", ".app/"), on("laptop", ".app/", git)], []],
    ["a link inside a clone", [on("desk", ".app/", git), on("desk", ".app/state/")], []],
  ])("is left to link.sh, with a warning: %s", async (_, home, links) => {
    const manifest = manifestOf(home, two);
    expect(await complaints(manifest)).toEqual(["chezmoi/unrepresentable"]);
    const { source } = await generated(manifest);
    for (const host of [alice, { ...alice, hostname: "tower" }]) {
      const found = archive(source, host).filter((e) => e.type === "symlink" && e.path !== ".remanence");
      for (const { path } of found) expect(links).toContain(path);
    }
    expect(archive(source, { ...alice, os: "nixos", hostname: "laptop" }).filter((e) => e.type === "symlink")).toEqual(
      [],
    );
  });

  it("leaves a link to link.sh inside a carried directory that its host does not get", async () => {
    const home = [on("laptop", ".app/", carried), on("desk", ".app/state/")];
    expect(await complaints(manifestOf(home), { "chezmoi/dot_app/conf": "mine" })).toEqual(["chezmoi/unrepresentable"]);
    expect(await complaints(manifestOf(home))).toEqual([]);
    const { source } = await generated(manifestOf(home));
    expect(shape(archive(source, alice))).toEqual([".app/state -> ../.remanence/.app/state", ".remanence -> .persist"]);
  });

  it.each([
    ["carried here and fetched there", [on("desk", ".app/", carried), on("laptop", ".app/", git)], "one-kind"],
    [
      "carried inside a clone",
      [".app/sub/", on("desk", ".app/", git)].map((l, i) => (i === 0 ? on("desk", l, carried) : l)),
      "one-kind",
    ],
    ["carried below a link", [on("desk", ".app/"), on("desk", ".app/conf/", carried)], "below-link"],
  ])("is an error: %s", async (_, home, code) => {
    expect(await complaints(manifestOf(home, two))).toContain(`chezmoi/${code}`);
  });

  it("is an error to carry a part on a host that does not get the whole", async () => {
    const home = [on("laptop", ".app/", carried), on("desk", ".app/sub/", carried)];
    expect(await complaints(manifestOf(home), { "chezmoi/dot_app/sub/conf": "" })).toEqual(["chezmoi/held-above"]);
    expect(await complaints(manifestOf(home))).toEqual([]);
  });
});
