import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { filesBelow, folderWith, readText, remanence, scratch } from "../support/workspace.ts";

const manifest = manifestOf([".mozilla/"]);

/** Runs chezmoi as a person does who has nothing but a home: no option but the source, no terminal. */
function chezmoi(home: string, ...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: home, LANG: "C.UTF-8" };
  return spawnSync(engineCommand("chezmoi"), args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

describeWith(["chezmoi", "age"], "a new chezmoi source", () => {
  it("is offered a configuration, and with it chezmoi init works where nobody answers", () => {
    const folder = folderWith({ "persistence.yaml": manifest });
    expect(remanence(folder, ["generate"]).stdout).toContain("remanence generate --new-source");
    expect(filesBelow(join(folder, "chezmoi"))).not.toContain(".chezmoiversion");
    const run = remanence(folder, ["generate", "--new-source"]);
    expect(run.code).toBe(0);
    expect(run.stdout).not.toContain("--new-source");
    expect(run.stdout).toContain("chezmoi/.chezmoi.toml.tmpl: written once, yours from now on");
    const home = scratch();
    expect(chezmoi(home, "init", "--source", join(folder, "chezmoi"))).toMatchObject({ status: 0, stderr: "" });
    expect(readText(home, ".config/chezmoi/chezmoi.toml")).toContain("umask = 0o022");
    // from now on chezmoi knows where it is
    expect(chezmoi(home, "apply")).toMatchObject({ status: 0, stderr: "" });
    expect(chezmoi(home, "source-path").stdout.trim()).toBe(join(folder, "chezmoi"));
  });

  it("encrypts with the key that is there", () => {
    const folder = folderWith({ "persistence.yaml": manifest });
    remanence(folder, ["generate", "--new-source"]);
    const home = scratch();
    mkdirSync(join(home, ".config/chezmoi"), { recursive: true });
    const key = join(home, ".config/chezmoi/key.txt");
    execFileSync(engineCommand("age").replace(/age$/, "age-keygen"), ["-o", key], { stdio: "ignore" });
    const source = ["--source", join(folder, "chezmoi")];
    expect(chezmoi(home, "init", ...source)).toMatchObject({ status: 0, stderr: "" });
    writeFileSync(join(home, ".token"), "secret");
    expect(chezmoi(home, ...source, "add", "--encrypt", join(home, ".token"))).toMatchObject({ status: 0, stderr: "" });
    const stored = readFileSync(join(folder, "chezmoi/encrypted_dot_token.age"), "utf8");
    expect(stored).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/);
    writeFileSync(join(home, ".token"), "other");
    expect(chezmoi(home, ...source, "apply", "--force")).toMatchObject({ status: 0 });
    expect(readText(home, ".token")).toBe("secret");
  });

  it("is the person's own from then on: never written again, never removed, never refused", () => {
    const folder = folderWith({ "persistence.yaml": manifest });
    remanence(folder, ["generate", "--new-source"]);
    writeFileSync(join(folder, "chezmoi/.chezmoi.toml.tmpl"), "umask = 0o077\n");
    const before = picture(folder);
    const again = remanence(folder, ["generate", "--new-source"]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("is not new");
    expect(remanence(folder, ["generate"]).code).toBe(0);
    expect(picture(folder)).toEqual(before);
  });

  it("is not offered where there is something of the person's, and may be in a repo with a README", () => {
    const lived = folderWith({ "persistence.yaml": manifest, "chezmoi/dot_bashrc": "" });
    expect(remanence(lived, ["generate"]).stdout).not.toContain("--new-source");
    const repo = folderWith({ "persistence.yaml": `${manifest}outputs: { chezmoi: . }\n`, "README.md": "mine" });
    expect(remanence(repo, ["generate"]).stdout).toContain("--new-source");
  });
});
