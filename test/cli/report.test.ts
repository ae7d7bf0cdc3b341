import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/data.ts";
import type { ScannedNode, Size } from "../../src/scan/result.ts";
import { type CliRun, folderWith, readText, remanence } from "../support/workspace.ts";

const manifest = `
version: 1
users: { mitsio: {} }
hosts:
  laptop: { os: nixos, nixos: { release: "26.05", wipe: { path: /, method: tmpfs, size: 2G } } }
  desk: { os: fedora }
profiles: [ssh]
home: [Documents/, { path: .cache/, class: cache }, { path: .config/nvim/, class: config, carry: true }]
`;

/** A folder with the manifest, and a root to look at: something for each fate, and names that are none. */
function workspace(): string {
  const home = "root/home/mitsio";
  const folder = folderWith({
    "persistence.yaml": manifest,
    [`${home}/Documents/letter.txt`]: "x".repeat(70_000),
    [`${home}/.cache/x/y`]: "x".repeat(300_000),
    [`${home}/.config/nvim/init.lua`]: "x",
    [`${home}/.ssh/id_ed25519`]: "key",
    [`${home}/VirtualBox VMs/disk`]: "x".repeat(900_000),
    [`${home}/<!--<script>alert(1)`]: "x".repeat(50_000),
    [`${home}/</script><script>alert(1)`]: "x".repeat(50_000),
    "root/srv/data": "x".repeat(20_000),
  });
  writeFileSync(Buffer.concat([Buffer.from(join(folder, home, "odd-")), Buffer.from([0xff, 0xfe])]), "x");
  return folder;
}

const args = ["report", "--host", "laptop", "--root", "root"];

function reported(run: CliRun): Report {
  expect(run.stderr).toBe("");
  expect(run.code).toBe(0);
  return JSON.parse(run.stdout) as Report;
}

function leaves(node: ScannedNode): ScannedNode[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leaves);
}

