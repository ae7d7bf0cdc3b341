import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileEvent } from "../../../src/trace/file-event.ts";
import { type Folded, fold } from "../../../src/trace/fold.ts";

function folded(events: readonly FileEvent[]): Folded {
  const folding = fold(() => true);
  for (const event of events) folding.add(event);
  return folding.result();
}

/** What is left, as `path: way`. */
function ways(events: readonly FileEvent[]): string[] {
  return folded(events)
    .written.map(({ path, writes }) => `${path}: ${writes}`)
    .sort();
}

const open = (path: string): FileEvent => ({ kind: "open", path, how: "change" });
const make = (path: string): FileEvent => ({ kind: "open", path, how: "new" });
const rename = (from: string, to: string): FileEvent => ({ kind: "rename", from, to });
const remove = (path: string): FileEvent => ({ kind: "remove", path });

describe("what a program wrote, folded", () => {
  it.each<[string, readonly FileEvent[], readonly string[]]>([
    ["a file that is opened and stays", [open("/a")], ["/a: in-place"]],
    ["a new one: the next save may be another way", [make("/a")], ["/a: null"]],
    ["a new one that is opened again", [make("/a"), open("/a")], ["/a: in-place"]],
    ["a temporary file that takes a name", [make("/a.lock"), rename("/a.lock", "/a")], ["/a: rename"]],
    ["both ways", [open("/a"), make("/a.t"), rename("/a.t", "/a")], ["/a: rename"]],
    ["both ways, the other way round", [make("/a.t"), rename("/a.t", "/a"), open("/a")], ["/a: rename"]],
    ["a lock that comes and goes: nothing was replaced", [make("/t"), remove("/t"), make("/t")], ["/t: null"]],
    ["a temporary file that goes", [make("/t"), remove("/t")], []],
    [
      "a file that is moved away for a copy, and made anew",
      [rename("/a", "/a~"), make("/a")],
      ["/a: rename", "/a~: rename"],
    ],
    ["the same, the copy removed", [rename("/a", "/a~"), make("/a"), remove("/a~")], ["/a: rename"]],
    ["one that is removed and made anew", [remove("/a"), make("/a")], ["/a: rename"]],
    ["a log that is rotated", [open("/l"), rename("/l", "/l.1"), open("/l")], ["/l: rename", "/l.1: rename"]],
    ["an exchange", [make("/a.new"), { kind: "exchange", from: "/a.new", to: "/a" }], ["/a.new: rename", "/a: rename"]],
    [
      "a directory that is written beside and put in place",
      [make("/d.t/x/y"), open("/d.t/z"), rename("/d.t", "/d")],
      ["/d/x/y: null", "/d/z: in-place"],
    ],
    ["a directory that is removed, its files before it", [open("/d/x"), remove("/d/x"), remove("/d")], []],
    [
      "a hard link beside, and the first name removed",
      [make("/t"), { kind: "link", from: "/t", to: "/a" }, remove("/t")],
      ["/a: null"],
    ],
    ["a file renamed over one that was written", [open("/a"), open("/b"), rename("/b", "/a")], ["/a: rename"]],
    ["a name that begins like another", [open("/ab"), rename("/a", "/c")], ["/ab: in-place", "/c: rename"]],
  ])("%s", (_, events, expected) => {
    expect(ways(events)).toEqual([...expected].sort());
  });

  it("tells a link from a file", () => {
    expect(folded([{ kind: "make-link", path: "/l.t" }, rename("/l.t", "/l")]).written).toEqual([
      { path: "/l", kind: "link", writes: "rename" },
    ]);
  });

  it("misses what is not there in the end, and only where it is asked to", () => {
    const events: FileEvent[] = ["/a", "/b", "/d", "/out"].map((path) => ({ kind: "missing", path }));
    const folding = fold((path) => path !== "/out");
    for (const event of [...events, open("/a"), { kind: "make-directory", path: "/d" } as const]) folding.add(event);
    expect(folding.result().missing).toEqual(["/b"]);
  });

  it("remembers what stood beside a database, also where it is gone", () => {
    expect([...folded([open("/x.db"), make("/x.db-journal"), remove("/x.db-journal")]).sidecars]).toEqual([
      "/x.db-journal",
    ]);
  });

  it("says what it could not see", () => {
    expect(folded([{ kind: "other-root" }, { kind: "unseen-calls" }, { kind: "unknown-folder" }])).toMatchObject({
      hasOtherRoot: true,
      hasUnseenCalls: true,
      unresolved: 1,
    });
  });

  it("has the names that a file system would have after the same calls", () => {
    const name = fc.constantFrom("/a", "/b", "/c", "/d");
    const event = fc.oneof(
      name.map(open),
      name.map(remove),
      fc.tuple(name, name).map(([from, to]) => rename(from, to)),
      fc.tuple(name, name).map(([from, to]): FileEvent => ({ kind: "exchange", from, to })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 15 }), (events) => {
        const there = new Set<string>();
        const done = events.filter((one) => happens(one, there));
        expect(
          folded(done)
            .written.map(({ path }) => path)
            .sort(),
        ).toEqual([...there].sort());
      }),
      { numRuns: 1000 },
    );
  });
});

/** Does to a set of names what the call would do to the files; false where the call would fail, or do nothing. */
function happens(event: FileEvent, there: Set<string>): boolean {
  if (event.kind === "open") there.add(event.path);
  else if (event.kind === "remove") return there.delete(event.path);
  else if (event.kind === "exchange") return event.from !== event.to && there.has(event.from) && there.has(event.to);
  else if (event.kind === "rename") {
    if (event.from === event.to || !there.delete(event.from)) return false;
    there.add(event.to);
  }
  return true;
}
