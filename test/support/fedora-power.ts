/** Cuts the power at every instant: what a disk would hold then is what is found after the next start. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "./fedora.ts";
import { runBetween } from "./fedora-crash.ts";
import type { Stage } from "./fedora-stage.ts";
import { memory, scratch } from "./workspace.ts";

/** Sizes in MiB: btrfs wants more than 100. */
const sizes = { ext4: 64, btrfs: 160 };

function call(...command: string[]): void {
  const done = run(command, { home: "/" });
  if (done.code !== 0) throw new Error(`${command.join(" ")}: ${done.err}`);
}

/** Disks as image files on a btrfs, where a clone of one as it is costs nothing: with what was written back, and no more. */
export class Disks {
  readonly folder: string;
  readonly homes: string;
  readonly store: string;
  readonly #images: readonly string[];

  /** A disk for the home and one for the store, or one for both, mounted twice. */
  constructor(kind: "ext4" | "btrfs", count: 1 | 2) {
    const outer = scratch("remanence-disks-", memory);
    this.folder = join(outer, "disks");
    this.homes = join(outer, "homes");
    this.store = join(outer, "store");
    for (const folder of [this.folder, this.homes, this.store]) call("mkdir", folder);
    call("truncate", "-s", "6G", join(outer, "image"));
    call("mkfs.btrfs", "-q", join(outer, "image"));
    call("mount", "-o", "loop", join(outer, "image"), this.folder);
    onTestFinished(() => call("umount", "-l", this.folder));
    this.#images = ["homes", "store"].slice(0, count).map((name) => join(this.folder, name));
    for (const image of this.#images) {
      call("truncate", "-s", `${sizes[kind]}M`, image);
      call(`mkfs.${kind}`, "-q", image);
    }
    call("mkdir", join(this.folder, "cuts"));
    this.mount(this.#images);
    onTestFinished(() => this.unmount());
  }

  mount([homes = "", store]: readonly string[]): void {
    call("mount", "-o", "loop", homes, this.homes);
    if (store === undefined) call("mount", "--bind", this.homes, this.store);
    else call("mount", "-o", "loop", store, this.store);
  }

  flush(): void {
    call("sync", "-f", this.homes, this.store);
  }

  unmount(): void {
    for (const folder of [this.store, this.homes]) run(["umount", folder], { home: "/" });
  }

  /**
   * What is run at a cut: the disks as they are. With `fsync`, other programs have just put a file of theirs on each: that
   * writes down what names there are, and not what is in the files that they name.
   */
  cut(fsync: boolean): string {
    const others = [this.homes, this.store].map((folder) => `${folder}/other`);
    const clones = this.#images.map(
      (image) => `cp --reflink=always "${image}" "$cut/${image.slice(this.folder.length + 1)}"`,
    );
    return [
      `cut=${this.folder}/cuts/$EPOCHREALTIME-$BASHPID; mkdir "$cut"`,
      ...(fsync ? others.map((other) => `echo >>"${other}"; sync "${other}"`) : []),
      ...clones,
      'printf %s "$BASH_COMMAND" >"$cut/command"',
    ].join("; ");
  }

  /** The cuts that were made, in their order: each mounted in place of the disks, looked at, and thrown away. */
  afterEach(look: (command: string) => void): void {
    this.unmount();
    for (const name of readdirSync(join(this.folder, "cuts")).sort()) {
      const cut = join(this.folder, "cuts", name);
      this.mount(this.#images.map((image) => join(cut, image.slice(this.folder.length + 1))));
      try {
        look(readFileSync(join(cut, "command"), "utf8"));
      } finally {
        this.unmount();
        rmSync(cut, { recursive: true });
      }
    }
    this.mount(this.#images);
  }
}

/** Cuts the power before commands of the stage's script, and looks at each of the disks that are left. */
export function cutEverywhere(stage: Stage, disks: Disks, many: number, look: (command: string) => void): void {
  for (const fsync of [false, true]) {
    const numbers = stage.moments(many).map(({ number }) => number);
    stage.lay();
    disks.flush();
    stage.prepare();
    const done = runBetween(disks.cut(fsync), numbers, stage.play.scripts, stage.play.call, stage);
    if (done.code !== 0) throw new Error(done.out + done.err);
    disks.afterEach((command) => look(`without power before ${command}${fsync ? ", after a fsync" : ""}`));
  }
}