describe("report", () => {
  it("has the sums of scan, in its totals and in its tree", () => {
    const folder = workspace();
    const scan = JSON.parse(remanence(folder, ["scan", ...args.slice(1), "--format", "json"]).stdout) as {
      totals: Record<string, Size>;
      undecided: object[];
    };
    const [own] = reported(remanence(folder, [...args, "--format", "json", "--output", "-"])).scans;
    expect(own?.totals).toEqual(scan.totals);
    expect(own?.undecided).toEqual(scan.undecided);
    for (const [fate, { bytes, files }] of Object.entries(scan.totals)) {
      const of = own === undefined ? [] : leaves(own.tree).filter((leaf) => leaf.fate === fate);
      expect(
        of.reduce((sum, leaf) => sum + leaf.bytes, 0),
        fate,
      ).toBe(bytes);
      expect(
        of.reduce((sum, leaf) => sum + leaf.files, 0),
        fate,
      ).toBe(files);
    }
    expect(Object.values(scan.totals).filter(({ files }) => files > 0)).toHaveLength(4);
  });

  it("knows the class of all that was decided, where one directory holds several", () => {
    const folder = folderWith({
      "persistence.yaml": `
version: 1
users: { mitsio: {} }
hosts: { laptop: { os: fedora } }
home:
  - { path: .cache/, class: cache }
  - { path: .cache/logs/, class: log, need: none }
`,
      "root/home/mitsio/large": "x".repeat(30_000_000),
      "root/home/mitsio/.cache/a": "x".repeat(26_000),
      "root/home/mitsio/.cache/logs/b": "x".repeat(22_000),
    });
    const [own] = reported(remanence(folder, [...args, "--format", "json", "--output", "-"])).scans;
    const decided = own === undefined ? [] : leaves(own.tree).filter(({ fate }) => fate !== "undecided");
    expect(decided.map((leaf) => leaf.class).sort()).toEqual(["cache", "log"]);
  });

  it("says what each case would cost, as scan --lost-on does", () => {
    const folder = workspace();
    const [own] = reported(remanence(folder, [...args, "--format", "json", "--output", "-"])).scans;
    expect(own?.lost.map(({ name }) => name)).toEqual(["wipe", "disk", "move:desk"]);
    for (const { name, rows } of own?.lost ?? []) {
      const scan = remanence(folder, ["scan", ...args.slice(1), "--lost-on", name, "--format", "json"]);
      expect(rows, name).toEqual((JSON.parse(scan.stdout) as { lost: object[] }).lost);
    }
    expect(own?.lost[0]?.rows.map(({ path }) => path)).toContain("/home/mitsio/VirtualBox VMs");
    // Nothing wipes a Fedora.
    const desk = remanence(folder, ["report", "--host", "desk", "--root", "root", "--format", "json", "--output", "-"]);
    expect(reported(desk).scans[0]?.lost.map(({ name }) => name)).toEqual(["disk", "move:laptop"]);
  });

  it("writes a page, a picture or data, here or where it is told, and over its own", () => {
    const folder = workspace();
    const before = readdirSync(folder);
    const run = remanence(folder, args);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(
      /^laptop: .* undecided, .* persist, .* carry, .* discard\n\nWritten to remanence-report\.html/,
    );
    expect(readText(folder, "remanence-report.html")).toMatch(/^<!doctype html> <!-- remanence report -->\n/);
    for (const format of ["html", "svg", "json"]) {
      const to = ["--format", format, "--output", `x.${format}`];
      expect(remanence(folder, [...args, "--format", format]), format).toMatchObject({ code: 0, stderr: "" });
      // The second time over its own.
      for (const turn of [1, 2]) expect(remanence(folder, [...args, ...to]).code, `${format} ${turn}`).toBe(0);
    }
    const made = ["html", "svg", "json"].flatMap((format) => [`remanence-report.${format}`, `x.${format}`]);
    // No temporary file is left.
    expect(readdirSync(folder).sort()).toEqual([...before, ...made].sort());
  });

  it("escapes names in the page", () => {
    const folder = workspace();
    const page = remanence(folder, [...args, "--output", "-"]).stdout;
    expect(page.includes("script>alert(1)")).toBe(false);
    expect(page.includes("\\u003c!--\\u003cscript\\u003ealert(1)")).toBe(true);
  });

  it("does not overwrite what it did not write, unless it is told to", () => {
    const folder = workspace();
    writeFileSync(join(folder, "mine.html"), "<!doctype html>\n<p>mine</p>\n");
    const to = ["--output", "mine.html"];
    const refused = remanence(folder, [...args, ...to]);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toContain("mine.html is there and is not one that this command wrote");
    expect(readText(folder, "mine.html")).toContain("mine");
    // A report of another format is another file.
    expect(remanence(folder, [...args, "--format", "svg", "--output", "pic"]).code).toBe(0);
    expect(remanence(folder, [...args, "--output", "pic"]).code).toBe(2);
    expect(remanence(folder, [...args, ...to, "--force"]).code).toBe(0);
    expect(readText(folder, "mine.html")).toContain("remanence report");
  });

  it("never writes through a link, nor over a directory or a device", () => {
    const folder = workspace();
    writeFileSync(join(folder, "precious"), "<!doctype html> <!-- remanence report -->\n");
    symlinkSync("precious", join(folder, "link.html"));
    expect(remanence(folder, [...args, "--output", "link.html"]).code).toBe(2);
    expect(remanence(folder, [...args, "--output", "link.html", "--force"]).code).toBe(0);
    expect(lstatSync(join(folder, "link.html")).isFile()).toBe(true);
    expect(readText(folder, "precious")).toBe("<!doctype html> <!-- remanence report -->\n");
    mkdirSync(join(folder, "there"));
    for (const place of ["there", "/dev/null", "nowhere/report.html"]) {
      const run = remanence(folder, [...args, "--output", place, "--force"]);
      expect(run.code, place).toBe(2);
      expect(run.stderr, place).toContain(place);
    }
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("puts several hosts into one page", () => {
    const folder = workspace();
    const desk = ["report", "--host", "desk", "--root", "root", "--format", "json", "--output", "desk.json"];
    expect(remanence(folder, desk).code).toBe(0);
    const both = [...args, "--add", "desk.json", "--format", "json", "--output", "-"];
    expect(reported(remanence(folder, both)).scans.map(({ host }) => host)).toEqual(["laptop", "desk"]);
    expect(remanence(folder, [...args, "--add", "desk.json", "--output", "-"]).stdout).toContain(
      "<title>What remains on laptop and desk</title>",
    );
    const twice = remanence(folder, [...args, "--add", "desk.json", "desk.json"]);
    expect(twice).toMatchObject({ code: 2, stdout: "" });
    expect(twice.stderr).toContain("desk is in the report twice");
  });

  it("says what is wrong with a report to add", () => {
    const folder = workspace();
    const other = { version: 1, generator: "remanence report", scans: [{ host: 3 }] };
    writeFileSync(join(folder, "other.json"), JSON.stringify(other));
    for (const [file, what] of [
      ["missing.json", "cannot read missing.json"],
      ["persistence.yaml", "persistence.yaml is no report to add: it is not JSON"],
      ["other.json", "other.json is no report to add: scans.0.host"],
    ] as const) {
      const run = remanence(folder, [...args, "--add", file]);
      expect(run, file).toMatchObject({ code: 2, stdout: "" });
      expect(run.stderr, file).toContain(what);
    }
  });

  it("writes nothing where the manifest is at fault", () => {
    const folder = folderWith({ "persistence.yaml": manifest.replace("home:", "hmoe:") });
    const run = remanence(folder, [...args]);
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toContain("Nothing was looked at");
    expect(readdirSync(folder)).toEqual(["persistence.yaml"]);
    expect(remanence(folder, ["report", "--host", "lpatop"]).stderr).toContain("did you mean laptop?");
  });

  it("leaves the file as it was where it cannot be written", () => {
    const folder = workspace();
    mkdirSync(join(folder, "locked"));
    writeFileSync(join(folder, "locked/report.html"), "<!doctype html> <!-- remanence report --> old");
    chmodSync(join(folder, "locked"), 0o555);
    // Root may write anywhere, but not where the name is too long for a file.
    const place = process.getuid?.() === 0 ? `locked/${"n".repeat(300)}` : "locked/report.html";
    const run = remanence(folder, [...args, "--output", place]);
    chmodSync(join(folder, "locked"), 0o755);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain("nothing was changed");
    expect(readdirSync(join(folder, "locked"))).toEqual(["report.html"]);
  });
});
