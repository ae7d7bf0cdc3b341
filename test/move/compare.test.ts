import { describe, expect, it } from "vitest";
import { fate } from "../../src/plan/fate.ts";
import type { AbsolutePath } from "../../src/plan/path.ts";
import { planOf, resolveFiles } from "../unit/plan/said.ts";
import { compareMove, type Fault, faultLines, type Move, outcomeOf, tableOf } from "./compare.ts";
import { lies } from "./layer.ts";
import type { Facts, Picture } from "./picture.ts";

const manifest = `version: 1
stores: { persist: /persist, bulk: { path: /persist/bulk, backup: false } }
users: { ann: {} }
hosts:
  laptop: { os: nixos, backup: { engine: restic, repository: /r, password-file: /p } }
  desk: { os: fedora, stores: { persist: ~/.persist, bulk: { path: ~/.bulk, backup: false } } }
profiles: [machine-id]
system:
  - { path: /var/lib/thing/, owner: thing, group: thing, mode: "0750" }
  - { path: /var/lib/docker/volumes/, class: data }
home:
  - { path: docs/, class: data }
  - { path: docs/junk/, class: cache }
  - { path: .ssh/, class: secret }
  - { path: .config/nvim/, class: config, carry: true }
  - { path: videos/, class: data, store: bulk }
  - { path: only-nixos/, class: data, on: [nixos] }
`;

const file: Facts = {
  kind: "file",
  mode: "0644",
  owner: "ann",
  group: "users",
  ids: "1000:100",
  content: "1234",
  mtime: "1000",
  sparse: false,
  attributes: "",
  inode: "1:0",
};
const directory: Facts = { ...file, kind: "directory", mode: "0755", content: "" };

/** What was laid: by live path, what differs from a plain file of ann's. */
const laid: Record<string, Facts> = {
  "/home/ann/docs": directory,
  "/home/ann/docs/letter": { ...file, attributes: "user.x=1" },
  "/home/ann/docs/one": { ...file, inode: "1:7" },
  "/home/ann/docs/two": { ...file, inode: "1:7" },
  "/home/ann/docs/junk": directory,
  "/home/ann/docs/junk/old": file,
  "/home/ann/.ssh": { ...directory, mode: "0755" },
  "/home/ann/.ssh/id": { ...file, mode: "0600" },
  "/home/ann/.config/nvim/init.lua": file,
  "/home/ann/videos/film": file,
  "/home/ann/only-nixos/x": file,
  "/home/ann/nobody's": file,
  "/etc/machine-id": { ...file, owner: "root", group: "root" },
  "/var/lib/thing": { ...directory, mode: "0750", owner: "thing", group: "thing" },
  "/var/lib/thing/db": { ...file, owner: "thing", group: "thing" },
  "/var/lib/docker/volumes/v": { ...file, owner: "avahi", group: "root", ids: "200:0" },
};

