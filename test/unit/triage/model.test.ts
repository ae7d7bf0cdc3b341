import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decisionText, editsOf } from "../../../src/triage/decision.ts";
import { actions } from "../../../src/triage/keys.ts";
import { currentLevel, currentRow, rowsAt, type State } from "../../../src/triage/state.ts";
import { update } from "../../../src/triage/update.ts";
import { ann, bob, cacheLike, press, pressLast, row, secretLike, started } from "../../support/triage-rows.ts";

const rows = [
  row("/home/ann/Music"),
  row("/home/ann/.config/rclone", { suggestion: secretLike }),
  row("/home/ann/.npm", { suggestion: cacheLike }),
  row("/home/ann/.histfile", { kind: "file" }),
  row("/var/lib/thing"),
  row("/home/ann/link", { kind: "symlink" }),
  row("/home/ann/a*b", { kind: "file" }),
];

const said = (state: State): Record<string, string> =>
  Object.fromEntries([...state.decisions].map(([live, decision]) => [live, decisionText(decision)]));

describe("one key decides, and goes on", () => {
  it.each([
    ["c", "config, important"],
    ["d", "data, critical"],
    ["s", "state, important"],
    ["x", "secret, critical"],
    ["l", "log, optional"],
    ["a", "discard (cache)"],
    ["n", "discard"],
    ["1", "state, critical"],
    ["3", "state, optional"],
    ["4", "discard"],
    ["r", "carry config, important"],
  ])("%s: %s", (key, what) => {
    const state = press(started(rows), key);
    expect(said(state)).toEqual({ "/home/ann/Music": what });
    expect(currentRow(state)?.live).toBe("/home/ann/.config/rclone");
  });

  it("Enter takes what is suggested, and says where nothing is", () => {
    const none = press(started(rows), "enter");
    expect([said(none), none.message]).toEqual([{}, expect.stringMatching(/nothing is suggested/)]);
    expect(said(press(started(rows), "j", "enter", "enter"))).toEqual({
      "/home/ann/.config/rclone": "secret, critical",
      "/home/ann/.npm": "discard (cache)",
    });
  });

  it("a need changes a decision in its place, and a cache that is needed is state", () => {
    const state = press(started(rows), "d", "up", "3");
    expect(said(state)).toEqual({ "/home/ann/Music": "data, optional" });
    expect(currentRow(state)?.live).toBe("/home/ann/Music");
    expect(said(press(started(rows), "j", "j", "enter", "up", "2"))).toEqual({ "/home/ann/.npm": "state, important" });
  });

  it("carrying is switched on and off, and is for homes", () => {
    expect(said(press(started(rows), "c", "up", "r"))).toEqual({ "/home/ann/Music": "carry config, important" });
    expect(said(press(started(rows), "c", "up", "r", "r"))).toEqual({ "/home/ann/Music": "config, important" });
    const system = press(started(rows), "j", "j", "j", "j", "r");
    expect([said(system), system.message]).toEqual([{}, expect.stringMatching(/only what is in a home/)]);
  });

  it("what no entry can name, and links, are not decided so", () => {
    const star = press(started(rows), "G", "d");
    expect([said(star), star.message]).toEqual([{}, expect.stringMatching(/make a pattern of it/)]);
    const link = press(started(rows), "G", "up", "d");
    expect([said(link), link.message]).toEqual([{}, expect.stringMatching(/keep what it leads to/)]);
    expect(said(press(started(rows), "G", "up", "n"))).toEqual({ "/home/ann/link": "discard" });
  });

  it("skipped and decided lines are passed over", () => {
    const state = press(started(rows), "space", "d", "g", "space");
    expect(currentRow(state)?.live).toBe("/home/ann/.npm");
    expect(said(press(state, "g", "j", "space"))).toEqual({});
  });
});

