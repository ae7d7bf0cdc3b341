import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { archive } from "../support/chezmoi.ts";
import { picture } from "../support/chezmoi-tree.ts";
import { enginePath } from "../support/engine-table.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { filesBelow, folderWith, readText, remanence, scratch, writeFiles } from "../support/workspace.ts";

const manifest = (...entries: string[]) =>
  `version: 1
users: { alice: {} } # me
hosts:
  desk: { os: fedora, stores: { persist: ~/.persist } }
home:
${["Documents/", ...entries].map((entry) => `  - ${entry} # as it was\n`).join("")}`;

/** A home, a repo beside it, and the command run in it as alice's. */
function world(text: string, files: Readonly<Record<string, string>>) {
  const home = scratch();
  const folder = folderWith({ "persistence.yaml": text });
  writeFiles(home, files);
  const run = (...args: string[]) => remanence(folder, ["carry", ...args], { HOME: home, PATH: enginePath });
  const source = join(folder, "chezmoi");
  const laid = () => {
    remanence(folder, ["generate"]);
    const host = { os: "fedora", home: "/home/alice", username: "alice", hostname: "desk" };
    return archive(source, host).filter(({ path }) => !path.startsWith(".remanence") && path !== "Documents");
  };
  return { home, folder, source, run, laid };
}

/** Sets chezmoi up with a new key of age in a home. */
function withKey(home: string): void {
  mkdirSync(join(home, ".config/chezmoi"), { recursive: true });
  const key = join(home, ".config/chezmoi/key.txt");
  execFileSync(engineCommand("age").replace(/age$/, "age-keygen"), ["-o", key], { stdio: "ignore" });
  const recipient = /public key: (age1\w+)/.exec(readFileSync(key, "utf8"))?.[1];
  const text = `encryption = "age"\n[age]\nidentity = "${key}"\nrecipient = "${recipient}"\n`;
  writeFileSync(join(home, ".config/chezmoi/chezmoi.toml"), text);
}

