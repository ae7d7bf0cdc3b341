import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { generate, picture } from "../support/chezmoi-tree.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { compileText, readText, scratch, writeFiles } from "../support/workspace.ts";

const manifest = `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids, chezmoi]
home:
  - { path: [.config/app/, .bashrc], class: config, carry: true }
  - { path: .gitconfig, class: config, carry: template }
  - { path: .config/seeded, class: config, carry: seed }
  - { path: .ssh/config, class: secret, carry: encrypted }
  - { path: .token, carry: { from: pass, entry: not there } }
  - { path: .config/tool.sh, fetch: { file: "file:///nowhere/tool.sh" } }
outputs: { chezmoi: "." }
`;

/** What a service of the module runs, as nix reads it: its commands, with the real chezmoi in them. */
function commands(file: string, runtime: string): string[][] {
  const packages = `{ chezmoi = "/chezmoi"; git = "/git"; }`;
  const expression = `(import ${file} { pkgs = ${packages}; }).systemd.user.services.remanence-carry`;
  const nix = execFileSync(engineCommand("nix"), ["--eval", "--strict", "--json", "--expr", expression]);
  const { serviceConfig, unitConfig } = JSON.parse(nix.toString()) as {
    serviceConfig: { ExecStart: string[] };
    unitConfig: { ConditionUser: string[] };
  };
  expect(unitConfig.ConditionUser).toEqual(["alice"]);
  return serviceConfig.ExecStart.map((line) =>
    line.replace(/^-/, "").replace("/chezmoi/bin/chezmoi", engineCommand("chezmoi")).replace("%t", runtime).split(" "),
  );
}

describeWith(["nix", "chezmoi", "age"], "carry.nix: the home of a NixOS machine after a wipe", () => {
  /** A home as chezmoi has laid it, with the repository in it, and the folders that outlive a wipe. */
  async function laid() {
    const home = scratch();
    const source = join(home, ".local/share/chezmoi");
    const config = join(home, ".config/chezmoi");
    for (const folder of [source, config]) mkdirSync(folder, { recursive: true });
    const key = join(config, "key.txt");
    execFileSync(engineCommand("age").replace(/age$/, "age-keygen"), ["-o", key], { stdio: "ignore" });
    const recipient = /public key: (age1\w+)/.exec(readText(config, "key.txt"))?.[1] ?? "";
    writeFileSync(
      join(config, "chezmoi.toml"),
      `umask = 0o022\nencryption = "age"\n[age]\nidentity = "${key}"\nrecipient = "${recipient}"\n[data.remanence]\nhost = "laptop"\n`,
    );
    writeFiles(home, {
      ".config/app/conf": "settings",
      ".config/app/run": "#!/bin/sh\n",
      ".bashrc": "mine",
      ".config/seeded": "seed",
      ".ssh/config": "Host x",
    });
    const env = { PATH: process.env["PATH"], HOME: home, LANG: "C.UTF-8", XDG_RUNTIME_DIR: scratch() };
    const chezmoi = (...args: string[]) => spawnSync(engineCommand("chezmoi"), args, { env, encoding: "utf8" });
    const add = (...args: string[]) => expect(chezmoi("add", ...args)).toMatchObject({ status: 0, stderr: "" });
    execFileSync("chmod", ["755", join(home, ".config/app/run")]);
    execFileSync("chmod", ["600", join(home, ".ssh/config")]);
    execFileSync("chmod", ["700", join(home, ".ssh")]);
    add(join(home, ".config/app"), join(home, ".bashrc"));
    add("--create", join(home, ".config/seeded"));
    add("--encrypt", join(home, ".ssh/config"));
    writeFiles(source, { "dot_gitconfig.tmpl": "# {{ .remanence.host }}\n", "persistence.yaml": manifest });
    await generate(source);
    expect(chezmoi("apply", "--exclude=externals", "--skip-secrets")).toMatchObject({ status: 0, stderr: "" });
    const [content = [], externals = []] = commands(join(source, "nixos/laptop/carry.nix"), env.XDG_RUNTIME_DIR);
    const run = ([command = "", ...args]: string[]) => spawnSync(command, args, { env, encoding: "utf8" });
    const wipe = (): void => {
      for (const name of readdirSync(home)) {
        if (![".config", ".local"].includes(name)) rmSync(join(home, name), { recursive: true });
      }
      for (const name of readdirSync(join(home, ".config")))
        if (name !== "chezmoi") rmSync(join(home, ".config", name), { recursive: true });
    };
    /** What is there, chezmoi's own aside. */
    const there = () =>
      Object.fromEntries(Object.entries(picture(home)).filter(([path]) => !/chezmoi|^\.(?:local|cache)/.test(path)));
    return { home, source, wipe, there, content: () => run(content), externals: () => run(externals) };
  }

  it("is as it was, settings, keys and modes, without anybody asked", async () => {
    const { wipe, there, content, externals } = await laid();
    const before = there();
    expect(before).toMatchObject({
      ".bashrc": "0644 mine",
      ".config/app/run": "0755 #!/bin/sh\n",
      ".gitconfig": "0644 # laptop\n",
      ".ssh/": "0700",
      ".ssh/config": "0600 Host x",
    });
    wipe();
    expect(Object.keys(there())).toEqual([".config/"]);
    expect(content()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(there()).toEqual(before);
    // what comes from elsewhere is by itself: it may fail
    expect(externals().status).toBe(1);
    expect(there()).toEqual(before);
  });

  it("keeps what is there and differs, lays the rest, and goes on after either", async () => {
    const { home, wipe, there, content } = await laid();
    const before = there();
    wipe();
    writeFiles(home, { ".bashrc": "newer than the repository", ".config/seeded": "newer too" });
    writeFiles(home, { ".gitconfig/precious": "a directory" });
    expect(content().status).toBe(1);
    const { ".gitconfig": _, ...rest } = before;
    expect(there()).toEqual({
      ...rest,
      ".bashrc": "0644 newer than the repository",
      ".config/seeded": "0644 newer too",
      ".gitconfig/": "0755",
      ".gitconfig/precious": "0644 a directory",
    });
  });
});

describeWith(["nix"], "carry.nix", () => {
  const files = async (text: string) => (await compileText(text)).tree.map(({ path }) => path);

  it("is written only where a wipe takes what chezmoi lays", async () => {
    expect(await files(manifest)).toContain("nixos/laptop/carry.nix");
    const kept = manifest.replace("nixos: { wipe", "nixos: { mounts: [/home], wipe");
    expect(await files(kept)).not.toContain("nixos/laptop/carry.nix");
    expect(await files(manifest.replace(/nixos: \{ wipe.*\} \}/, "nixos: { }"))).not.toContain(
      "nixos/laptop/carry.nix",
    );
  });

  it("comes with the demand that chezmoi's own folders are kept", async () => {
    const codes = async (text: string) =>
      (await compileText(text)).diagnostics.filter((d) => d.code === "nixos/chezmoi-lost").map((d) => d.message);
    expect(await codes(manifest)).toEqual([]);
    const lost = await codes(manifest.replace(", chezmoi]", "]"));
    expect(lost.join("\n")).toMatch(/`\.config\/chezmoi` of alice[\s\S]*`\.local\/share\/chezmoi` of alice/);
    const source = manifest
      .replace(", chezmoi]", "]")
      .replace("home:", "home:\n  - { path: .config/chezmoi/, class: secret }");
    expect((await codes(source)).join("\n")).toMatch(/^[\s\S]*`\.local\/share\/chezmoi` of alice[^\n]*$/);
  });
});
