import { chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, expectRun, lay, manifestOf, newHome, type Scripts, scriptsOf, snapshot } from "../support/fedora.ts";

const full = { a: "1" };
const entries = [
  "app/",
  "{ path: .ssh/, class: secret }",
  "{ path: histfile, how: symlink, writes: in-place }",
  "{ path: in-place/, how: none }",
  "{ path: .netrc, class: secret }",
];

async function linked(): Promise<{ scripts: Scripts; home: string }> {
  const scripts = await scriptsOf(manifestOf(entries));
  const home = newHome();
  lay(home, { app: full, ".ssh": full, histfile: "x", "in-place": full, ".netrc": "x" });
  chmodSync(join(home, ".ssh"), 0o700);
  chmodSync(join(home, ".netrc"), 0o600);
  expectRun(0, scripts, "link", [], { home });
  return { scripts, home };
}

/** Every wrong state: how it comes about, and what verify.sh calls it. */
const wrong: Record<string, { path: string; result: string; says: string; make: (home: string) => void }> = {
  "a directory that a program put in place of the link": {
    path: "app",
    result: "replaced",
    says: "a directory stands in place of the link",
    make: (home) => {
      rmSync(join(home, "app"));
      lay(home, { app: full });
    },
  },
  "a file that a program put in place of the link": {
    path: "histfile",
    result: "replaced",
    says: "a file stands in place of the link",
    make: (home) => {
      rmSync(join(home, "histfile"));
      writeFileSync(join(home, "histfile"), "new");
    },
  },
  "a link that leads elsewhere": {
    path: "app",
    result: "foreign",
    says: "a link to /etc, not to the store",
    make: (home) => {
      rmSync(join(home, "app"));
      symlinkSync("/etc", join(home, "app"));
    },
  },
  "a link without its data": {
    path: "app",
    result: "dangling",
    says: "is it mounted?",
    make: (home) => rmSync(join(home, ".persist/app"), { recursive: true }),
  },
  "data without its link": {
    path: "app",
    result: "unlinked",
    says: "the data is in the store",
    make: (home) => rmSync(join(home, "app")),
  },
  "what was never linked": {
    path: "app",
    result: "unlinked",
    says: "not linked yet",
    make: (home) => {
      rmSync(join(home, "app"));
      renameSync(join(home, ".persist/app"), join(home, "app"));
    },
  },
  "the mark of a stopped run": {
    path: "app",
    result: "interrupted",
    says: "run it again",
    make: (home) => {
      rmSync(join(home, "app"));
      renameSync(join(home, ".persist/app"), join(home, "app"));
      symlinkSync(".remanence/app", join(home, ".persist/app"));
    },
  },
  "a file in the store where a directory should be": {
    path: "app",
    result: "kind",
    says: "a file, not a directory",
    make: (home) => {
      rmSync(join(home, ".persist/app"), { recursive: true });
      writeFileSync(join(home, ".persist/app"), "x");
    },
  },
  "a file in the home where a directory should be": {
    path: "app",
    result: "kind",
    says: "a file, not a directory",
    make: (home) => {
      rmSync(join(home, ".persist/app"), { recursive: true });
      rmSync(join(home, "app"));
      writeFileSync(join(home, "app"), "x");
    },
  },
  "secrets in the store that others can read": {
    path: ".ssh",
    result: "mode",
    says: "mode 0755, and should be 0700",
    make: (home) => chmodSync(join(home, ".persist/.ssh"), 0o755),
  },
  "a secret in its place that others can read": {
    path: ".netrc",
    result: "mode",
    says: "mode 0604, and should be 0600",
    make: (home) => chmodSync(join(home, ".netrc"), 0o604),
  },
  "a link where data should be in its place": {
    path: "in-place",
    result: "kind",
    says: "a link, not a directory",
    make: (home) => {
      renameSync(join(home, "in-place"), join(home, "elsewhere"));
      symlinkSync("elsewhere", join(home, "in-place"));
    },
  },
  "the root link gone": {
    path: ".remanence",
    result: "missing",
    says: "run link.sh",
    make: (home) => rmSync(join(home, ".remanence")),
  },
  "the root link leading elsewhere": {
    path: ".remanence",
    result: "foreign",
    says: "a link to /etc",
    make: (home) => {
      rmSync(join(home, ".remanence"));
      symlinkSync("/etc", join(home, ".remanence"));
    },
  },
};

describeWith([], "verify.sh", () => {
  it("finds nothing wrong where all is well, in text and in JSON", async () => {
    const { scripts, home } = await linked();
    expect(expectRun(0, scripts, "verify", [], { home }).out).toContain("0 findings.");
    const done = expectRun(0, scripts, "verify", ["--format", "json"], { home });
    expect(actions(done, "result")).toEqual({
      app: "ok",
      ".ssh": "ok",
      histfile: "ok",
      "in-place": "ok",
      ".netrc": "ok",
    });
    expect(JSON.parse(done.out)).toMatchObject({ version: 1, backup: "none", findings: 0 });
  });

  it("calls what is not there yet no fault", async () => {
    const scripts = await scriptsOf(manifestOf(entries));
    const done = expectRun(0, scripts, "verify", ["--format", "json"], { home: newHome() });
    expect(new Set(Object.values(actions(done, "result")))).toEqual(new Set(["absent"]));
  });

  it.each(Object.keys(wrong))("names %s, and changes nothing", async (name) => {
    const { path, result, says, make } = wrong[name] as (typeof wrong)[string];
    const { scripts, home } = await linked();
    make(home);
    const before = snapshot(home);
    const done = expectRun(1, scripts, "verify", ["--format", "json"], { home });
    const report = JSON.parse(done.out) as {
      entries: { path: string; result: string; says: string }[];
      findings: number;
    };
    const found = report.entries.find((entry) => entry.path === path);
    expect(found).toMatchObject({ result });
    expect(found?.says).toContain(says);
    expect(report.findings).toBeGreaterThan(0);
    expect(expectRun(1, scripts, "verify", [], { home }).out).toContain(says);
    expect(snapshot(home)).toBe(before);
  });

  it("writes JSON and plain text of names that a terminal or a parser would obey", async () => {
    const scripts = await scriptsOf(manifestOf(["app/"]));
    const home = newHome();
    const nasty = Buffer.concat([Buffer.from('\u001b]0;x\u0007\n"\\\t\u009b'), Buffer.from([0xff])]);
    symlinkSync(nasty, join(home, "app"));
    for (const script of ["verify", "link", "unlink"]) {
      const key = script === "verify" ? "result" : "action";
      const done = expectRun(script === "verify" ? 1 : 3, scripts, script, ["--format", "json"], { home });
      expect(Object.keys(actions(done, key))).toEqual(["app"]);
      const text = expectRun(script === "verify" ? 1 : 3, scripts, script, [], { home });
      expect(text.out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    }
  });
});
