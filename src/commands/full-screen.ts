import { emitKeypressEvents, type Key } from "node:readline";
import { changes, drawn, giveBackScreen, takeScreen } from "../screen/draw.ts";
import type { Frame, ScreenSize } from "../screen/frame.ts";
import { keyNames } from "../screen/key-name.ts";

/** Signals that end a program: the screen is given back before they do. */
const ending = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** Who is told of what happens on the terminal. */
export interface Listener {
  key(name: string, isPasted: boolean): void;
  resize(size: ScreenSize): void;
  /** The terminal is gone. */
  hangup(): void;
}

/** Why the terminal cannot show a full screen; undefined where it can. */
export function whyNoFullScreen(): string | undefined {
  if (process.stdin.isTTY !== true) return "its input is no terminal";
  if (process.stdout.isTTY !== true) return "its output is no terminal";
  const term = process.env["TERM"] ?? "";
  return term === "" || term === "dumb" ? "this terminal cannot move its cursor (TERM is dumb, or not set)" : undefined;
}

/** How large the terminal is; some that are forwarded do not say. */
export function screenSize(): ScreenSize {
  const { columns, rows } = process.stdout;
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

/**
 * The whole terminal, on its other screen: what was on it is there again when it is given back, which happens however the
 * program ends: by itself, by a fault, by a signal; and while it is stopped (^Z).
 */
export class FullScreen {
  readonly #listener: Listener;
  readonly #colour: boolean;
  #shown: readonly string[] = [];
  #last: Frame = [];
  #isTaken = false;
  #isPasting = false;

  constructor(listener: Listener, colour: boolean) {
    this.#listener = listener;
    this.#colour = colour;
  }

  /** Takes the terminal until `end`. */
  begin(): void {
    emitKeypressEvents(process.stdin);
    process.stdin.on("keypress", this.#pressed).on("end", this.#hangup).on("error", this.#hangup);
    process.stdout.on("resize", this.#resized);
    for (const signal of ending) process.on(signal, this.#killed);
    process.on("SIGTSTP", this.#stopped).on("SIGCONT", this.#continued);
    process.on("exit", this.#giveBack).on("uncaughtExceptionMonitor", this.#giveBack);
    this.#take();
  }

  end(): void {
    this.#giveBack();
    process.stdin.off("keypress", this.#pressed).off("end", this.#hangup).off("error", this.#hangup);
    process.stdout.off("resize", this.#resized);
    for (const signal of ending) process.off(signal, this.#killed);
    process.off("SIGTSTP", this.#stopped).off("SIGCONT", this.#continued);
    process.off("exit", this.#giveBack).off("uncaughtExceptionMonitor", this.#giveBack);
  }

  draw(frame: Frame): void {
    this.#last = frame;
    if (!this.#isTaken) return;
    const lines = drawn(frame, screenSize(), this.#colour);
    const text = changes(this.#shown, lines);
    this.#shown = lines;
    if (text !== "") process.stdout.write(text);
  }

  #take(): void {
    this.#isTaken = true;
    process.stdin.setRawMode(true);
    process.stdin.resume();
    process.stdout.write(takeScreen);
    this.#shown = [];
  }

  readonly #giveBack = (): void => {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    process.stdout.write(giveBackScreen);
    try {
      process.stdin.setRawMode(false);
    } catch {
      // The terminal is gone, and its mode with it.
    }
    process.stdin.pause();
  };

  readonly #pressed = (text: string | undefined, key: Key): void => {
    if (key.name === "paste-start" || key.name === "paste-end") {
      this.#isPasting = key.name === "paste-start";
      return;
    }
    for (const name of keyNames(text, key)) {
      if (name === "ctrl-z") this.#stop(0);
      else if (name === "ctrl-l") this.#continued();
      else this.#listener.key(name, this.#isPasting);
    }
  };

  readonly #resized = (): void => {
    // What the terminal made of the old lines nobody knows.
    this.#shown = [];
    this.#listener.resize(screenSize());
  };

  readonly #hangup = (): void => this.#listener.hangup();

  readonly #killed = (signal: NodeJS.Signals): void => {
    this.end();
    process.kill(process.pid, signal);
  };

  readonly #stopped = (): void => this.#stop(process.pid);

  /** Stops the process as the shell expects it (0: with all of its job); what follows runs when it goes on. */
  #stop(who: number): void {
    this.#giveBack();
    // Without a listener the signal does what it does by itself; nothing, where no shell could wake us again.
    process.off("SIGTSTP", this.#stopped);
    process.kill(who, "SIGTSTP");
    setImmediate(() => {
      process.on("SIGTSTP", this.#stopped);
      this.#continued();
    });
  }

  readonly #continued = (): void => {
    this.#take();
    this.draw(this.#last);
    this.#listener.resize(screenSize());
  };
}
