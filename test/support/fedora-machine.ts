/** A machine with users, stores and units of its own, in mounts that nobody else sees: for what root does on Fedora. */
import { spawn } from "node:child_process";
import { closeSync, openSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { type Run, type RunOptions, run, type Scripts } from "./fedora.ts";
import { folderWith, scratch } from "./workspace.ts";

export type FileSystem = "tmpfs" | "ext4" | "btrfs";

/** Accounts of the machine: two people, and a service. */
export const ids = { ann: 4001, bob: 4002, service: 4003 } as const;
export type Account = keyof typeof ids;

const accounts = {
  passwd: [
    "root:x:0:0:root:/var/lib/root:/bin/bash",
    "nobody:x:65534:65534:nobody:/:/bin/false",
    ...Object.entries(ids).map(
      ([name, id]) => `${name}:x:${id}:${id}::${name === "service" ? "/" : `/home/${name}`}:/bin/bash`,
    ),
  ],
  group: ["root:x:0:", "nogroup:x:65534:", ...Object.entries(ids).map(([name, id]) => `${name}:x:${id}:`)],
  subuid: ["ann:300000:65536"],
  subgid: ["ann:300000:65536"],
};

export class Machine {
  readonly #holder: number;
  readonly env: NodeJS.ProcessEnv;

  /** Mounts `/home`, `/srv` on one file system, and `/mnt` on it too or on one of its own. */
  constructor(homes: FileSystem, store?: FileSystem, env: NodeJS.ProcessEnv = {}) {
    const holder = spawn("unshare", ["--mount", "--propagation", "private", "sleep", "infinity"], { stdio: "ignore" });
    this.#holder = holder.pid ?? 0;
    this.env = env;
    onTestFinished(() => {
      holder.kill("SIGKILL");
    });
    this.#settle();
    const files = folderWith(
      Object.fromEntries(Object.entries(accounts).map(([name, lines]) => [name, `${lines.join("\n")}\n`])),
    );
    for (const name of ["subuid", "subgid"]) this.#provide(`/etc/${name}`);
    for (const name of Object.keys(accounts)) this.do("mount", "--bind", join(files, name), `/etc/${name}`);
    for (const place of ["/etc/systemd/system", "/var/lib"]) this.do("mount", "-t", "tmpfs", "tmpfs", place);
    this.do("mkdir", "-m", "0700", "/var/lib/root");
    this.#mount(homes, "/home");
    this.do("mkdir", "-m", "0755", "/home/.srv", "/home/.mnt");
    this.do("mount", "--bind", "/home/.srv", "/srv");
    if (store !== undefined) this.#mount(store, "/mnt");
    for (const name of ["ann", "bob"] as const) {
      this.do("install", "-d", "-m", "0700", "-o", name, "-g", name, `/home/${name}`);
      if (store !== undefined) this.do("install", "-d", "-m", "0700", "-o", name, "-g", name, `/mnt/home/${name}`);
    }
  }

  /** Waits until the holder has mounts of its own. */
  #settle(): void {
    const mounts = (pid: number | string): string => run(["readlink", `/proc/${pid}/ns/mnt`], { home: "/" }).out;
    for (let tries = 0; tries < 200; tries++) {
      if (mounts(this.#holder) !== mounts("self") && mounts(this.#holder) !== "") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    throw new Error("no mounts of its own");
  }

  #provide(file: string): void {
    if (run(["test", "-e", file], this.options()).code !== 0) {
      // A file of this machine that is missing is made, empty as it would be.
      closeSync(openSync(file, "a"));
      onTestFinished(() => rmSync(file, { force: true }));
    }
  }

  #mount(kind: FileSystem, place: string): void {
    if (kind === "tmpfs") this.do("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", place);
    else {
      const image = join(scratch(), "image");
      closeSync(openSync(image, "w"));
      truncateSync(image, 320 << 20);
      this.do(`mkfs.${kind}`, "-q", image);
      this.do("mount", "-o", "loop", image, place);
      this.do("chmod", "0755", place);
    }
  }

  options(who: Account | "root" = "root"): RunOptions {
    const home = who === "root" ? "/var/lib/root" : `/home/${who}`;
    return { home, env: this.env, among: this.#holder, ...(who === "root" ? {} : { uid: ids[who] }) };
  }

  run(command: readonly string[], who: Account | "root" = "root"): Run {
    return run(command, this.options(who));
  }

  /** Does something that must work; its output. */
  do(...command: string[]): string {
    return this.as("root", ...command);
  }

  as(who: Account | "root", ...command: string[]): string {
    const done = this.run(command, who);
    if (done.code !== 0) throw new Error(`${command.join(" ")}: ${done.code} ${done.out}${done.err}`);
    return done.out;
  }

  sh(text: string, who: Account | "root" = "root"): string {
    return this.as(who, "bash", "-ec", text);
  }

  /** Runs a script that must end in the given way. */
  script(
    code: number,
    scripts: Scripts,
    name: string,
    args: readonly string[] = [],
    who: Account | "root" = "root",
  ): Run {
    const done = this.run(["bash", join(scripts.folder, `${name}.sh`), ...args], who);
    expect(done.code, `${name} ${args.join(" ")}\n${done.out}${done.err}`).toBe(code);
    return done;
  }

  /** The directory that is mounted at a place: its path in its file system; undefined where nothing is. */
  mountAt(place: string): string | undefined {
    const found = this.run(["findmnt", "--noheadings", "--output", "FSROOT", "--mountpoint", place]);
    return found.code === 0 ? found.out.trim().split("\n").at(-1) : undefined;
  }

  /** Content and modes of a tree, as text. */
  tree(place: string): string {
    return this.sh(
      `cd ${place} && find . -printf '%p %y %m %U %G %l\\n' | sort && find . -type f -print0 | sort -z | xargs -0r sha256sum`,
    );
  }
}

/** A manifest of two users whose entries are mounted. */
export function bindManifest(
  home: readonly string[],
  more: { store?: string; system?: readonly string[] } = {},
): string {
  const list = (entries: readonly string[]): string[] => entries.map((entry) => `  - ${entry}`);
  return [
    "version: 1",
    "users: { ann: {}, bob: {} }",
    `hosts: { desk: { os: fedora, stores: { persist: ${more.store ?? "/mnt"} }, fedora: { link: bind } } }`,
    ...(home.length === 0 ? [] : ["home:", ...list(home)]),
    ...(more.system === undefined ? [] : ["system:", ...list(more.system)]),
    "",
  ].join("\n");
}
