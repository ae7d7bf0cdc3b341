import { appendFileSync, chmodSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { columnsOf } from "../../src/diagnostics/columns.ts";
import { cli } from "../cli/support.ts";
import { describeWith } from "../support/engines.ts";
import { Terminal } from "../support/tmux.ts";
import { folderWith, readText, remanence, writeFiles } from "../support/workspace.ts";

const manifest = `# my machines
version: 1

users: { ann: {} }   # me
hosts:
  laptop: { os: nixos, nixos: { wipe: { path: /, method: tmpfs } } }
  desk: { os: fedora }

profiles: [ssh]      # keys

home:                # mine
- "Documents/"       # all of it
# - Pictures/        # not yet

system: []
`;

/** A manifest and a home with something that nobody decided about. */
function place(more: Readonly<Record<string, string>> = {}): string {
  const folder = folderWith({ "persistence.yaml": manifest });
  writeFiles(join(folder, "ann"), {
    "Documents/x": "decided",
    "Recordings/one/a": "x".repeat(400_000),
    "Recordings/two/b": "x".repeat(40_000),
    ".config/rclone/rclone.conf": "x".repeat(20_000),
    ".cache/thing/x": "x".repeat(12_000),
    ".mozilla/firefox/x": "x".repeat(9_000),
    ".zzz": "x",
    ...more,
  });
  return folder;
}

const command = `${process.execPath} ${cli} triage --host laptop --home ann; echo "exit=$?"`;

async function started(folder: string, size: readonly [number, number] = [80, 24], env = {}): Promise<Terminal> {
  const terminal = new Terminal(folder, ...size, env);
  await terminal.see(/^ready>/);
  terminal.run(command);
  await terminal.see(/remanence triage: laptop/);
  return terminal;
}

describeWith(["tmux"], "triage on a terminal of 80 x 24", () => {
  it("writes the entries that were decided, and changes nothing else in the manifest", async () => {
    const folder = place();
    chmodSync(join(folder, "persistence.yaml"), 0o640);
    const terminal = await started(folder);
    await terminal.see(/^> .* ~\/Recordings\/ +data, critical\?/);
    terminal.press("Right");
    await terminal.see(/inside ~\/Recordings\//);
    terminal.press("d", "n", "Left");
    await terminal.see(/^> \* .*2 inside decided/);
    terminal.press("/");
    terminal.type("rclo");
    await terminal.see(/filter: rclo_/);
    terminal.press("Enter", "Enter", "Escape");
    await terminal.see(/\+ .*~\/\.config\/rclone\/ +secret, critical/);
    terminal.press("/");
    terminal.type("firefox");
    terminal.press("Enter", "p");
    await terminal.see(/~\/\.mozilla\/ +profile firefox/);
    terminal.press("Escape", "G", "s", "3");
    await terminal.see(/5 decided/);
    terminal.press("w");
    await terminal.see(/y writes this/);
    expect(readText(folder, "persistence.yaml")).toBe(manifest);
    expect(terminal.screen()).toContainEqual(
      expect.stringMatching(/^ \+- \{ path: \.config\/rclone\/, class: secret \}/),
    );
    terminal.press("y");
    await terminal.see(/^exit=0/);
    expect(terminal.screen()).toContainEqual("Added 1 profile and 4 entries to persistence.yaml. Next: remanence diff");
    expect(readText(folder, "persistence.yaml")).toBe(
      manifest.replace("[ssh] ", "[ssh, firefox] ").replace(
        '- "Documents/"       # all of it\n',
        `- "Documents/"       # all of it
- { path: .config/rclone/, class: secret }
- { path: .zzz, need: optional }
- { path: Recordings/one/, class: data }
- { path: Recordings/two/, need: none }
`,
      ),
    );
    expect(lstatSync(join(folder, "persistence.yaml")).mode & 0o777).toBe(0o640);
    expect(remanence(folder, ["check"])).toMatchObject({ code: 0 });
  });

  it("writes nothing when it is quit, by q, by ^C, by a signal, and gives the terminal back", async () => {
    const folder = place();
    const terminal = await started(folder);
    terminal.press("d", "q");
    await terminal.see(/1 decision not written yet/);
    terminal.press("q");
    await terminal.see(/^exit=0/);
    await terminal.see(/Nothing was written; 1 decision dropped/);
    expect(terminal.screen().join("\n")).not.toMatch(/as suggested/);
    terminal.run("clear; stty -a | grep -o -- ' -\\?icanon\\| -\\?echo\\b'");
    await terminal.see(/^ icanon/);
    await terminal.see(/^ echo/);

    terminal.run(`clear; ${command}`);
    await terminal.see(/as suggested/);
    terminal.press("d", "C-c", "C-c");
    await terminal.see(/^exit=0/);

    terminal.run(`clear; sh -c 'echo $$ > pid; exec "$@"' sh ${command}`);
    await terminal.see(/as suggested/);
    process.kill(Number(readText(folder, "pid")), "SIGTERM");
    await terminal.see(/^exit=143/);
    terminal.run("stty -a | grep -o -- ' -\\?icanon'");
    await terminal.see(/^ icanon/);
    expect(readText(folder, "persistence.yaml")).toBe(manifest);
  });

  it("gives the terminal back when it fails, and says what the fault is", async () => {
    const folder = place();
    writeFiles(folder, { "fault.cjs": 'setTimeout(() => { throw new Error("made to fail"); }, 3000);' });
    const terminal = await started(folder, [80, 24], { NODE_OPTIONS: `--require=${join(folder, "fault.cjs")}` });
    await terminal.see(/^exit=[1-9]/);
    await terminal.see(/made to fail/);
    terminal.run("clear; stty -a | grep -o -- ' -\\?icanon'");
    await terminal.see(/^ icanon/);
  });

  it("stops by ^Z and goes on by fg, with all decisions", async () => {
    const terminal = await started(place());
    terminal.press("d");
    await terminal.see(/1 decided/);
    terminal.press("C-z");
    await terminal.see(/Stopped/);
    expect(terminal.screen().join("\n")).not.toMatch(/as suggested/);
    terminal.run("fg");
    await terminal.see(/1 decided/);
    terminal.press("u");
    await terminal.see(/0 decided/);
  });

  it("does not write over what was changed in the meantime", async () => {
    const folder = place();
    const terminal = await started(folder);
    terminal.press("d", "w");
    await terminal.see(/y writes this/);
    appendFileSync(join(folder, "persistence.yaml"), "# new\n");
    terminal.press("y");
    await terminal.see(/persistence\.yaml was changed in the meantime; nothing was written/);
    expect(readText(folder, "persistence.yaml")).toBe(`${manifest}# new\n`);
  });

  it("follows the size of the terminal, and marks the same line", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`folder-${i}/x`, "x".repeat(5000 * (i + 20))]),
    );
    const terminal = await started(place(many));
    terminal.press("G", "k", "k", "k", "k", "k");
    await terminal.see(/^> .*~\/folder-1\//);
    for (const [columns, rows] of [
      [50, 12],
      [132, 50],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows);
      await terminal.see(rows < 16 ? /^ \? help {2}w write {2}q quit$/ : /Enter as suggested/);
      await terminal.see(/^> .*(?:critical|important)\?$/);
      const screen = terminal.screen();
      expect(screen.filter((line) => line.startsWith("> "))).toEqual([expect.stringContaining("~/folder-1/")]);
      expect(screen[0]).toMatch(/undecided/);
      expect(Math.max(...screen.map(columnsOf))).toBeLessThanOrEqual(columns);
    }
    terminal.resize(30, 6);
    await terminal.see(/too small/);
  });

  it("keeps its lines apart whatever names are like, and has no colours where none are wanted", async () => {
    const odd = [
      "日本語".repeat(28),
      "😀🎉👩‍👩‍👧 party",
      "שלום عليكم",
      "e\u0301\u0301\u0301",
      "\u0301x",
      "n".repeat(250),
      "a\u001b[2Jb",
      "new\nline",
      "tab\tx",
      "\u202eevil",
    ];
    const names = Object.fromEntries(odd.map((name) => [`${name}/x`, "x".repeat(900_000)]));
    const terminal = await started(place(names), [80, 24], { NO_COLOR: "1" });
    const lines = terminal.screen();
    const list = lines.slice(2, 2 + odd.length);
    for (const line of list) expect(line).toMatch(/^[> ] .{3}(?: {2}|)88\d KiB .*(?:critical\?|cannot be an entry)$/);
    expect(lines.slice(-3)[0]).toMatch(/c config {2}d data/);
    const colours = terminal
      .screen(true)
      .join("\n")
      .match(/\[(?:3[1-7]|9[0-7])m/g);
    expect(colours).toBeNull();
  });
});
