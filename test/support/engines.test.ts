import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  describeWith,
  type EngineName,
  engineCommand,
  engineNames,
  findEngine,
  missingIn,
  skippedTitle,
  verdictOn,
} from "./engines.ts";
import { lossReport } from "./engines-reporter.ts";

const installScript = fileURLToPath(new URL("../engines/install.sh", import.meta.url));

/** Runs the install script in one of its modes that install nothing. */
const script = (mode: "--list" | "--mirrors", env: Record<string, string> = {}) => {
  const run = spawnSync(installScript, [mode], { encoding: "utf8", env: { ...process.env, ...env } });
  return run.stdout.split("\n").filter((line) => line !== "");
};

describe("verdict on a suite", () => {
  const without =
    (...names: EngineName[]) =>
    (name: EngineName) =>
      names.includes(name);

  it("runs it where all engines are there", () => {
    expect(verdictOn(["nix", "chezmoi"], without("restic"), true)).toEqual({ kind: "run" });
  });

  it("skips it for those that are missing", () => {
    expect(verdictOn(["nix", "chezmoi", "loop"], without("chezmoi", "loop"), false)).toEqual({
      kind: "skip",
      missing: ["chezmoi", "loop"],
    });
  });

  it("fails it in CI, but not for what a CI machine cannot always have", () => {
    expect(verdictOn(["chezmoi", "root"], without("chezmoi", "root"), true)).toEqual({
      kind: "fail",
      missing: ["chezmoi"],
    });
    expect(verdictOn(["nix", "nix-sources"], without("nix-sources"), true)).toEqual({
      kind: "skip",
      missing: ["nix-sources"],
    });
  });

  it("is read back from the title of a skipped suite", () => {
    expect(missingIn(skippedTitle("link script [fast]", ["chezmoi", "nix-sources"]))).toEqual([
      "chezmoi",
      "nix-sources",
    ]);
    expect(missingIn("a suite [needs nothing of ours]")).toEqual([]);
  });
});

describe("engines of this machine", () => {
  it("finds node's neighbours with a version and an absolute path", () => {
    expect(findEngine("git")).toEqual({
      command: expect.stringMatching(/^\/.*\/git$/),
      version: expect.stringMatching(/^\d+\.\d+/),
    });
    expect(engineCommand("git")).toBe(findEngine("git")?.command);
  });

  it("are those the install script lists", () => {
    const listed = script("--list").map((line) => line.split(/\s+/, 3));
    const [programs, sources] = [listed.slice(0, -5), listed.slice(-5)];
    const seen = engineNames
      .filter((name) => !["nix-sources", "selinux-policy", "root", "loop", "mount-namespace"].includes(name))
      .map((name) => [name, findEngine(name)?.version ?? "missing"]);
    expect(programs.map(([name, version]) => [name, version])).toEqual(seen);
    expect(sources.map(([name]) => name)).toEqual([
      "nixpkgs.lib",
      "impermanence",
      "impermanence-v1",
      "preservation",
      "home-manager",
    ]);
  });
});

describe("report of what was skipped", () => {
  it("says nothing where nothing was", () => {
    expect(lossReport([])).toBe("");
  });

  it("names the engine, the loss and the way out", () => {
    const lost = [
      { engine: "chezmoi", tests: 12, files: 2 },
      { engine: "loop", tests: 1, files: 1 },
    ] as const;
    expect(lossReport(lost)).toBe(`
 Missing engines, so not everything was tested:
   chezmoi  12 tests in 2 files skipped; to have it: npm run engines
   loop     1 test in 1 file skipped; to have it: run the tests as root where loop devices may be used
`);
  });
});

describe.runIf(spawnSync("apt-config", ["--version"]).status === 0)("mirrors that the install script asks", () => {
  let etc: string;

  beforeEach(() => {
    etc = mkdtempSync(join(tmpdir(), "remanence-apt-"));
    mkdirSync(join(etc, "sources.list.d"));
    mkdirSync(join(etc, "apt.conf.d"));
    writeFileSync(join(etc, "config"), `Dir::Etc "${etc}";\n`);
  });
  afterEach(() => rmSync(etc, { recursive: true }));

  const mirrors = () => script("--mirrors", { APT_CONFIG: join(etc, "config") });

  it("are none without sources", () => {
    expect(mirrors()).toEqual([]);
  });

  it("come from one-line sources: the archive, not security, a third party only last", () => {
    writeFileSync(
      join(etc, "sources.list"),
      `# deb http://commented.example/debian stable main
deb cdrom:[Debian GNU/Linux 12]/ stable main
deb [ arch=amd64 signed-by=/x/y.gpg ] https://third.example/apt stable main
deb-src http://source.example/debian stable main
deb [arch=amd64] http://mirror.example/debian/ stable main contrib # near
deb http://mirror.example/debian stable-updates main
deb http://security.example/debian-security stable-security main
deb https://containers.example/linux/debian stable edge
`,
    );
    expect(mirrors()).toEqual(["http://mirror.example/debian", "https://third.example/apt"]);
  });

  it("come from deb822 sources: several values, continued lines, comments, disabled stanzas", () => {
    writeFileSync(
      join(etc, "sources.list.d", "debian.sources"),
      `Types: deb deb-src
# a comment ends no stanza
URIs: mirror+file:///etc/apt/mirrors/debian.list
Suites: stable-updates
 stable
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 URIs: http://key.example/debian

Types: deb
URIs: http://off.example/debian
Suites: stable
Components: main
Enabled: no

types:deb
uris: http://a.example/debian http://b.example/debian
suites: stable
components: main`,
    );
    expect(mirrors()).toEqual([
      "mirror+file:///etc/apt/mirrors/debian.list",
      "http://a.example/debian",
      "http://b.example/debian",
    ]);
  });
});

describeWith(["shellcheck", "shfmt"], "install script", () => {
  it("is clean to shellcheck and shfmt", () => {
    for (const [command, args] of [
      [engineCommand("shellcheck"), ["-S", "style"]],
      [engineCommand("shfmt"), ["-d", "-i", "2"]],
    ] as const) {
      const run = spawnSync(
        command,
        [...args, installScript, fileURLToPath(new URL("../../.ci/run", import.meta.url))],
        {
          encoding: "utf8",
        },
      );
      expect(run.stdout).toBe("");
    }
  });
});