describeWith(["chezmoi", "age"], "remanence carry", () => {
  it("brings a folder in by chezmoi itself, and says so in the manifest, which stays as it was", () => {
    const { home, folder, source, run, laid } = world(manifest(), {
      ".config/nvim/init.lua": "vim.o.nu = true {{ x }}",
      ".config/nvim/lua/a b/ü.lua": "return 1",
      ".config/nvim/run": "#!/bin/sh\n",
      ".config/nvim/dot_x.tmpl": "{{ not a template",
    });
    chmodSync(join(home, ".config/nvim/run"), 0o755);
    symlinkSync("init.lua", join(home, ".config/nvim/link"));
    const dry = run("~/.config/nvim", "--dry-run");
    expect(dry.stdout).toContain("Nothing was written.");
    expect(existsSync(source)).toBe(false);
    const done = run("~/.config/nvim");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toMatch(/~\/\.config\/nvim +plain +5 files/);
    expect(readText(folder, "persistence.yaml")).toBe(
      `${manifest()}  - { path: .config/nvim/, class: config, carry: true }\n`,
    );
    const shown = Object.fromEntries(
      laid().map(({ path, mode, link, content }) => [path, link ?? `${mode} ${content}`]),
    );
    expect(shown).toMatchObject({
      ".config/nvim/init.lua": "0644 vim.o.nu = true {{ x }}",
      ".config/nvim/lua/a b/ü.lua": "0644 return 1",
      ".config/nvim/run": "0755 #!/bin/sh\n",
      ".config/nvim/dot_x.tmpl": "0644 {{ not a template",
      ".config/nvim/link": "init.lua",
    });
    const before = picture(folder);
    expect(run("~/.config/nvim").code).toBe(0);
    expect(picture(folder)).toEqual(before);
  });

  it("encrypts what is a secret, with a real key, and lays it private whatever it was", () => {
    const { home, folder, source, run } = world(manifest(), { ".ssh/config": "Host secret-host", ".netrc": "token" });
    withKey(home);
    const open = run("~/.netrc");
    expect(open.code).toBe(1);
    expect(open.stderr).toContain("carry it encrypted (--encrypt)");
    expect(existsSync(source)).toBe(false);
    expect(run("~/.netrc", "--encrypt")).toMatchObject({ code: 0, stderr: "" });
    expect(filesBelow(source)).toContain("encrypted_private_dot_netrc.age");
    expect(readText(source, "encrypted_private_dot_netrc.age")).not.toContain("token");
    expect(readText(folder, "persistence.yaml")).toContain("- { path: .netrc, class: secret, carry: encrypted }");
    expect(remanence(folder, ["check"]).code).toBe(0);
    const key = ["--config", join(home, ".config/chezmoi/chezmoi.toml"), "--source", source, "--destination", home];
    writeFileSync(join(home, ".netrc"), "other");
    execFileSync(engineCommand("chezmoi"), [...key, "apply", "--force"], {
      env: { ...process.env, HOME: home, PATH: enginePath },
      stdio: "ignore",
    });
    expect(picture(home)[".netrc"]).toBe("0600 token");
  });

  it("does as the manifest says, and refuses another way", () => {
    const { source, run } = world(
      manifest(
        "{ path: .gitconfig, class: config, carry: template }",
        "{ path: .config/seeded, class: config, carry: seed }",
        '{ path: .token, carry: { from: pass, entry: "x" } }',
        "{ path: .old/, need: none }",
      ),
      { ".gitconfig": "[user]", ".config/seeded": "x", ".token": "x", ".old/x": "", "Documents/x": "" },
    );
    expect(run("~/.gitconfig", ".config/seeded")).toMatchObject({ code: 0, stderr: "" });
    expect(filesBelow(source)).toEqual(expect.arrayContaining(["dot_gitconfig.tmpl", "dot_config/create_seeded"]));
    for (const [path, why] of [
      ["~/.token", "pass has its content (persistence.yaml:9)"],
      ["~/.old/x", "it is not kept (`.old`, persistence.yaml:10)"],
      ["~/Documents/x", "it is kept as state (`Documents`, persistence.yaml:6)"],
      ["~/nowhere", "there is nothing"],
      ["/etc/hosts", "only what is in a home is carried"],
    ] as const) {
      const { code, stderr } = run(path);
      expect(code).toBe(1);
      expect(stderr).toContain(why);
    }
    expect(run("~/.gitconfig", "--encrypt").stderr).toContain(
      "the manifest says `carry: template` (persistence.yaml:7)",
    );
  });

  it("takes no secret for a template, whoever calls it one, and no part that has an entry of its own", () => {
    const { source, run } = world(
      manifest(
        "{ path: .token, class: secret, carry: template }",
        "{ path: app/, class: config, carry: true }",
        "{ path: app/inner, class: config, carry: encrypted }",
      ),
      { ".token": "hunter2", ".other": "hunter2", "app/conf": "x", "app/inner": "hunter2" },
    );
    expect(run("~/.token").stderr).toContain("it is a secret (by its class)");
    expect(run("~/.other", "--class", "secret", "--template").stderr).toContain("it is a secret (by its class)");
    expect(existsSync(source)).toBe(false);
    expect(run("~/app").stdout).toContain(
      "left out: ~/app/inner (`app/inner` has an entry of its own: carry it by itself)",
    );
    expect(filesBelow(source)).toEqual(["app/conf"]);
  });

  it("lays once what its program rewrites, and says why", () => {
    const { source, run, folder } = world(manifest(), { ".config/mimeapps.list": "[Default Applications]" });
    const done = run("~/.config/mimeapps.list");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toContain("its program rewrites it: laid only where nothing is yet");
    expect(filesBelow(source)).toContain("dot_config/create_mimeapps.list");
    expect(readText(folder, "persistence.yaml")).toContain("path: .config/mimeapps.list, class: config, carry: seed");
  });

  it.each([
    ["a large file", { "big/x": "x".repeat((1 << 20) + 1) }, "big", "--max-size", ["--max-size", "2M"]],
    ["a binary file", { "bin/x": "a\0b" }, "bin", "it is no text", ["--binary"]],
    [
      "many files",
      Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`many/${i}`, "x"])),
      "many",
      "more than 500 files",
      ["--max-files", "600"],
    ],
  ])("refuses %s, unless it is told otherwise", (_, files: Record<string, string>, path, why, overrule) => {
    const { source, run } = world(manifest(), files);
    const refused = run(`~/${path}`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(why);
    expect(existsSync(source)).toBe(false);
    expect(run(`~/${path}`, ...overrule)).toMatchObject({ code: 0, stderr: "" });
    expect(filesBelow(source).filter((file) => file.startsWith(path)).length).toBe(Object.keys(files).length);
  });

  it("refuses repositories, odd modes and what chezmoi itself takes for a secret; all or nothing", () => {
    const token = `ghp_${"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8".slice(0, 36)}`;
    const { home, source, run } = world(manifest(), {
      "repo/.git/HEAD": "ref",
      "repo/x": "x",
      "odd/x": "x",
      "hidden/conf": `token = "${token}"\n`,
      "good/x": "x",
    });
    chmodSync(join(home, "odd/x"), 0o640);
    expect(run("~/good", "~/repo").stderr).toContain("it is a git repository of its own");
    expect(run("~/good", "~/odd").stderr).toContain("its mode is 0640");
    expect(existsSync(source)).toBe(false);
    const hidden = run("~/hidden");
    expect(hidden.code).toBe(1);
    expect(hidden.stderr).not.toContain(token);
    expect(existsSync(join(source, "hidden/conf"))).toBe(false);
  });

  it("leaves out what the manifest does not carry, and caches", () => {
    const { source, run } = world(
      manifest(
        "{ path: app/, class: config, carry: true }",
        "{ path: app/state/, class: state }",
        '{ path: "app/*.log", class: log, need: none }',
      ),
      {
        "app/conf": "x",
        "app/state/db": "x",
        "app/a.log": "x",
        ".config/Code/User/settings.json": "{}",
        ".config/Code/Cache/x": "x",
      },
    );
    const done = run("~/app", "--format", "json");
    expect(JSON.parse(done.stdout)).toEqual({
      version: 1,
      carried: [
        { path: "app", form: "plain", why: "as persistence.yaml:7 says", files: ["app/conf"], sources: ["app/conf"] },
      ],
      refused: [],
      left: [
        { path: "app/a.log", why: "`app/*.log` is not carried" },
        { path: "app/state", why: "`app/state` is not carried" },
      ],
      added: null,
    });
    expect(filesBelow(source)).toEqual(["app/conf"]);
  });
});
