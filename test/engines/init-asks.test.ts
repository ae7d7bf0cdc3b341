import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { cli, run } from "../cli/support.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { account, fedoraRelease, type MadeRoot, madeRoot } from "../support/made-root.ts";
import { type CliRun, readText, scratch } from "../support/workspace.ts";

const onTerminal = fileURLToPath(new URL("../support/on-terminal.py", import.meta.url));

/** Runs the command on a terminal; `answers`: what is waited for, and what is typed then. */
function asked(folder: string, answers: readonly (readonly [string, string])[], ...args: string[]): CliRun {
  const command = [process.execPath, cli, "init", ...args];
  const env = { TERM: "dumb" };
  return run(engineCommand("python3"), [onTerminal, JSON.stringify(answers), ...command], folder, env);
}

const system: MadeRoot = {
  paths: ["home/alice/.ssh/", "home/alice/.mozilla/", "home/alice/.config/nvim/", "home/bob/.gnupg/", "usr/bin/htop"],
  files: {
    "etc/os-release": fedoraRelease,
    "etc/hostname": "desk\n",
    "etc/passwd": account("alice", 1000) + account("bob", 1001),
  },
};

interface Written {
  readonly users: object;
  readonly hosts: object;
  readonly profiles: unknown[];
}

const written = (folder: string, name = "persistence.yaml"): Written => parse(readText(folder, name)) as Written;
const enter = "\r";

describeWith(["python3"], "init on a terminal", () => {
  it("asks, and Enter takes all", () => {
    const folder = scratch();
    const answers = [
      "Name of this host? [desk] ",
      "Whose homes? [alice bob] ",
      "[all] ",
      "Where to write it? [persistence.yaml] ",
    ];
    const { code, stdout } = asked(
      folder,
      answers.map((text) => [text, enter]),
      "--root",
      madeRoot(system),
    );
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Wrote persistence\.yaml for desk/),
    });
    expect(stdout).toMatch(/\b1 firefox +3 host-settings/);
    expect(stdout).toContain("and 1 that are installed and keep nothing yet");
    expect(written(folder).profiles).toEqual(
      expect.arrayContaining([{ name: "firefox", users: ["alice"] }, { name: "gnupg", users: ["bob"] }, "htop"]),
    );
  });

  it("takes a name, one user, some programs and a place; says what is wrong with an answer and asks again", () => {
    const folder = scratch();
    const run = asked(
      folder,
      [
        ["Name of this host?", `-bad name${enter}`],
        ["A host's name has", `work.station${enter}`],
        ["Whose homes?", `alice carol${enter}`],
        ["There is no carol; they are alice, bob.", `alice${enter}`],
        ["Which?", `7-9${enter}`],
        ["Write numbers from 1 to", `-1${enter}`],
        ["Where to write it?", `dot.yaml${enter}`],
      ],
      "--root",
      madeRoot(system),
    );
    expect(run).toMatchObject({ code: 0 });
    const { users, hosts, profiles } = written(folder, "dot.yaml");
    expect([users, Object.keys(hosts)]).toEqual([{ alice: {} }, ["work.station"]]);
    expect(profiles).toEqual(expect.arrayContaining(["ssh", "neovim", "htop"]));
    expect(JSON.stringify(profiles)).not.toMatch(/firefox|gnupg/);
    expect(readdirSync(folder).sort()).toEqual(["dot.yaml", "persistence.schema.json"]);
  });

  it("leaves out one flavour of a program, and not another", () => {
    const folder = scratch();
    const paths = [...(system.paths ?? []), "home/bob/.var/app/org.mozilla.firefox/"];
    const answers = [
      ["Name of this host?", enter],
      ["Whose homes?", enter],
      ["Which?", `-1${enter}`],
      ["Where to write it?", enter],
    ] as const;
    expect(asked(folder, answers, "--root", madeRoot({ ...system, paths }))).toMatchObject({ code: 0 });
    expect(written(folder).profiles).toContainEqual({ name: "firefox", flavour: "flatpak", users: ["bob"] });
    expect(written(folder).profiles).not.toContainEqual(expect.objectContaining({ users: ["alice"], name: "firefox" }));
  });

  it("asks for the system where it knows none", () => {
    const folder = scratch();
    const files = { ...system.files, "etc/os-release": 'ID=guix\nPRETTY_NAME="Guix \\u001b[31m"\n' };
    const answers = [
      ["Write for fedora or nixos? [fedora] ", `arch${enter}`],
      ["It is one of fedora and nixos.", `nixos${enter}`],
      ["Name of this host?", enter],
      ["Whose homes?", enter],
      ["Which?", enter],
      ["Where to write it?", enter],
    ] as const;
    const { code, stdout } = asked(folder, answers, "--root", madeRoot({ ...system, files }));
    expect(code).toBe(0);
    expect(stdout).not.toContain("\u001b[31m");
    expect(written(folder).hosts).toMatchObject({ desk: { os: "nixos" } });
  });

  it("writes nothing when the input ends, or the person stops it", () => {
    for (const end of ["\u0004", "\u0003"]) {
      const folder = scratch();
      const { code, stdout } = asked(folder, [["Name of this host?", end]], "--root", madeRoot(system));
      expect({ code, files: readdirSync(folder) }).toEqual({ code: 2, files: [] });
      expect(stdout).toContain("no answer; nothing was written");
    }
  });

  it("does not ask with --yes, nor for a place that is named", () => {
    const folder = scratch();
    const root = madeRoot(system);
    const yes = asked(folder, [["Wrote persistence.yaml for desk", ""]], "--yes", "--root", root);
    expect(yes).toMatchObject({ code: 0 });
    expect(yes.stdout).not.toContain("?  [");
    const named = asked(
      folder,
      [
        ["Name of this host?", enter],
        ["Whose homes?", enter],
        ["Which?", enter],
        ["Wrote other.yaml", ""],
      ],
      "--output",
      "other.yaml",
      "--root",
      root,
    );
    expect(named).toMatchObject({ code: 0 });
    expect(named.stdout).not.toContain("Where to write it?");
  });

  it("tells where the dotfiles are when it asks for a place, and refuses one that is taken", () => {
    const folder = madeRoot({ ...system, paths: [...(system.paths ?? []), "home/alice/.local/share/chezmoi/"] });
    const answers = [
      ["Name of this host?", enter],
      ["Whose homes?", enter],
      ["Which?", enter],
      [`Your dotfiles are in ${join(folder, "home/alice/.local/share/chezmoi")}.`, `etc/os-release${enter}`],
      [
        "etc/os-release is there already; name another file.",
        `home/alice/.local/share/chezmoi/persistence.yaml${enter}`,
      ],
    ] as const;
    expect(asked(folder, answers, "--root", folder)).toMatchObject({ code: 0 });
    const text = readText(folder, "home/alice/.local/share/chezmoi/persistence.yaml");
    expect(parse(text)).toMatchObject({ outputs: { chezmoi: "." } });
  });
});
