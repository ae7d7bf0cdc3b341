import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { apply, type ChezmoiRun, diff, status, verify } from "../support/chezmoi.ts";
import { aliceAt, complaints, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { readText, scratch, writeFiles } from "../support/workspace.ts";

/** Runs a program of a password manager, with what it reads from stdin. Throws what it says. */
function run(command: string, args: readonly string[], input = "", env: NodeJS.ProcessEnv = process.env): void {
  const { status: code, stderr } = spawnSync(command, args, { input, env, encoding: "utf8" });
  if (code !== 0) throw new Error(`${command} ${args[0]}: ${stderr}`);
}

/** A command that writes a line into a file each time it is run, and then is the real one. */
function counted(command: string, folder: string): { readonly command: string; readonly calls: () => number } {
  const log = join(folder, "calls");
  const wrapper = join(folder, "counted");
  writeFileSync(wrapper, `#!/bin/sh\necho >>'${log}'\nexec '${command}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  return { command: wrapper, calls: () => (existsSync(log) ? readFileSync(log, "utf8").length : 0) };
}

/** What asks chezmoi something, and must not need a password. */
const looks: ((source: string, home: string, host: object) => ChezmoiRun)[] = [
  (source, home, host) => status(source, home, [], host),
  (source, home, host) => diff(source, home, [], host),
  (source, home, host) => verify(source, home, [], host),
];

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n";

describeWith(["chezmoi", "keepassxc"], "secrets that a KeePassXC database has", () => {
  const manifest = manifestOf([
    '{ path: .config/hub/token, carry: { from: keepassxc, entry: "web/git hub" } }',
    '{ path: .config/hub/name, carry: { from: keepassxc, entry: "web/git hub", field: UserName } }',
    "{ path: .config/hub/extra, carry: { from: keepassxc, entry: web/none } }",
    '{ path: .ssh/id, carry: { from: keepassxc, entry: "web/git hub", attachment: "id" } }',
    "{ path: .config/hub/settings, class: config, carry: true }",
  ]);

  /** A database opened by a key file alone, and the lines of chezmoi's configuration that open it. */
  function database(folder: string): { settings: string; calls: () => number } {
    const cli = engineCommand("keepassxc");
    const [file, secret] = [join(folder, "vault.kdbx"), join(folder, "vault.key")];
    const open = ["-q", "--no-password", "--key-file", secret];
    writeFileSync(secret, "a key file for a test");
    writeFileSync(join(folder, "id"), key);
    run(cli, ["db-create", "-q", "--set-key-file", secret, file]);
    run(cli, ["mkdir", ...open, file, "web"]);
    run(cli, ["add", ...open, "-u", "alice", "-p", file, "web/git hub"], "hunter2 <%= $x `id`\n");
    run(cli, ["add", ...open, file, "web/none"]);
    run(cli, ["attachment-import", ...open, file, "web/git hub", "id", join(folder, "id")]);
    const { command, calls } = counted(cli, folder);
    const args = JSON.stringify(["--no-password", "--key-file", secret]);
    const settings = `[keepassxc]\ncommand = "${command}"\ndatabase = "${file}"\nargs = ${args}\nprompt = false\n`;
    return { settings, calls };
  }

  it("are laid private, whatever is in them, and never asked for by what only looks", async () => {
    const { folder, source } = await generated(manifest.replace(/.*none.*\n/, ""), {
      "chezmoi/dot_config/hub/settings": "mine\n",
    });
    const home = homeIn(folder);
    const { settings, calls } = database(folder);
    const host = aliceAt(home, { settings });
    for (const look of looks) expect(look(source, home, host).stderr).toBe("");
    expect(calls()).toBe(0);
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stderr: "" });
    expect(calls()).toBeGreaterThan(0);
    const laid = picture(home);
    expect(laid[".config/hub/token"]).toBe("0600 hunter2 <%= $x `id`\n");
    expect(laid[".config/hub/name"]).toBe("0600 alice\n");
    expect(laid[".ssh/id"]).toBe(`0600 ${key}`);
    expect(laid[".ssh/"]).toBe("0700");
    expect(laid[".config/hub/settings"]).toBe("0644 mine\n");
    const before = calls();
    for (const look of looks) expect(look(source, home, host)).toMatchObject({ code: 0, stdout: "" });
    expect(calls()).toBe(before);
    expect(apply(source, home, ["--verbose"], host)).toMatchObject({ code: 0, stdout: "" });
    expect(apply(source, home, ["--skip-secrets", "--verbose"], host)).toMatchObject({ code: 0, stdout: "" });
  });

  it("stop chezmoi where the entry, or the field, has nothing: what is there is not removed", async () => {
    const { folder, source } = await generated(manifest);
    const home = homeIn(folder);
    const { settings } = database(folder);
    writeFiles(home, { ".config/hub/extra": "the only copy" });
    const empty = apply(source, home, ["--force", "--keep-going"], aliceAt(home, { settings }));
    expect(empty.code).toBe(1);
    expect(empty.stderr).toContain("remanence: keepassxc has nothing for it in web/none");
    expect(readText(home, ".config/hub/extra")).toBe("the only copy");
    rmSync(join(folder, "vault.key"));
    const laid = picture(home);
    expect(apply(source, home, ["--force", "--keep-going"], aliceAt(home, { settings })).code).toBe(1);
    expect(picture(home)).toEqual(laid);
  });

  it("are not laid in the place of a directory, nor on a machine that is not ours", async () => {
    const { folder, source } = await generated(manifest.replace(/.*none.*\n/, ""));
    const { settings } = database(folder);
    const home = homeIn(folder);
    writeFiles(home, { ".ssh/id/precious": "mine" });
    const run = apply(source, home, ["--force"], aliceAt(home, { settings }));
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain("~/.ssh/id is not laid: a directory is there");
    expect(readText(home, ".ssh/id/precious")).toBe("mine");
    const other = homeIn(folder, "other");
    expect(apply(source, other, [], aliceAt(other, { os: "debian", hostname: "x", settings }))).toMatchObject({
      code: 0,
    });
    expect(picture(other)).toEqual({});
  });
});

describeWith(["chezmoi", "pass", "gpg"], "secrets that a pass store has", () => {
  it("are laid: the whole entry, its password, a field of it", async () => {
    const { folder, source } = await generated(
      manifestOf([
        "{ path: .ssh/id, carry: { from: pass, entry: ssh/id } }",
        "{ path: .token, carry: { from: pass, entry: web/hub, field: password } }",
        "{ path: .login, carry: { from: pass, entry: web/hub, field: login } }",
        "{ path: .seeded, carry: { from: pass, entry: web/hub, seed: true } }",
      ]),
    );
    const home = homeIn(folder);
    const gnupg = join(home, ".gnupg");
    mkdirSync(gnupg, { mode: 0o700 });
    const env = { PATH: process.env["PATH"], HOME: home, GNUPGHOME: gnupg };
    const gpg = engineCommand("gpg");
    try {
      run(
        gpg,
        ["--batch", "--passphrase", "", "--quick-generate-key", "alice@example.org", "default", "default"],
        "",
        env,
      );
      run(engineCommand("pass"), ["init", "alice@example.org"], "", env);
      run(engineCommand("pass"), ["insert", "-m", "ssh/id"], key, env);
      run(engineCommand("pass"), ["insert", "-m", "web/hub"], "hunter2\nlogin: alice\n", env);
      const host = aliceAt(home);
      for (const look of looks) expect(look(source, home, host).stderr).toBe("");
      expect(apply(source, home, [], host)).toMatchObject({ code: 0, stderr: "" });
      expect(readText(home, ".ssh/id")).toBe(key);
      expect(readText(home, ".token")).toBe("hunter2\n");
      expect(readText(home, ".login")).toBe("alice\n");
      writeFileSync(join(home, ".seeded"), "changed by its program");
      expect(apply(source, home, [], host).code).toBe(0);
      expect(readText(home, ".seeded")).toBe("changed by its program");
    } finally {
      spawnSync("gpgconf", ["--homedir", gnupg, "--kill", "all"]);
    }
  });
});

describeWith(["chezmoi"], "secrets of the password managers that only a stub stands for here", () => {
  const item = {
    login: { username: "alice", password: "hunter2" },
    notes: "a note",
    fields: [{ name: "own", value: "x y" }],
  };

  it("bitwarden (stub): the password, a field of the login, the notes, an own field, an attachment", async () => {
    const { folder, source } = await generated(
      manifestOf([
        "{ path: .p, carry: { from: bitwarden, entry: hub } }",
        "{ path: .u, carry: { from: bitwarden, entry: hub, field: username } }",
        "{ path: .n, carry: { from: bitwarden, entry: hub, field: notes } }",
        "{ path: .o, carry: { from: bitwarden, entry: hub, field: own } }",
      ]),
    );
    const home = homeIn(folder);
    const stub = join(scratch(), "bw");
    writeFileSync(stub, `#!/bin/sh\n[ "$1 $2 $3" = "get item hub" ] || exit 1\necho '${JSON.stringify(item)}'\n`);
    chmodSync(stub, 0o755);
    const host = aliceAt(home, { settings: `[bitwarden]\ncommand = "${stub}"\n` });
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stderr: "" });
    expect(picture(home)).toEqual({
      ".p": "0600 hunter2\n",
      ".u": "0600 alice\n",
      ".n": "0600 a note\n",
      ".o": "0600 x y\n",
    });
  });

  it("1Password (stub): what a secret reference names", async () => {
    const { folder, source } = await generated(
      manifestOf(['{ path: .p, carry: { from: onepassword, entry: "op://vault/hub/password" } }']),
    );
    const home = homeIn(folder);
    const stub = join(scratch(), "op");
    writeFileSync(
      stub,
      '#!/bin/sh\n[ "$1" != --version ] || { echo 2.30.0; exit; }\nfor last; do :; done\necho "$last"\n',
    );
    chmodSync(stub, 0o755);
    const host = aliceAt(home, { settings: `[onepassword]\ncommand = "${stub}"\nprompt = false\n` });
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stderr: "" });
    expect(picture(home)).toEqual({ ".p": "0600 op://vault/hub/password\n" });
  });
});

describeWith(["chezmoi"], "a secret that comes out of a password manager", () => {
  it("is refused where the person manages the place, or where machines would have different ones", async () => {
    const one = "{ path: .token, carry: { from: pass, entry: hub } }";
    expect(await complaints(manifestOf([one]), { "chezmoi/dot_token": "mine" })).toEqual([
      "chezmoi/fetch-hand-managed",
    ]);
    const two = [
      "{ path: .token, on: [desk], carry: { from: pass, entry: a } }",
      "{ path: .token, on: [laptop], carry: { from: pass, entry: b } }",
    ];
    expect(await complaints(manifestOf(two))).toEqual(["chezmoi/fetch-differs"]);
    expect(await complaints(manifestOf([one, "{ path: .token/x, class: config, carry: true }"]))).toContain(
      "chezmoi/one-kind",
    );
  });
});
