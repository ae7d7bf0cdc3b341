import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { type CliRun, readText, remanence, writeFiles } from "../support/workspace.ts";
import { asNobody, expectCannotRun, openToAll, stateOf, workspace } from "./support.ts";

/** A folder with a manifest for a user whose home lies in it. */
function place(more = "", ending = ""): string {
  const folder = workspace("");
  const text = `version: 1
users: { ann: { home: ${folder}/ann } } # me
hosts:
  n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs } } }
  f: { os: fedora }
${more}
home: # mine
  - Documents/ # all${ending}`;
  writeFileSync(join(folder, "persistence.yaml"), `${text}\n`);
  writeFiles(join(folder, "ann"), { ".config/rclone/rclone.conf": "x", ".own": "x", "Music/a": "x" });
  return folder;
}

const adopt = (folder: string, ...args: string[]): CliRun =>
  remanence(folder, ["adopt", ...args], { HOME: join(folder, "ann") });

describe("adopt", () => {
  it("adds what the disk and the catalogue know, says why, and keeps the rest of the file", () => {
    const folder = place();
    const before = readText(folder, "persistence.yaml");
    const run = adopt(
      folder,
      `${folder}/ann/.config/rclone`,
      "./ann/.own",
      "~/Music",
      ".mozilla",
      "/var/lib/bluetooth/",
    );
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toMatch(/~\/\.config\/rclone\/ +secret +critical +rclone: /);
    expect(run.stdout).toMatch(/~\/\.own +state +important +a guess: /);
    expect(readText(folder, "persistence.yaml")).toBe(
      `${before}  - { path: .config/rclone/, class: secret }
  - .own
  - { path: Music/, class: data }
  - { path: .mozilla/, database: true }

system:
  - { path: /var/lib/bluetooth/, class: secret }
`,
    );
    expect(remanence(folder, ["check"])).toMatchObject({ code: 0 });
  });

  it("takes what is said over what is known", () => {
    const folder = place();
    const options = [
      "--class",
      "data",
      "--need",
      "optional",
      "--note",
      "old: #1",
      "--host",
      "n",
      "--host",
      "fedora",
      "--user",
      "ann",
    ];
    expect(adopt(folder, ".config/rclone", ...options)).toMatchObject({ code: 0 });
    expect(adopt(folder, ".own", "--carry", "seed", "--class", "config")).toMatchObject({ code: 0 });
    expect(readText(folder, "persistence.yaml")).toContain(
      `  - { path: .config/rclone/, class: data, need: optional, users: [ann], on: ["n", fedora], note: "old: #1" }
  - { path: .own, class: config, carry: seed }
`,
    );
  });

  it("writes nothing with --dry-run, and shows the difference", () => {
    const folder = place();
    const before = stateOf(folder);
    const run = adopt(folder, ".own", "--dry-run");
    expect(run.stdout).toMatch(/^@@ .* @@\n(?: .*\n)*\+ {2}- \.own\n/m);
    expect(run.stdout).toMatch(/Nothing was written/);
    expect(stateOf(folder)).toEqual(before);
  });

  it("has nothing to add where all of that is said", () => {
    const folder = place("profiles: [rclone]");
    const before = stateOf(folder);
    const run = adopt(folder, ".config/rclone");
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toMatch(
      /nothing to add: `\.config\/rclone\/` says so \(profile rclone\) {2}persistence\.yaml:6/,
    );
    expect(stateOf(folder)).toEqual(before);
  });

  it("adds what says more of a path than the rule around it does", () => {
    const folder = place("system: [/var/lib/]");
    expect(adopt(folder, "/var/lib/other/").stdout).toMatch(/nothing to add: `\/var\/lib\/` says so/);
    expect(adopt(folder, "/var/lib/thing/", "--note", "why")).toMatchObject({ code: 0 });
    expect(readText(folder, "persistence.yaml")).toContain("system: [/var/lib/, { path: /var/lib/thing/, note: why }]");
  });

  it.each([
    ["a whole home", ["/home/"], /`\/home` must not be kept/],
    ["a secret in the clear", [".config/rclone", "--carry", "plain"], /carried in the clear/],
    ["what is there in another way", ["Documents", "--class", "cache"], /`Documents\/?` is in the manifest already/],
    ["a link", ["link"], /it is a link; name what it leads to/],
    ["a name that is a pattern", ["a*b"], /would make a pattern of it/],
    ["one of several", [".own", "/proc/x"], /Nothing was added/],
  ])("refuses %s, and then adds nothing at all", (_, paths, message) => {
    const folder = place();
    symlinkSync("Music", join(folder, "ann/link"));
    writeFiles(join(folder, "ann"), { "a*b": "x" });
    const before = stateOf(folder);
    const run = adopt(folder, ...paths);
    expect(run.stderr).toMatch(message);
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(stateOf(folder)).toEqual(before);
  });

  it("adds nothing to a manifest that is wrong, and cannot read what is no path", () => {
    const folder = place("stores: { a: /x, b: /y }");
    expect(adopt(folder, ".own")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Nothing was added: settle that/),
    });
    expectCannotRun(adopt(place(), "a/../../b"), /is no path that an entry could name/);
    expectCannotRun(adopt(place(), ".own", "--host", "elsewhere"), /there is no host elsewhere/);
  });

  it("answers as JSON", () => {
    const folder = place();
    const { added, unchanged, diff, diagnostics } = JSON.parse(
      adopt(folder, ".config/rclone", "--format", "json").stdout,
    );
    expect(added).toEqual([
      {
        scope: "home",
        path: ".config/rclone/",
        class: "secret",
        need: "critical",
        profile: "rclone",
        why: expect.any(String),
      },
    ]);
    expect([unchanged, diagnostics, diff]).toEqual([
      [],
      [],
      expect.stringContaining("+  - { path: .config/rclone/, class: secret }"),
    ]);
    const wrong = JSON.parse(adopt(folder, "/home/", "--format", "json").stdout);
    expect(wrong.diagnostics).toEqual([expect.objectContaining({ code: "special/error" })]);
  });
});

