/** A real terminal (tmux) with a shell in it, driven by keys and read line by line. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { engineCommand } from "./engines.ts";
import { scratch } from "./workspace.ts";

/** Milliseconds for something to appear. */
const patience = 20_000;

export class Terminal {
  readonly #socket: string;

  /** A shell in a folder, on a terminal of this size, which ends with the test. */
  constructor(folder: string, columns: number, rows: number, env: Readonly<Record<string, string>> = {}) {
    this.#socket = join(scratch("remanence-tmux-"), "socket");
    const all = { LC_ALL: "C.UTF-8", PS1: "ready> ", HISTFILE: "/dev/null", ...env };
    const settings = Object.entries(all).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-c",
      folder,
      ...size,
      ...settings,
      "bash",
      "--norc",
      "--noprofile",
    );
    onTestFinished(() => {
      spawnSync(engineCommand("tmux"), ["-S", this.#socket, "kill-server"]);
    });
  }

  /** Presses keys by tmux' names (`Enter`, `Down`, `C-c`) or by their letter. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.#tmux("send-keys", key);
  }

  /** Types a text as it is. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  /** Runs a command in the shell. */
  run(command: string): void {
    this.type(command);
    this.press("Enter");
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What is on the screen, a string a line; with `styles` the sequences for colours too. */
  screen(styles = false): string[] {
    return this.#tmux("capture-pane", "-p", ...(styles ? ["-e"] : []))
      .replace(/\n$/, "")
      .split("\n");
  }

  /** Waits until a line is on the screen, and gives it. */
  async see(line: RegExp): Promise<string> {
    const until = Date.now() + patience;
    for (;;) {
      const found = this.screen().find((text) => line.test(text));
      if (found !== undefined) return found;
      if (Date.now() > until) throw new Error(`${line} did not appear:\n${this.screen().join("\n")}`);
      await setTimeout(50);
    }
  }

  #tmux(...args: readonly string[]): string {
    const run = spawnSync(engineCommand("tmux"), ["-u", "-S", this.#socket, ...args], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(`tmux ${args.join(" ")}: ${run.stderr}`);
    return run.stdout;
  }
}
