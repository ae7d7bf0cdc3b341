import { createInterface } from "node:readline/promises";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { terminal } from "./terminal.ts";

/** Questions to a person, each with an answer that Enter gives. */
export interface Questions {
  /** Asks until the answer is right; `problem` says what is wrong with one. */
  ask(question: string, usual: string, problem: (answer: string) => string | undefined): Promise<string>;
  close(): void;
}

/** True where a person can be asked: they see the question and can type. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on the terminal. Questions go to stderr: the answer of the command stays by itself. The end of input ends the command. */
export function questions(): Questions {
  const line = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<never>((_, reject) => {
    line.once("close", () => reject(new CannotRun("no answer; nothing was written")));
  });
  // Closed in the end without a question waiting, it is no failure.
  closed.catch(() => {});
  return {
    async ask(question, usual, problem) {
      for (;;) {
        const typed = (await Promise.race([line.question(question), closed])).trim();
        const answer = typed === "" ? usual : typed;
        const wrong = problem(answer);
        if (wrong === undefined) return answer;
        terminal.problem(`  ${wrong}`);
      }
    },
    close: () => line.close(),
  };
}