describe("the manifest's file", () => {
  it("keeps its mode, its line breaks and its byte order mark, and leaves no other file", () => {
    const folder = place();
    const file = join(folder, "persistence.yaml");
    const text = `\uFEFF${readText(file).replaceAll("\n", "\r\n")}`;
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    expect(adopt(folder, ".own")).toMatchObject({ code: 0 });
    expect(readText(file)).toBe(`${text}  - .own\r\n`);
    expect(lstatSync(file).mode & 0o7777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["ann", "persistence.yaml"]);
  });

  it("is found behind a link within its folder, and not behind one that leads out", () => {
    const folder = place();
    mkdirSync(join(folder, "real"));
    const text = readText(folder, "persistence.yaml");
    writeFileSync(join(folder, "real/it.yaml"), text);
    const named = join(folder, "named.yaml");
    symlinkSync("real/it.yaml", named);
    expect(adopt(folder, "--manifest", named, ".own")).toMatchObject({ code: 0 });
    expect([readlinkSync(named), readText(folder, "real/it.yaml")]).toEqual(["real/it.yaml", `${text}  - .own\n`]);

    const outside = place();
    const before = stateOf(outside);
    symlinkSync(join(outside, "persistence.yaml"), join(folder, "out.yaml"));
    const run = adopt(folder, "--manifest", join(folder, "out.yaml"), `${outside}/ann/.own`);
    expectCannotRun(run, /leads out of its folder; name the file itself: --manifest /);
    expect(stateOf(outside)).toEqual(before);
  });
});

describeWith(["root"], "the manifest's file and whose it is", () => {
  it("stays its owner's when root adds to it", () => {
    const folder = place();
    chownSync(join(folder, "persistence.yaml"), 1234, 4321);
    expect(adopt(folder, ".own")).toMatchObject({ code: 0 });
    expect(lstatSync(join(folder, "persistence.yaml"))).toMatchObject({ uid: 1234, gid: 4321 });
  });

  it("is as it was where its folder cannot be written", () => {
    const folder = place();
    openToAll(folder);
    chmodSync(folder, 0o755);
    const before = stateOf(folder);
    expectCannotRun(
      asNobody(folder, ["adopt", "/srv/thing/"]),
      /cannot write persistence\.yaml: permission denied; nothing was changed/,
    );
    expect(stateOf(folder)).toEqual(before);
  });
});

describe("triage without a terminal", () => {
  it("says what it needs, and what does the same", () => {
    expectCannotRun(
      remanence(place(), ["triage"]),
      /triage needs a terminal: its input is no terminal; remanence scan/,
    );
  });
});
