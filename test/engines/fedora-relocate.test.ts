import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, apart, contents, expectRun, lay, oddNames, run, snapshot } from "../support/fedora.ts";

const full = { a: "1", below: { b: "2" } };

/** A tree with everything that a file system can hold. */
function layEverything(home: string, odd: readonly string[]): void {
  lay(home, {
    app: {
      ...Object.fromEntries(odd.map((name) => [name, `content of ${name}`])),
      one: "1",
      sub: { deep: "2" },
      link: { link: "one" },
      gone: { link: "nowhere" },
      empty: {},
    },
  });
  const made = run(
    [
      ...["bash", "-euc"],
      `cd "$1/app"
       ln one sub/same; mkfifo pipe; chmod 4755 one; chmod 1777 empty; chown 4321:4321 sub/deep; chown -h 4321 link
       setfattr -n user.note -v "$(printf 'a\\nb')" sub; for i in 1 2 3 4 5; do setfattr -n user.$((i * 7 % 5)) -v $i one; done; setfacl -m u:4321:r sub/deep; setfacl -d -m u:4321:rx sub
       cp /bin/true cap; setcap cap_net_raw+ep cap; truncate -s 64M sparse; printf x >>sparse
       touch -d '2001-02-03 04:05:06.123456789' sub/deep; touch -h -d '2002-02-03 04:05:06.5' link; touch -d 2003-01-01 sub .`,
      ...["bash", home],
    ],
    { home },
  );
  expect(made.code, made.err).toBe(0);
}

/** What `contents` does not tell: owners, times, hard links, ACLs, extended attributes, blocks in thousands. */
function details(tree: string): string {
  const script = `cd "$1" && find . \\( -type d -printf '%p %y %m %U %G %T@\\n' -o -printf '%p %y %m %U %G %n %T@ %l\\n' \\) | sort
    find . -type f -printf '%p %k\\n' | awk '{ print $1, int($2 / 1024) }' | sort
    find . -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security.capability)' 2>/dev/null
    find . ! -type l -print0 | sort -z | xargs -0 getfacl -n 2>/dev/null`;
  return run(["bash", "-c", script, "-", tree], { home: "/" }).out;
}

describeWith(["loop", "btrfs", "xfs", "acl", "attr"], "link.sh with a store on another mount", () => {
  it.each(["ext4", "btrfs", "xfs", "tmpfs"] as const)(
    "copies everything there is, keeps the original, and brings it all back: %s",
    async (kind) => {
      const { home, store, scripts } = await apart(kind);
      layEverything(home, oddNames);
      const [whole, all] = [contents(join(home, "app")), details(join(home, "app"))];
      expect(actions(expectRun(0, scripts, "link", ["--yes", "--format", "json"], { home }))).toEqual({ app: "copy" });
      for (const place of [join(store, "app"), join(home, "app.remanence-original")]) {
        expect(contents(place), place).toEqual(whole);
        expect(details(place), place).toBe(all);
      }
      expect(readlinkSync(join(home, "app"))).toBe(".remanence/app");
      expect(expectRun(0, scripts, "verify", [], { home }).out).toContain("the original is kept");

      expectRun(0, scripts, "link", ["--commit"], { home });
      expect(existsSync(join(home, "app.remanence-original"))).toBe(false);
      expect(details(join(store, "app"))).toBe(all);
      expect(Object.keys(contents(store)).filter((path) => path.includes("remanence"))).toEqual([]);

      expectRun(0, scripts, "unlink", ["--yes"], { home });
      expect(details(join(home, "app"))).toBe(all);
      expect(details(join(store, "app"))).toBe(all);
      expectRun(0, scripts, "unlink", ["--commit"], { home });
      expect(contents(store)).toEqual({ ".": "directory 755" });
      expect(details(join(home, "app"))).toBe(all);
      expect(
        Object.keys(contents(home)).filter((path) => path.includes("remanence") && !path.startsWith(".local")),
      ).toEqual([]);
    },
  );

  it("shows with --dry-run what would be copied and deleted, and changes nothing", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    for (const [script, ...args] of [
      ["link", "--yes"],
      ["link", "--commit"],
      ["unlink", "--yes"],
      ["unlink", "--commit"],
    ] as const) {
      const before = snapshot(home, store);
      expectRun(0, scripts, script, [...args, "--dry-run"], { home });
      expect(snapshot(home, store)).toBe(before);
      expectRun(0, scripts, script, args, { home });
    }
  });

  it("links what only the store has, as on a new machine, and what is new", async () => {
    const { home, store, scripts } = await apart("tmpfs", ["app/", "empty/", "new/"]);
    lay(home, { empty: {} });
    lay(store, { app: full, empty: full });
    expect(actions(expectRun(0, scripts, "link", ["--yes", "--format", "json"], { home }))).toEqual({
      app: "place",
      empty: "adopt",
      new: "create",
    });
    expect(contents(realpathSync(join(home, "app")))).toMatchObject({ a: expect.stringMatching(/^file/) });
  });

  it("says which files have a second name outside, which a copy cannot keep", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    run(["ln", join(home, "app", "a"), join(home, "outside")], { home });
    expect(expectRun(0, scripts, "link", ["--yes"], { home }).err).toContain("1 files have a second name elsewhere");
    expect(lstatSync(join(store, "app", "a")).nlink).toBe(1);
  });
});
