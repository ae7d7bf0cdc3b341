import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { remanence } from "../support/workspace.ts";
import { expectCannotRun, expectNoTrace, generated, small, workspace } from "./support.ts";

const manifest = `${small}  - { path: .cache/, class: cache }
  - { path: ".config/*/Cache/", class: cache }
  - { path: Documents/tmp/, need: none }
system: [/var/x/]
`;

interface Host {
  readonly host: string;
  readonly user: string | null;
  readonly fate: string;
  readonly live: string;
  readonly stored: string | null;
  readonly outputs: readonly { file: string; says: string }[];
}

function explained(folder: string, ...args: string[]): Host[] {
  const { code, stdout } = remanence(folder, ["explain", ...args, "--format", "json"]);
  expect({ args, code }).toEqual({ args, code: 0 });
  return (JSON.parse(stdout) as { hosts: Host[] }).hosts;
}

describe("explain takes a path", () => {
  it.each([
    ["~/Documents", "/home/u/Documents", "persist"],
    ["$HOME/Documents", "/home/u/Documents", "persist"],
    ["Documents", "/home/u/Documents", "persist"],
    ["Documents/", "/home/u/Documents", "persist"],
    ["/home/u/Documents", "/home/u/Documents", "persist"],
    [`${homedir()}/Documents`, "/home/u/Documents", "persist"],
    ["$XDG_CACHE_HOME/x", "/home/u/.cache/x", "discard"],
    ["~/Documents/a/b", "/home/u/Documents/a/b", "persist"],
    ["~/Documents/tmp/x", "/home/u/Documents/tmp/x", "discard"],
    ["~/.config/foo/Cache/x", "/home/u/.config/foo/Cache/x", "discard"],
    ["~/Documents/a*[b]?", "/home/u/Documents/a*[b]?", "persist"],
    ["~/Documents/ä b'\"$(c)", "/home/u/Documents/ä b'\"$(c)", "persist"],
    [".config/app", "/home/u/.config/app", "carry"],
    ["~/Music", "/home/u/Music", "undecided"],
    ["~", "/home/u", "undecided"],
    ["~/", "/home/u", "undecided"],
    ["/var/x/y", "/var/x/y", "persist"],
    ["/var/x/", "/var/x", "persist"],
    ["/opt/x", "/opt/x", "undecided"],
    ["/", "/", "undecided"],
  ])("%s", (path, live, fate) => {
    const [host] = explained(workspace(manifest), path, "--host", "n");
    expect({ live: host?.live, fate: host?.fate }).toEqual({ live, fate });
    expect(host?.user).toBe(live.startsWith("/home/u") ? "u" : null);
    expect(host?.stored).toBe(fate === "persist" ? `/persist${live}` : null);
  });

  it.each(["../x", "a//b", "/a/../b", "", "x\ny"])("but not %j", (path) => {
    expectCannotRun(remanence(workspace(), ["explain", path]), /is no path that an entry could name/);
  });

  it("of the inner home where one lies in another", () => {
    const folder = workspace(`version: 1
users: { a: { home: /srv/a }, b: { home: /srv/a/b } }
hosts: { f: { os: fedora } }
home: [z/]
`);
    expect(explained(folder, "/srv/a/b/z")).toMatchObject([{ user: "b", fate: "persist" }]);
  });

  it("of a home once for each user, on each host", () => {
    const folder = workspace(manifest.replace("users: { u: {} }", "users: { u: {}, v: { home: /data/v } }"));
    const hosts = explained(folder, "Documents");
    expect(hosts.map(({ host, user, live }) => `${host} ${user} ${live}`)).toEqual([
      "f u /home/u/Documents",
      "f v /data/v/Documents",
      "n u /home/u/Documents",
      "n v /data/v/Documents",
    ]);
    expect(explained(folder, "/data/v/Documents").map(({ user }) => user)).toEqual(["v", "v"]);
    expect(remanence(folder, ["explain", "Documents"]).stdout).toMatch(/^f\/v · fedora: persist$/m);
  });
});

