import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { shell } from "../../src/languages/shell.ts";
import { describeWith } from "../support/engines.ts";
import { newHome, oddNames, run, scriptsOf } from "../support/fedora.ts";
import { lawManifest } from "../support/fedora-law.ts";
import { compileMachine, machines } from "../support/machines.ts";
import { folderWith, scratch, writeTree } from "../support/workspace.ts";

/** The folders of generated files for Fedora: both example machines, and one of odd names for each engine. */
async function folders(): Promise<string[]> {
  const examples = await Promise.all(
    machines.map(async (machine) => join(writeTree(await compileMachine(machine)), "fedora", "desk")),
  );
  const odd = [
    `{ engine: restic, repository: "/mnt/it's", schedule: "*-*-* 03:00", retain: { daily: 7, weekly: 4 } }`,
    `{ engine: tar, path: "/mnt/a b" }`,
  ];
  return [
    ...examples,
    ...(await Promise.all(odd.map(async (backup) => (await scriptsOf(lawManifest(backup))).folder))),
  ];
}

const scriptsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".sh"))
    .map((name) => join(folder, name));

/** The unit files in a folder; of a template one instance, since a template itself cannot be checked. */
const unitsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /\.(service|timer|mount)$/.test(name))
    .map((name) => join(folder, name.replace("@.", "@ann.")));

const shellcheck = ["shellcheck", "-S", "style"];

/** A script's settings, as a script with the same header, and the fixed text around them. */
function parted(text: string): { settings: string; around: string } {
  const end = text.indexOf("\n\n");
  const from = text.indexOf("\n# --- what desk keeps ---\n");
  const to = text.indexOf("\nusage() {\n", from);
  expect(0 < end && end < from && from < to).toBe(true);
  return { settings: text.slice(0, end) + text.slice(from, to), around: text.slice(end, from) + text.slice(to) };
}

describeWith(["shellcheck", "shfmt"], "generated scripts for Fedora", () => {
  const expectNothingSaid = (command: readonly string[], file: string, of: string): void => {
    const done = run([...command, file], { home: "/" });
    expect({ ...done, of }, command[0]).toEqual({ code: 0, out: "", err: "", of });
  };

  it("are such that shfmt and bash have nothing to say", async () => {
    const scripts = (await folders()).flatMap(scriptsIn);
    expect(scripts.length).toBe(24);
    for (const script of scripts) {
      for (const command of [
        ["shfmt", "-d", "-i", "2", "-ci"],
        ["bash", "-n"],
      ]) {
        expectNothingSaid(command, script, script);
      }
    }
  });

  it("are such that shellcheck has nothing to say: each whole once, and what each host keeps", async () => {
    const scripts = (await folders())
      .flatMap(scriptsIn)
      .map((path) => ({ path, ...parted(readFileSync(path, "utf8")) }));
    // Around what a host keeps the text is the same, and shellcheck takes seconds for it. The odd names are whole.
    const byText = new Map(scripts.map((script) => [script.around, script]));
    expect(byText.size).toBe(6);
    for (const { path } of byText.values()) expectNothingSaid(shellcheck, path, path);
    for (const { path, settings } of scripts) {
      const file = join(scratch(), "settings.sh");
      writeFileSync(file, settings);
      expectNothingSaid(shellcheck, file, path);
    }
  });

  it("are made of parts in the same form", () => {
    const emitters = join(import.meta.dirname, "../../src/emitters");
    const parts = ["scripts", "fedora/scripts"].flatMap((folder) => scriptsIn(join(emitters, folder)));
    expect(run(["shfmt", "-d", "-i", "2", "-ci", ...parts], { home: "/" })).toEqual({ code: 0, out: "", err: "" });
  });

  it("have a sister that the guard of chezmoi runs, in the same form and sound by itself", () => {
    const look = join(import.meta.dirname, "../../src/emitters/chezmoi/scripts/look.sh");
    for (const command of [["shfmt", "-d", "-i", "2", "-ci"], ["sh", "-n"], shellcheck])
      expectNothingSaid(command, look, look);
  });
});

describeWith([], "words of a generated script", () => {
  it("reach the program as they are, whatever is in them", () => {
    const words = [...oddNames, "", "new\nline", "\\", "a'", "''x", "--", "\u0001\u007f"];
    const script = shell.script({
      header: ["a test"],
      settings: [],
      before: [],
      after: [`show() { printf '%s\\0' "$@"; }\n${shell.call("show", ...words).text}`],
    });
    const done = run(["bash", "-c", script], { home: "/" });
    expect(done.out.split("\0").slice(0, -1)).toEqual(words);
    expect(() => shell.quote("a\0b")).toThrow(TypeError);
  });
});

describeWith(["systemd"], "generated units for Fedora", () => {
  it("are such that systemd has nothing to say, not even of a misspelt key", async () => {
    for (const folder of await folders()) {
      const home = newHome();
      mkdirSync(join(home, ".config", "remanence"), { recursive: true });
      symlinkSync(folder, join(home, ".config", "remanence", "host"));
      const runtime = scratch();
      const units = unitsIn(join(folder, "systemd"));
      expect(units.length).toBe(5);
      const env = { XDG_RUNTIME_DIR: runtime };
      const done = run(["systemd-analyze", "verify", "--user", "--man=no", ...units], { home, env });
      expect({ ...done, folder }).toEqual({ code: 0, out: "", err: "", folder });
      const ofSystem = unitsIn(join(folder, "systemd", "system"));
      expect(ofSystem.length).toBeGreaterThanOrEqual(3);
      const system = run(["systemd-analyze", "verify", "--man=no", ...ofSystem], { home, env });
      expect({ ...system, folder }).toEqual({ code: 0, out: "", err: "", folder });
    }
  });

  it("would be caught with a misspelt key", () => {
    const folder = folderWith({ "x.service": "[Unit]\nDescripton=x\n[Service]\nExecStart=/usr/bin/true\n" });
    const done = run(["systemd-analyze", "verify", "--user", "--man=no", join(folder, "x.service")], {
      home: newHome(),
      env: { XDG_RUNTIME_DIR: scratch() },
    });
    expect(done.err).not.toBe("");
  });

  it("run the scripts that stand in the home, whatever the home is called", async () => {
    const { folder } = await scriptsOf(lawManifest("{ engine: tar, path: /mnt }"));
    const unit = readFileSync(join(folder, "systemd", "remanence-backup.service"), "utf8");
    expect(unit).toContain("ExecStart=/usr/bin/bash %h/.config/remanence/host/backup.sh --yes\n");
    expect(unit).toContain("After=remanence-clean.service\n");
    expect(unit).toContain("OnFailure=remanence-notify@%n.service\n");
    // A run that is not complete fails, and is told.
    expect(unit).not.toContain("SuccessExitStatus");
    const ofSystem = (name: string): string => readFileSync(join(folder, "systemd", "system", name), "utf8");
    expect(ofSystem("remanence-backup@.service")).toContain(
      "User=root\nExecStart=/usr/bin/bash /etc/remanence/backup.sh --yes --snapshot --for %i\n",
    );
    expect(ofSystem("remanence-backup@.timer")).toMatch(/Persistent=true\nRandomizedDelaySec=1h\nAccuracySec=5min/);
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "touched"), "");
  });
});