describe("folders, filter, undo", () => {
  const inner = [row("/home/ann/Music/a"), row("/home/ann/Music/b")];

  it("looks inside once, decides there, and comes back", () => {
    const asked = pressLast(started(rows), "right");
    expect(asked.wish).toEqual({ is: "look", row: rows[0] });
    const there = update(asked.state, { is: "inside", folder: "/home/ann/Music", rows: inner }).state;
    const back = press(there, "j", "n", "left");
    expect(said(back)).toEqual({ "/home/ann/Music/b": "discard" });
    expect(currentRow(back)?.live).toBe("/home/ann/Music");
    expect(pressLast(back, "o").wish).toBeUndefined();
  });

  it("comes back, and says why, where a folder cannot be looked into", () => {
    const asked = pressLast(started(rows), "right").state;
    const state = update(asked, { is: "inside", folder: "/home/ann/Music", rows: "no permission" }).state;
    expect([currentLevel(state).folder, state.message]).toEqual(["", "no permission"]);
    expect(pressLast(press(started(rows), "G"), "right").state.message).toMatch(/no folder/);
  });

  it("shows only lines with these words, of the path, the profile and the class", () => {
    const shown = (state: State): string[] => (rowsAt(state, currentLevel(state)) ?? []).map(({ shown: s }) => s);
    const typed = press(started(rows), "/", ..."RCLO");
    expect(shown(typed)).toEqual(["~/.config/rclone/"]);
    expect(shown(press(started(rows), "/", ..."secret", "enter"))).toEqual(["~/.config/rclone/"]);
    expect(shown(press(typed, "backspace", "backspace", "backspace", "backspace"))).toHaveLength(rows.length);
    expect(said(press(typed, "d"))).toEqual({});
    expect(said(press(typed, "enter", "d"))).toEqual({ "/home/ann/.config/rclone": "data, critical" });
    expect(shown(press(typed, "enter", "escape"))).toHaveLength(rows.length);
  });

  it("goes back one decision at a time, to where it was", () => {
    const state = press(started(rows), "d", "n", "space", "u", "u");
    expect(said(state)).toEqual({ "/home/ann/Music": "data, critical" });
    expect(currentRow(state)?.live).toBe("/home/ann/.config/rclone");
    expect(press(state, "u", "u").message).toMatch(/nothing to undo/);
  });
});

describe("a profile", () => {
  const known = [
    row("/home/ann/.mozilla", {}, [ann], "firefox"),
    row("/home/ann/.own"),
    row("/home/ann/.cache/mozilla", { suggestion: cacheLike }, [ann], "firefox"),
  ];
  const written = (state: State): unknown[] =>
    editsOf(state, known, ["ann"], () => ({})).map((edit) => (edit.add === "profile" ? edit.profile : edit.entry.path));

  it("is one line for all that it knows", () => {
    const state = press(started(known), "p");
    expect(written(state)).toEqual([{ name: "firefox" }]);
    expect(currentRow(state)?.live).toBe("/home/ann/.own");
    expect(press(state, "p").message).toMatch(/no profile knows just this path/);
    expect(currentRow(press(state, "d"))?.live).toBe("/home/ann/.cache/mozilla");
    expect(press(state, "q").screen).toBe("quit");
    expect(pressLast(state, "w").wish).toEqual({ is: "propose" });
    expect(written(press(state, "u"))).toEqual([]);
  });

  it("stands aside for what is decided by itself", () => {
    expect(written(press(started(known), "p", "G", "d"))).toEqual([{ name: "firefox" }, ".cache/mozilla/"]);
    expect(written(press(started(known), "d", "g", "p"))).toEqual([{ name: "firefox" }]);
  });
});

