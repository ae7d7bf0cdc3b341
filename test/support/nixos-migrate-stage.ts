/** A migration that is stopped at every command, also of what runs for somebody else. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Run } from "./fedora.ts";
import { changing, enough, lookingPath, watched } from "./fedora-bind-stage.ts";
import { Migration } from "./nixos-migrate.ts";
import { scratch } from "./workspace.ts";

export interface MigrationPlay {
  readonly args: readonly string[];
  /** Nothing can exchange two names. */
  readonly plain?: boolean;
  /** It was run before, and what is there changed since. */
  readonly again?: boolean;
  /** The other end has something of its own. */
  readonly taken?: boolean;
}

/** Of the line that each file begins with. */
const hashOfOne = "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865";

const places = ["/srv/migrated", "/home/ann/Migrated"] as const;
const lay = "rm -rf $0; mkdir -p $0/sub; echo 1 >$0/a; ln -s a $0/sub/l; chmod 600 $0/a";

export class MigrationStage {
  readonly #migration: Migration;
  readonly #play: MigrationPlay;
  /** The trees that are right at the other end: what is there, and what was there before. */
  readonly #right: string[];
  readonly #end: string;
  kills = 0;

  static async of(play: MigrationPlay): Promise<MigrationStage> {
    const migration = await Migration.of({
      home: ["{ path: Migrated/, users: [ann] }"],
      system: ["/srv/migrated/"],
      env: { PATH: lookingPath(play.plain === true) },
    });
    migration.machine.sh(
      "mkdir /var/lib/to-be; truncate -s 64M /srv/image; mkfs.ext4 -q /srv/image; mount -o loop /srv/image /var/lib/to-be",
    );
    return new MigrationStage(migration, play);
  }

  private constructor(migration: Migration, play: MigrationPlay) {
    this.#migration = migration;
    this.#play = play;
    this.reset();
    const [data = ""] = places.map((place) => this.#tree(`${this.#from}${place}`));
    this.#right = [data, data.replace(/^(\S+) {2}\.\/a$/m, `${hashOfOne}  ./a`)];
    if (play.taken === true) this.#right.push(this.#tree(`${this.#to}${places[0]}`));
    this.#again();
    this.#end = this.#state();
  }

  get #from(): string {
    return this.#isBack ? "/mnt" : "";
  }
  get #to(): string {
    return this.#isBack ? "/var/lib/to-be" : "/mnt";
  }
  get #isBack(): boolean {
    return this.#play.args.includes("--back");
  }

  /** A tree without whose it is, so that those of a user and of the system are the same. */
  #tree(place: string): string {
    return this.#migration.machine.tree(place).replaceAll(/ (\d+) \d+ \d+ /g, " $1 ");
  }

  /** Everything as before. */
  reset(): void {
    const { machine } = this.#migration;
    machine.sh(
      "rm -rf /mnt/* /var/lib/to-be/* /srv/migrated /home/ann/Migrated; install -d -o ann -g ann -m 700 /mnt/home/ann",
    );
    for (const [i, place] of places.entries())
      machine.as(i === 0 ? "root" : "ann", "bash", "-ec", lay, `${this.#from}${place}`);
    if (this.#play.taken === true) machine.sh(places.map((place) => this.#layOwn(`${this.#to}${place}`)).join("\n"));
    if (this.#play.again === true) {
      this.#again();
      for (const place of places) machine.sh(`echo 2 >${this.#from}${place}/a`);
    }
  }

  #layOwn(place: string): string {
    const user = place.includes("/home/") ? "ann" : "root";
    const home = `${this.#to}/home`;
    return `mkdir -p ${home}; install -d -o ann -g ann -m 700 ${home}/ann; install -d -o ${user} -g ${user} ${place}
      echo own >${place}/own; chown ${user}: ${place}/own`;
  }

  /** Once more, until nothing of a stopped run is at work; it must end well. */
  #again(): Run {
    const command = ["bash", this.#migration.script, ...this.#play.args];
    for (let tries = 0; ; tries++) {
      const done = this.#migration.machine.run(command);
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
    const command = [watched, "bash", join(folder, "looks"), log, this.#migration.script, ...this.#play.args];
    return { done: this.#migration.machine.run(["/bin/bash", "-c", ...command]), log };
  }

  /** All there is at both ends, but for the text of notes, which knows an inode. */
  #state(): string {
    const { machine } = this.#migration;
    return machine.sh(
      "find /mnt /var/lib/to-be /srv/migrated /home/ann -printf '%p %y %m %U\\n' | sort; cat /mnt/*/migrated/a /mnt/home/ann/Migrated/a",
    );
  }

  /** Stops it before a command: what was there is untouched, the other end has nothing half, and another run ends well. */
  stopBefore(number: number, command: string): void {
    const when = `${this.#play.args.join(" ")} stopped before ${number}: ${command}`;
    this.reset();
    const sources = places.map((place) => `${this.#from}${place}`);
    const before = this.#migration.everything(...sources);
    const { done } = this.#watch(`${".".repeat(number)}K${".".repeat(enough)}`);
    if (done.code === 0) return;
    this.kills++;
    expect(this.#migration.everything(...sources), when).toBe(before);
    for (const place of places) {
      const there = `${this.#to}${place}`;
      if (this.#migration.machine.run(["test", "-e", there]).code === 0)
        expect(this.#right, when).toContain(this.#tree(there));
      if (this.#play.taken === true)
        expect(this.#migration.machine.sh(`cat ${there}{,.remanence-original}/own 2>/dev/null || :`), when).toBe(
          "own\n",
        );
    }
    this.#again();
    expect(this.#state(), when).toBe(this.#end);
  }

  /** At commands that change something; at all of them where `many` is infinite. */
  stopEverywhere(many: number): void {
    this.reset();
    const { done, log } = this.#watch("L".repeat(enough));
    expect(done.code, done.out + done.err).toBe(0);
    const all = readFileSync(log, "utf8").split("\n").slice(0, -1);
    const numbers = all.flatMap((line, number) => (changing.test(line) ? [number] : []));
    const chosen = Number.isFinite(many)
      ? numbers.filter((_, i) => i % Math.max(1, Math.ceil(numbers.length / many)) === 0)
      : all.keys();
    for (const number of chosen) this.stopBefore(number, all[number] ?? "");
  }
}