/** A move in which all is well. */
async function rightMove(): Promise<Move & { readonly after: Map<string, Facts> }> {
  const resolved = await resolveFiles({ "persistence.yaml": manifest });
  const [there, here] = [planOf(resolved, "laptop"), planOf(resolved, "desk")];
  const picture: Picture = new Map(
    Object.entries(laid).map(([path, facts], i) => [
      path,
      { ...facts, inode: facts.inode === "1:0" ? `1:${i + 20}` : facts.inode },
    ]),
  );
  const before: Picture = new Map([
    ["/etc", directory],
    ["/etc/machine-id", { ...file, content: "own" }],
    ["/var/lib/thing", directory],
    ["/var/lib/thing/db", { ...file, content: "fresh" }],
  ]);
  const move = {
    there,
    here,
    laid: picture,
    before,
    isHostBound: (p: string) => p === "/etc/machine-id",
    keepsHoles: true,
    putAside: ["/home/ann/.config/monitors.xml"],
    others: ["/home/ann/dotfiles"],
  };
  const after = new Map<string, Facts>(before);
  for (const [live, facts] of picture as Map<AbsolutePath, Facts>) {
    const outcome = outcomeOf({ ...move, after: before }, live);
    if (outcome !== "moved" && outcome !== "carried") continue;
    const rule = fate(here, live).rule;
    const mode = rule?.live === live ? (rule.mode ?? facts.mode) : facts.mode;
    after.set(lies(here, live), { ...facts, mode, group: facts.group === "users" ? "ann" : facts.group });
  }
  const links = { docs: ".remanence/docs", ".ssh": ".remanence/.ssh", ".remanence": ".persist" };
  for (const [name, content] of Object.entries(links)) {
    after.set(`/home/ann/${name}`, { ...file, kind: "link", content, group: "ann" });
  }
  for (const path of ["/home/ann/.persist", "/home/ann/.config", "/home/ann/dotfiles", "/home"])
    after.set(path, directory);
  for (const path of ["", "/of-one-machine", "/of-one-machine/home/ann/.config/monitors.xml"])
    after.set(`/home/ann/.remanence-restore-a1B2c3${path}`, directory);
  // What a fresh system had in the place of something that was restored.
  after.set("/var/lib/thing.remanence-original", directory);
  after.set("/var/lib/thing.remanence-original/db", { ...file, content: "fresh" });
  return { ...move, after };
}

type Change = (after: Map<string, Facts>) => void;
const set =
  (path: string, facts: Partial<Facts>): Change =>
  (after) => {
    after.set(path, { ...(after.get(path) ?? { ...file, group: "ann" }), ...facts });
  };

