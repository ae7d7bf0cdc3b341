import { spawnSync } from "node:child_process";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { goTemplate } from "../languages/go-template.ts";
import type { Form } from "./judge.ts";

const flags: Readonly<Record<Form, readonly string[]>> = {
  plain: [],
  template: ["--template"],
  encrypted: ["--encrypt"],
  seed: ["--create"],
};

/** More names than this in one call could be more than the system takes. */
const batch = 200;

/**
 * Brings files into the chezmoi source by chezmoi itself, which spells the names, encrypts, and looks for secrets in what is
 * not encrypted. `source` is the folder that chezmoi is told (the one with `.chezmoiroot` in it). Its questions and
 * complaints reach the person. Returns what went wrong.
 */
export function addToSource(source: string, home: string, files: readonly string[], form: Form): string | undefined {
  const add = ["add", "--secrets=error", "--recursive=false", ...flags[form], "--"];
  return inBatches(files, (some) => run(source, home, [...add, ...some]));
}

/** Makes files private in the source: 0600, whatever they were on the disk. */
export function makePrivate(source: string, home: string, files: readonly string[]): string | undefined {
  return inBatches(files, (some) => run(source, home, ["chattr", "+private", "--", ...some]));
}

/**
 * What a file says, as data, read by chezmoi's own reader of its format (`fromJson`, …), which is the one that will read it
 * again. Throws in words where chezmoi cannot.
 */
export function dataOf(source: string, file: string, read: string): unknown {
  const template = `{{ include ${goTemplate.quote(file).text} | ${goTemplate.reference(read).text} | toJson }}`;
  const { error, status, stdout, stderr } = spawnSync("chezmoi", ["--source", source, "execute-template"], {
    input: template,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw new CannotRun(whyNot(error));
  if (status !== 0) throw new CannotRun(`chezmoi cannot read ${file}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  return JSON.parse(stdout);
}

function inBatches(files: readonly string[], run: (some: readonly string[]) => string | undefined): string | undefined {
  for (let from = 0; from < files.length; from += batch) {
    const fault = run(files.slice(from, from + batch));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function run(source: string, home: string, args: readonly string[]): string | undefined {
  const { error, status } = spawnSync("chezmoi", ["--source", source, "--destination", home, ...args], {
    stdio: ["inherit", "ignore", "inherit"],
  });
  if (error !== undefined) throw new CannotRun(whyNot(error));
  return status === 0 ? undefined : `chezmoi ${args[0]} ended with ${status ?? "a signal"}`;
}

function whyNot(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "chezmoi is not installed here" : `cannot run chezmoi: ${error.message}`;
}