describe("explain answers", () => {
  it("with what happens, which line says so, and what each output does", () => {
    const { code, stdout, stderr } = remanence(workspace(manifest), ["explain", "Documents/tmp/x", "--host", "n"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Documents\/tmp\/x\n\nn · nixos: discard\n {2}inside \S*Documents, which stays.*\n/);
    expect(stdout).toContain("rule: `Documents/tmp/` is state, need none  persistence.yaml:12\n");
  });

  it("names only outputs that there are", () => {
    const bound = "  - { path: Pods/, how: bind, on: [f] }\n";
    const folder = generated(manifest.replace("system: [", `${bound}system: [`));
    for (const path of ["Documents", ".config/app", ".cache/x", "/var/x", "Pods/x"]) {
      const outputs = explained(folder, path).flatMap((host) => host.outputs);
      expect(outputs.length).toBeGreaterThan(0);
      for (const { file, says } of outputs) {
        expect({ path, file, exists: existsSync(join(folder, file)) }).toEqual({ path, file, exists: true });
        expect(says).not.toBe("");
      }
    }
  });

  it("with the unit that mounts, and why it is a mount", () => {
    const bound = `${small}  - { path: Pods/, how: bind, note: because, on: [f] }\n`;
    const [host] = explained(workspace(bound), "Pods/x", "--host", "f");
    const fedora = host?.outputs.filter(({ file }) => file.startsWith("fedora/"));
    expect(fedora).toEqual([
      {
        file: "fedora/f/systemd/system/home-u-Pods.mount",
        says: "mounts /persist/home/u/Pods at /home/u/Pods (because)",
      },
      { file: "fedora/f/link.sh", says: "moves it to its store and mounts it, as root" },
    ]);
    expect(host?.outputs.filter(({ file }) => file.includes("symlink_"))).toEqual([]);
  });

  it("where a target cannot do what is asked of it, without the outputs", () => {
    // A home-manager of its own can link, but not mount.
    const folder = workspace(`${small}  - { path: Videos/, how: bind, on: [n] }\n`);
    expect(remanence(folder, ["check"])).toMatchObject({ code: 1, stderr: expect.stringMatching(/nixos\/how/) });
    const { code, stdout, stderr } = remanence(folder, ["explain", "Documents", "--format", "json"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/no outputs as it stands.*1 error: remanence check/);
    const { hosts } = JSON.parse(stdout) as { hosts: Host[] };
    expect(hosts.map(({ host, fate, outputs }) => ({ host, fate, outputs }))).toEqual([
      { host: "f", fate: "persist", outputs: [] },
      { host: "n", fate: "persist", outputs: [] },
    ]);
    expectNoTrace(stderr);
    expect(remanence(folder, ["plan", "--host", "n"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("plan", () => {
  it("says of each entry what becomes of it, in groups, with the totals first", () => {
    const { code, stdout } = remanence(workspace(manifest), ["plan", "--host", "n"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^n · nixos: 3 kept, 1 carried, 0 fetched, 3 discarded\n\n/);
    expect(stdout).toMatch(/^ {2}~u\/Documents\/ +state +important +persist +\/persist\/home\/u\/Documents$/m);
    expect(stdout).toMatch(/^ {2}~u\/\.config\/\*\/Cache +cache +none +discard$/m);
    expect(stdout).toMatch(/^ {2}\/var\/lib\/nixos\/ .*persist +\/persist\/var\/lib\/nixos$/m);
    expect(stdout).not.toMatch(/[ \t]$/m);
  });

  it("takes the only host, or the one named like this machine", () => {
    const folder = workspace(small.replace(/^ {2}n: .*\n/m, ""));
    expect(remanence(folder, ["plan"]).stdout).toMatch(/^f · fedora: /);
  });

  it("finds the manifest above", () => {
    const folder = generated();
    expect(remanence(`${folder}/nixos/n`, ["plan", "--host", "n"])).toMatchObject({ code: 0 });
  });
});
