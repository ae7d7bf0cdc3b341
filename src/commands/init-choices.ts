import { dirname } from "node:path";
import { printable } from "../diagnostics/print.ts";
import { ownerOf } from "../init/disk.ts";
import type { FoundProgram } from "../init/find-programs.ts";
import type { Machine } from "../init/machine.ts";
import { isHostName } from "../init/people.ts";
import { isTaken } from "../output/new-file.ts";
import type { Os } from "../plan/vocabulary.ts";
import type { Questions } from "./questions.ts";
import { columns, terminal } from "./terminal.ts";

/** Asks which system an unknown one is most like. */
export async function askOs({ ask }: Questions, title: string): Promise<Os> {
  terminal.problem(`This is ${printable(title)}, neither NixOS nor Fedora nor a relative of it.`);
  const answer = await ask("Write for fedora or nixos? [fedora] ", "fedora", (given) =>
    given === "fedora" || given === "nixos" ? undefined : "It is one of fedora and nixos.",
  );
  return answer as Os;
}

/** What a person wants of what was found: the host's name, users, programs. */
export async function choose(machine: Machine, { ask }: Questions): Promise<Machine> {
  terminal.problem(`\n${printable(machine.title)}. Enter takes what is in brackets.\n\n`);
  const hostName = await ask(`Name of this host? [${machine.hostName}] `, machine.hostName, (given) =>
    isHostName(given)
      ? undefined
      : "A host's name has letters, digits, `.`, `_` and `-`, and begins with a letter or digit.",
  );
  const users = await chooseUsers(machine, ask);
  const programs = await choosePrograms(machine, ask);
  return restrictedTo({ ...machine, hostName, programs }, users);
}

async function chooseUsers({ users }: Machine, ask: Questions["ask"]): Promise<readonly string[]> {
  const names = users.map(({ name }) => name);
  if (names.length < 2) return names;
  const given = await ask(`Whose homes? [${names.join(" ")}] `, names.join(" "), (answer) => {
    const unknown = words(answer).find((name) => !names.includes(name));
    return unknown === undefined ? undefined : `There is no ${printable(unknown)}; they are ${names.join(", ")}.`;
  });
  return names.filter((name) => words(given).includes(name));
}

async function choosePrograms({ programs }: Machine, ask: Questions["ask"]): Promise<readonly FoundProgram[]> {
  const withState = programs.filter(({ paths, yieldsTo }) => paths.length > 0 && yieldsTo === undefined);
  if (withState.length === 0) return programs;
  terminal.problem("\nPrograms whose state is here:\n");
  terminal.problem(
    inColumns(
      withState.map(({ profile, flavour }, i) => `${String(i + 1).padStart(3)} ${nameOf(profile.name, flavour)}`),
    ),
  );
  const installed = programs.filter(({ paths }) => paths.length === 0).length;
  if (installed > 0) terminal.problem(`\n  and ${installed} that are installed and keep nothing yet`);
  const given = await ask("\nWhich? Numbers take only those (1 3-5), -3 leaves one out. [all] ", "all", (answer) =>
    numbersIn(answer, withState.length) === undefined
      ? `Write numbers from 1 to ${withState.length}, such as: 1 3-5, or: -3 -7`
      : undefined,
  );
  const wanted = numbersIn(given, withState.length) ?? new Set<number>();
  const unwanted = new Set(withState.filter((_, i) => !wanted.has(i + 1)));
  const left = programs.filter((program) => !unwanted.has(program));
  // What gives way to a flavour that is not wanted has nothing to give way to.
  return left.filter(
    ({ profile, yieldsTo }) =>
      yieldsTo === undefined || left.some((other) => other.profile === profile && other.yieldsTo === undefined),
  );
}

/** The numbers that an answer takes out of `1…count`; undefined where it is no such answer. */
export function numbersIn(answer: string, count: number): Set<number> | undefined {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (answer === "all") return new Set(all);
  const given = words(answer).map((word) => /^(-?)(\d{1,6})(?:-(\d{1,6}))?$/.exec(word));
  const taken = new Set<number>();
  const left = new Set<number>();
  for (const match of given) {
    if (match === null) return undefined;
    const [, minus, first, last] = match;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (from < 1 || to > count || from > to) return undefined;
    for (let n = from; n <= to; n++) (minus === "-" ? left : taken).add(n);
  }
  const base = taken.size > 0 ? taken : new Set(all);
  return new Set([...base].filter((n) => !left.has(n)));
}

/** Asks where the manifest goes. `hint`: a place that suggests itself. */
export async function askPlace({ ask }: Questions, usual: string, hint: string | null): Promise<string> {
  if (hint !== null) terminal.problem(`\nYour dotfiles are in ${printable(hint)}.`);
  return await ask(`Where to write it? [${usual}] `, usual, (given) => {
    if (isTaken(given)) return `${printable(given)} is there already; name another file.`;
    return ownerOf(dirname(given)) === undefined ? `There is no folder ${printable(dirname(given))}.` : undefined;
  });
}

function words(answer: string): string[] {
  return answer.split(/[\s,]+/).filter((word) => word !== "");
}

function nameOf(name: string, flavour: string | null): string {
  return flavour === null ? name : `${name} (${flavour})`;
}

/** A list in as many columns as 80 characters have room for, read downwards. */
function inColumns(items: readonly string[]): string {
  const width = Math.max(...items.map((item) => item.length)) + 2;
  const across = Math.max(1, Math.floor(78 / width));
  const rows = Math.ceil(items.length / across);
  return columns(
    Array.from({ length: rows }, (_, row) => Array.from({ length: across }, (_, at) => items[at * rows + row] ?? "")),
  );
}

/** A machine with some of its users only. */
function restrictedTo(machine: Machine, names: readonly string[]): Machine {
  const left = machine.users.filter(({ name }) => !names.includes(name)).length;
  if (left === 0) return machine;
  const whose = <T extends { readonly users: readonly string[] | null }>(items: readonly T[]): T[] =>
    items.flatMap((item) => {
      if (item.users === null) return [item];
      const users = item.users.filter((name) => names.includes(name));
      if (users.length === 0) return [];
      return [{ ...item, users: users.length === names.length ? null : users }];
    });
  return {
    ...machine,
    users: machine.users.filter(({ name }) => names.includes(name)),
    programs: whose(machine.programs),
    folders: whose(machine.folders),
  };
}
