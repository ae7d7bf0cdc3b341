import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { expectRun, lay, type Run, snapshot } from "../support/fedora.ts";
import { archiveIn, savedHome } from "../support/fedora-restore.ts";

interface Row {
  readonly path: string;
  readonly result: string;
  readonly changed: number;
  readonly missing: number;
  readonly new: number;
}

const rows = (done: Run): Record<string, Row> =>
  Object.fromEntries((JSON.parse(done.out) as { entries: Row[] }).entries.map((row) => [row.path, row]));

describeWith(["zstd", "restic"], "restore.sh --rehearse", () => {
  it.each(["tar", "restic"] as const)(
    "restores everything, compares it with what is here, and leaves nothing and changes nothing: %s",
    async (engine) => {
      const { scripts, home } = await savedHome(
        [
          "same/",
          "differs/",
          "gone/",
          "empty/",
          ".later",
          "{ path: .config/, class: config, how: none }",
          "{ path: .config/cache/, class: cache }",
          '{ path: ".config/*/Cache [1]?/", class: cache }',
        ],
        {
          same: { a: "1", empty: {}, link: { link: "a" } },
          differs: { a: "1", b: "1", c: "1", "odd\nname": "1" },
          gone: { a: "1" },
          ".config": { "monitors.xml": "here", app: { x: "1", "Cache [1]é": { c: "1" } }, cache: { c: "1" } },
        },
        { engine },
      );
      const clean = expectRun(0, scripts, "restore", ["--rehearse"], { home });
      expect(clean.out).toMatch(/ 0 of \d entries are not as they are in it\./);
      const persist = join(home, ".persist");
      writeFileSync(join(persist, "differs", "a"), "2");
      utimesSync(join(persist, "differs", "odd\nname"), 1, 1);
      rmSync(join(persist, "differs", "b"));
      lay(persist, { differs: { d: { e: "1" } } });
      rmSync(join(persist, "gone"), { recursive: true });
      lay(home, { ".config": { cache: { more: "1" }, app: { "Cache [1]x": { c: "1" } } } });
      lay(home, { ".later": "1" });
      const [before, names] = [snapshot(persist, join(home, ".config")), readdirSync(home)];
      const done = expectRun(1, scripts, "restore", ["--rehearse", "--format", "json"], { home });
      expect(snapshot(persist, join(home, ".config"))).toBe(before);
      expect(readdirSync(home)).toEqual(names);
      const found = rows(done);
      expect(found[join(persist, "same")]).toMatchObject({ result: "same" });
      expect(found[join(persist, "differs")]).toMatchObject({ result: "differs", changed: 2, missing: 1, new: 2 });
      expect(found[join(persist, "gone")]).toMatchObject({ result: "missing" });
      expect(found[join(home, ".later")]).toMatchObject({ result: "absent" });
      expect(found[join(persist, "empty")]).toMatchObject({ result: "same" });
      expect(found[join(home, ".config")]).toMatchObject({ result: "same" });
      expect(JSON.parse(done.out)).toMatchObject({ version: 1, findings: 3 });
      expectRun(0, scripts, "restore", ["--rehearse", "--only", "same"], { home });
    },
  );

  it("fails where the backup is damaged, and leaves nothing", async () => {
    const { scripts, home, to } = await savedHome(["app/"], { app: { a: "1" } });
    rmSync(`${archiveIn(to)}.sha256`);
    writeFileSync(archiveIn(to), "nonsense");
    const before = snapshot(home);
    expectRun(2, scripts, "restore", ["--rehearse"], { home });
    expect(snapshot(home)).toBe(before);
  });
});
