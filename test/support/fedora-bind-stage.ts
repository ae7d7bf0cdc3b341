/** A mount that is made and taken away again and again, and stopped at every command, also of what runs for somebody else. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Run, run, type Scripts, scriptsOf } from "./fedora.ts";
import { bindManifest, type FileSystem, Machine } from "./fedora-machine.ts";
import type { Call } from "./fedora-stage.ts";
import { folderWith, scratch } from "./workspace.ts";

/**
 * Looks at each command, as in fedora-crash.ts; the shells that do something for somebody else look too, with the same
 * files. `K` is the end of the shell that meets it: of the script itself, or of one that works for it.
 */
const look = `
set -T
trap 'read -r -N 1 -u 8 __look; case $__look in
  K) kill -9 $$ $BASHPID ;;
  L) printf "%s\\t%s\\n" "\${FUNCNAME[0]-}" "\${BASH_COMMAND//[[:cntrl:]]/ }" >&7 ;;
esac' DEBUG
`;
export const watched = `exec 8<"$1" 7>>"$2"
script=$3
shift 3
${look}
source "$script"`;
/** More looks than a script has. */
export const enough = 20_000;

/** A PATH whose bash looks where somebody looks already. */
export function lookingPath(plain: boolean): string {
  const folder = folderWith({
    bash: '#!/bin/bash -p\nBASH_ENV=${0%/*}/.look exec /bin/bash "$@"\n',
    // No program is called like that: all of them get a link here.
    ".look": `if [[ -e /proc/self/fd/8 ]]; then ${look} fi\n`,
  });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, "bash"), 0o755);
  if (!plain) return `${folder}:/usr/bin:/usr/sbin`;
  const link = 'cd "$0"; ls -d /usr/bin/* /usr/sbin/* | grep -v "/\\(bash$\\|python\\|perl\\)" | xargs ln -sf -t .';
  run(["bash", "-c", link, folder], { home: "/" });
  return folder;
}

/** Commands that change something, as they are listed. */
export const changing =
  /\t(?:exchange|python3|ln|rm|rmdir|mkdir|mv|put_on_disk|note|mount|umount|chattr|install|systemctl|find|tar|cp) /;

export interface BindPlay {
  readonly homes: FileSystem;
  readonly store?: FileSystem;
  readonly call: Call;
  /** Nothing can exchange two names. */
  readonly plain?: boolean;
  readonly after?: readonly Call[];
}

const tree =
  "mkdir -p 'Music/sub dir/deep'; echo 1 >Music/a; echo 2 >'Music/sub dir/b'; ln -s a Music/l; chmod 600 Music/a";

export class BindStage {
  readonly machine: Machine;
  readonly #play: BindPlay;
  readonly #scripts: Scripts;
  readonly #store: string;
  readonly #whole: string;
  readonly #end: string;
  kills = 0;

  static async of(play: BindPlay): Promise<BindStage> {
    const store = play.store === undefined ? "~/.persist" : "/mnt";
    return new BindStage(play, await scriptsOf(bindManifest(["{ path: Music/, users: [ann] }"], { store })));
  }

  private constructor(play: BindPlay, scripts: Scripts) {
    this.#play = play;
    this.#scripts = scripts;
    this.#store = play.store === undefined ? "/home/ann/.persist" : "/mnt/home/ann";
    this.machine = new Machine(play.homes, play.store, { PATH: lookingPath(play.plain === true) });
    this.machine.sh(`cd; ${tree}`, "ann");
    this.#whole = this.machine.tree("/home/ann/Music");
    this.reset();
    this.#again();
    this.#end = this.#state();
  }

  /** Everything as before. */
  reset(): void {
    this.machine.sh(`umount /home/ann/Music 2>/dev/null || :
      for i in /home/ann ${this.#store}; do chattr -R -i $i 2>/dev/null || :; done
      rm -rf /etc/systemd/system/* /home/ann/{Music*,.persist} /mnt/home/ann/Music*`);
    this.machine.sh(`cd; ${tree}`, "ann");
    for (const [name, ...args] of this.#play.after ?? []) this.machine.script(0, this.#scripts, name, args);
  }

  /** Once more, until nothing of a stopped run is at work; it must end well. */
  #again(): Run {
    const [name, ...args] = this.#play.call;
    for (let tries = 0; ; tries++) {
      const done = this.machine.run(["bash", join(this.#scripts.folder, `${name}.sh`), ...args]);
      if (done.code !== 75 || tries > 50) {
        expect(done.code, `again: ${done.out}${done.err}`).toBe(0);
        return done;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }

  #watch(looks: string): { done: Run; log: string } {
    const folder = scratch();
    const log = join(folder, "log");
    writeFileSync(join(folder, "looks"), looks);
    writeFileSync(log, "");
    const [name, ...args] = this.#play.call;
    const script = join(this.#scripts.folder, `${name}.sh`);
    const done = this.machine.run(["/bin/bash", "-c", watched, "bash", join(folder, "looks"), log, script, ...args]);
    return { done, log };
  }

  /** The commands of an undisturbed run, by number. */
  commands(): string[] {
    const { done, log } = this.#watch("L".repeat(enough));
    expect(done.code, done.out + done.err).toBe(0);
    return readFileSync(log, "utf8").split("\n").slice(0, -1);
  }

  /** The trees that hold all the data, by their names. */
  #complete(): string[] {
    const places = [
      "/home/ann/Music",
      `${this.#store}/Music`,
      "/home/ann/Music.remanence-original",
      "/var/lib/below/Music",
    ];
    this.machine.sh("mkdir -p /var/lib/below; mount --bind /home/ann /var/lib/below");
    const found = places.filter((place) => {
      const there = this.machine.run(["test", "-d", place]).code === 0;
      return there && this.machine.tree(place) === this.#whole;
    });
    this.machine.sh("umount /var/lib/below");
    return found;
  }

  /** All there is, but for the text of notes, which knows an inode. */
  #state(): string {
    return this.machine.sh(
      "cd /; find home/ann mnt/home/ann etc/systemd/system -printf '%p %y %m %U\\n' 2>/dev/null | sort; cat /home/ann/Music/a; findmnt -no FSROOT /home/ann/Music || :",
    );
  }

  /** Stops it before a command; then nothing is lost, and another run ends where an undisturbed one does. */
  stopBefore(number: number, command: string): void {
    const when = `${this.#play.call.join(" ")} stopped before ${number}: ${command}`;
    this.reset();
    const { done } = this.#watch(`${".".repeat(number)}K${".".repeat(enough)}`);
    if (done.code === 0) return;
    this.kills++;
    expect(this.#complete(), `${when}\n${done.out}${done.err}`).not.toEqual([]);
    this.#again();
    expect(this.#state(), when).toBe(this.#end);
  }

  /** At commands that change something, and at some of the others; at all of them where `many` is infinite. */
  stopEverywhere(many: number): void {
    this.reset();
    const all = this.commands();
    const numbers = all.flatMap((line, number) => (changing.test(line) ? [number] : []));
    const chosen = Number.isFinite(many)
      ? numbers.filter((_, i) => i % Math.max(1, Math.ceil(numbers.length / many)) === 0)
      : all.keys();
    for (const number of chosen) this.stopBefore(number, all[number] ?? "");
  }
}