describe("ending", () => {
  it("asks before it drops decisions, and not where there are none", () => {
    expect(press(started(rows), "q").ended).toBe("quit");
    expect(press(started(rows), "ctrl-c").ended).toBe("quit");
    const asked = press(started(rows), "d", "q");
    expect([asked.ended, asked.screen]).toEqual([null, "quit"]);
    expect(press(asked, "q").ended).toBe("quit");
    expect(press(started(rows), "d", "ctrl-c", "ctrl-c").ended).toBe("quit");
    expect(press(asked, "escape")).toMatchObject({ ended: null, screen: "list" });
    expect(pressLast(asked, "w").wish).toEqual({ is: "propose" });
  });

  it("writes only what was shown, and only by y", () => {
    expect(pressLast(started(rows), "w").state.message).toMatch(/nothing is decided/);
    const asked = pressLast(press(started(rows), "d"), "w");
    expect(asked.wish).toEqual({ is: "propose" });
    expect(pressLast(asked.state, "y").wish).toBeUndefined();
    const review = { lines: [{ text: "+ x", look: "green" as const }], canWrite: true };
    const late = update(asked.state, { is: "review", review, of: { decisions: new Map(), profiles: new Map() } }).state;
    expect(pressLast(late, "y").wish).toBeUndefined();
    const { decisions, profiles } = asked.state;
    const of = { decisions, profiles };
    const shown = update(asked.state, { is: "review", review, of }).state;
    expect(pressLast(shown, "enter").wish).toBeUndefined();
    expect(pressLast(shown, "y").wish).toEqual({ is: "write" });
    const refused = update(asked.state, { is: "review", review: { ...review, canWrite: false }, of }).state;
    expect(pressLast(refused, "y").wish).toBeUndefined();
    expect(press(shown, "escape")).toMatchObject({ screen: "list", review: null });
    expect(update(shown, { is: "written" }).state.ended).toBe("written");
    expect(update(shown, { is: "failed", why: "the disk is full" }).state).toMatchObject({
      ended: null,
      message: "the disk is full",
    });
  });
});

describe("the entries that decisions lead to", () => {
  const entries = (state: State, all: Parameters<typeof editsOf>[1], users = ["ann"], facts = {}): unknown[] =>
    editsOf(state, all, users, () => facts).map((edit) =>
      edit.add === "entry" ? [edit.scope, edit.entry] : edit.profile,
    );

  it("are relative in homes, have a slash for folders, and what is known of the path", () => {
    const state = press(started(rows), "d", "enter", "n", "s", "3");
    expect(entries(state, rows)).toEqual([
      ["home", { path: "Music/", class: "data", need: "critical" }],
      ["home", { path: ".config/rclone/", class: "secret", need: "critical" }],
      ["home", { path: ".npm/", class: "cache", need: "none" }],
      ["home", { path: ".histfile", class: "state", need: "important" }],
      ["system", { path: "/var/lib/thing/", class: "state", need: "optional" }],
    ]);
    const known = entries(press(started(rows), "j", "x", "n"), rows, ["ann"], { database: true });
    expect(known).toEqual([
      ["home", { path: ".config/rclone/", class: "secret", need: "critical", database: true }],
      ["home", { path: ".npm/", class: "cache", need: "none" }],
    ]);
    expect(entries(press(started(rows), "j", "x", "k", "r"), rows)).toEqual([
      ["home", { path: ".config/rclone/", class: "secret", need: "critical", carry: "encrypted" }],
    ]);
  });

  it("of several users are one where all decided alike, else each for whom it was decided", () => {
    const both = [ann, bob].flatMap((user) => ["x", "y"].map((name) => row(`${user.home}/${name}`, {}, [ann, bob])));
    const state = press(started(both), "d", "d", "d", "n");
    expect(entries(state, both, ["ann", "bob"])).toEqual([
      ["home", { path: "x/", class: "data", need: "critical" }],
      ["home", { path: "y/", class: "data", need: "critical", users: ["ann"] }],
      ["home", { path: "y/", class: "state", need: "none", users: ["bob"] }],
    ]);
  });
});

describe("any keys in any order", () => {
  const keys = fc.array(
    fc.constantFrom(...Object.keys(actions).filter((key) => key !== "q" && key !== "ctrl-c"), "z", "€"),
    { maxLength: 60 },
  );
  const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) });

  it("keep the mark on a line that is shown, and undo goes back to the beginning", () => {
    fc.assert(
      fc.property(keys, size, fc.integer({ min: 0, max: 40 }), (pressed, screen, count) => {
        const many = Array.from({ length: count }, (_, i) => row(`/home/ann/f${i}`));
        const state = press(started(many, screen), ...pressed);
        const { cursor, top } = currentLevel(state);
        const { length } = rowsAt(state, currentLevel(state)) ?? [];
        expect(cursor).toBeGreaterThanOrEqual(0);
        expect(cursor).toBeLessThan(Math.max(1, length ?? 0));
        expect(top).toBeLessThanOrEqual(cursor);
        const list: State = { ...state, screen: "list", size: { columns: 80, rows: 24 } };
        const first = press(list, ...state.history.map(() => "u"));
        expect([first.decisions.size, first.skipped.size]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});