const mistakes: Record<string, [Change, Partial<Fault>]> = {
  "a file that is not there": [
    (after) => after.delete("/home/ann/.persist/docs/letter"),
    { path: "/home/ann/docs/letter", outcome: "moved" },
  ],
  "a whole entry that the backup lacks": [
    (after) => [...after.keys()].filter((p) => p.startsWith("/var/lib/thing")).map((p) => after.delete(p)),
    { path: "/var/lib/thing/db" },
  ],
  "an entry beside its store": [
    (after) => {
      after.set("/home/ann/docs/letter", after.get("/home/ann/.persist/docs/letter") ?? file);
      after.delete("/home/ann/.persist/docs/letter");
    },
    { path: "/home/ann/docs/letter", says: "missing: it should be at /home/ann/.persist/docs/letter" },
  ],
  "other content": [
    set("/home/ann/.persist/docs/letter", { content: "5678" }),
    { path: "/home/ann/docs/letter", says: "content is 5678, should be 1234" },
  ],
  "a mode that lets others in": [
    set("/home/ann/.persist/.ssh", { mode: "0755" }),
    { path: "/home/ann/.ssh", says: "mode is 0755, should be 0700" },
  ],
  "another mode of a file": [set("/home/ann/.persist/.ssh/id", { mode: "0644" }), { path: "/home/ann/.ssh/id" }],
  "the owner of the same number": [
    set("/var/lib/thing/db", { owner: "colord" }),
    { path: "/var/lib/thing/db", says: "owner is colord, should be thing" },
  ],
  "the name that a container's number has here": [
    set("/var/lib/docker/volumes/v", { ids: "990:0" }),
    { path: "/var/lib/docker/volumes/v", says: "ids is 990:0, should be 200:0" },
  ],
  "the group of the other machine": [
    set("/home/ann/.persist/docs/letter", { group: "users" }),
    { path: "/home/ann/docs/letter", says: "group is users, should be ann" },
  ],
  "another time": [set("/home/ann/.persist/docs/letter", { mtime: "2000" }), { path: "/home/ann/docs/letter" }],
  "a lost attribute": [set("/home/ann/.persist/docs/letter", { attributes: "" }), { path: "/home/ann/docs/letter" }],
  "two names that became two files": [
    set("/home/ann/.persist/docs/two", { inode: "1:99" }),
    { path: "/home/ann/docs/one", says: "is no longer the same file as /home/ann/docs/two" },
  ],
  "something discarded that came along": [
    set("/home/ann/.persist/docs/junk/old", {}),
    { path: "/home/ann/docs/junk/old", outcome: "discarded" },
  ],
  "an empty directory of something discarded": [
    set("/home/ann/.persist/docs/junk", { kind: "directory" }),
    { path: "/home/ann/docs/junk" },
  ],
  "something that was not backed up": [
    set("/home/ann/.bulk/videos/film", {}),
    { path: "/home/ann/videos/film", outcome: "not backed up" },
  ],
  "something that is not kept here": [
    set("/home/ann/only-nixos/x", {}),
    { path: "/home/ann/only-nixos/x", outcome: "not kept here" },
  ],
  "something that was nobody's": [set("/home/ann/nobody's", {}), { path: "/home/ann/nobody's", outcome: "undecided" }],
  "carried configuration of another content": [
    set("/home/ann/.config/nvim/init.lua", { content: "0" }),
    { path: "/home/ann/.config/nvim/init.lua", outcome: "carried" },
  ],
  "what belongs to the other machine": [
    set("/etc/machine-id", { content: "1234" }),
    { path: "/etc/machine-id", outcome: "before" },
  ],
  "something from before that is gone": [
    (after) => after.delete("/var/lib/thing.remanence-original/db"),
    { path: "/var/lib/thing/db", outcome: "before" },
  ],
  "something from before of another mode": [
    set("/etc/machine-id", { mode: "0666" }),
    { path: "/etc/machine-id", outcome: "before" },
  ],
  "holes that were filled": [
    set("/home/ann/.persist/docs/letter", { sparse: true }),
    { path: "/home/ann/docs/letter", says: "sparse is true, should be false" },
  ],
  "a file that comes from nowhere": [
    set("/home/ann/.persist/docs/extra", {}),
    { path: "/home/ann/.persist/docs/extra", outcome: "extra" },
  ],
  "a link that is gone": [
    (after) => after.delete("/home/ann/.ssh"),
    {
      path: "/home/ann/.ssh/id",
      says: "programs that look for it are led to /home/ann/.ssh/id, and it is at /home/ann/.persist/.ssh/id",
    },
  ],
  "a link that leads elsewhere": [
    set("/home/ann/.remanence", { content: "/nowhere" }),
    { path: "/home/ann/docs/letter" },
  ],
  "a restored copy that was not put in place": [
    set("/home/ann/.remanence-restore-a1B2c3/home/ann/docs", {}),
    { path: "/home/ann/.remanence-restore-a1B2c3/home/ann/docs", outcome: "extra" },
  ],
  "something put aside that belongs to no machine": [
    set("/home/ann/.remanence-restore-a1B2c3/of-one-machine/home/ann/docs", {}),
    { path: "/home/ann/.remanence-restore-a1B2c3/of-one-machine/home/ann/docs", outcome: "extra" },
  ],
  "a copy that was left behind": [
    set("/var/tmp/restore/docs/letter", {}),
    { path: "/var/tmp/restore/docs/letter", outcome: "extra" },
  ],
};

describe("the comparison after a move", () => {
  it("finds nothing where all is well, and counts every path", async () => {
    const { faults, counts } = compareMove(await rightMove());
    expect(faultLines(faults)).toEqual([]);
    expect(counts).toEqual({
      moved: 9,
      "host-bound": 1,
      "not backed up": 1,
      "not kept here": 1,
      carried: 1,
      discarded: 2,
      undecided: 1,
    });
  });

  it.each(Object.keys(mistakes))("finds %s", async (name) => {
    const move = await rightMove();
    const [change, fault] = mistakes[name] as [Change, Partial<Fault>];
    change(move.after);
    const { faults, counts } = compareMove(move);
    expect(faults).toContainEqual(expect.objectContaining(fault));
    expect(tableOf("a move", { faults, counts })).toMatch(/ [1-9]\d* wrong /);
  });
});
