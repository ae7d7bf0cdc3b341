import { Command, InvalidArgumentError, Option } from "commander";
import type { AdoptOptions } from "./commands/adopt.ts";
import type { CarryOptions } from "./commands/carry-question.ts";
import type { GenerateOptions } from "./commands/generate.ts";
import * as help from "./commands/help.ts";
import type { InitOptions } from "./commands/init.ts";
import type { CommonOptions } from "./commands/manifest-option.ts";
import type { MatchOptions } from "./commands/profiles-match.ts";
import type { ReportOptions } from "./commands/report.ts";
import { run } from "./commands/run.ts";
import type { ScanOptions } from "./commands/scan.ts";
import { guardStreams } from "./commands/terminal.ts";
import type { TraceOptions } from "./commands/trace.ts";
import type { TriageOptions } from "./commands/triage.ts";
import { didYouMean } from "./diagnostics/did-you-mean.ts";
import type { TargetName } from "./emitters/emitter.ts";
import { classes, needs } from "./plan/vocabulary.ts";
import type { ReportFormat } from "./report/files.ts";

/** Runs the command that the arguments ask for; sets the exit code. */
export async function main(version: string): Promise<void> {
  guardStreams();
  await program(version).parseAsync();
}

/** The declarations of the command line; each action loads its command only when it runs. */
function program(version: string): Command {
  const root = new Command("remanence")
    .description(help.remanence)
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "what a command does, and examples of it")
    .addHelpText("after", help.afterRemanence)
    .showHelpAfterError("(remanence --help lists the commands)")
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, "remanence: ")),
      getOutHelpWidth: () => widthOf(process.stdout),
      getErrHelpWidth: () => widthOf(process.stderr),
    })
    .exitOverride((error) => {
      // commander's own exit code for a usage error is 1; ours is 2.
      process.exit(error.exitCode === 0 ? 0 : 2);
    });

  root
    .command("init")
    .summary(help.init.summary)
    .description(help.init.text)
    .addHelpText("after", help.init.after)
    .option("--yes", "ask nothing: take all that is found, as without a terminal")
    .option("--output <file>", "where the manifest goes (default: persistence.yaml here)")
    .option("--root <dir>", "look at a system that is mounted there")
    .option("--home <dir>", "look at this home only, wherever it lies")
    .option("--format <format>", "text or json", oneOf(["text", "json"]), "text")
    .action((options: InitOptions) => run(async () => (await import("./commands/init.ts")).init(options)));

  hostOption(command(root, "check", help.check), "only this host (default: all)").action((options: CommonOptions) =>
    run(async () => (await import("./commands/check.ts")).check(options)),
  );

  const oneHost = "which host (default: the only one, or the one named like this machine)";
  hostOption(command(root, "plan", help.plan), oneHost).action((options: CommonOptions) =>
    run(async () => (await import("./commands/plan.ts")).plan(options)),
  );

  hostOption(command(root, "explain", help.explain), "only on this host (default: all)")
    .argument("<path>", "of a home (~/.mozilla or .mozilla) or of the system (/var/lib/x)")
    .action((path: string, options: CommonOptions) =>
      run(async () => (await import("./commands/explain.ts")).explain(path, options)),
    );

  elsewhere(hostOption(command(root, "scan", help.scan), oneHost))
    .option("--lost-on <case>", "what would be gone: wipe, disk or move:HOST")
    .option("--since-boot", "only what has changed since the machine was started")
    .option("--newer-than <time>", "only what has changed since then: an age (7d) or a date (2026-11-01)")
    .option("--min-size <size>", "only what takes as much space (10M)")
    .option("--cross-file-systems", "enter other file systems too, each once")
    .action((options: ScanOptions) => run(async () => (await import("./commands/scan.ts")).scan(options)));

  reportCommand(hostOption(named(root, "report", help.report), oneHost)).action((options: ReportOptions) =>
    run(async () => (await import("./commands/report.ts")).report(options)),
  );

  hostOption(command(root, "generate", help.generate), "only the outputs of this host, and what all share")
    .option(...target)
    .option("--check", "write nothing; exit 1 where the outputs are stale")
    .option("--dry-run", "write nothing; say what would change")
    .option("--force", "overwrite edited and foreign files too; copies of them are kept in .remanence/kept/")
    .addOption(
      new Option("--new-source", "also start a chezmoi source that is new: configuration and version, once").conflicts([
        "check",
        "dryRun",
      ]),
    )
    .addOption(
      new Option("--commit", "then commit to git what was generated, and nothing else").conflicts(["check", "dryRun"]),
    )
    .action((options: GenerateOptions) => run(async () => (await import("./commands/generate.ts")).generate(options)));

  hostOption(command(root, "diff", help.diff), "only the outputs of this host, and what all share")
    .option(...target)
    .action((options: GenerateOptions) => run(async () => (await import("./commands/diff.ts")).diff(options)));

  const manifestFlag = [
    "--manifest <file>",
    "the manifest (default: the nearest persistence.yaml from here upward)",
  ] as const;
  elsewhere(hostOption(root.command("triage").summary(help.triage.summary).description(help.triage.text), oneHost))
    .addHelpText("after", help.triage.after)
    .option(...manifestFlag)
    .action((options: TriageOptions) => run(async () => (await import("./commands/triage.ts")).triage(options)));

  command(root, "adopt", help.adopt)
    .argument("<paths...>", "of a home (~/.mozilla or .mozilla), of the system, or from here (./x)")
    .option("--class <class>", `one of ${classes.join(", ")} (default: what the catalogue says)`, oneOf(classes))
    .option("--need <need>", `one of ${needs.join(", ")} (default: what the catalogue or the class says)`, oneOf(needs))
    .option("--note <text>", "the reason; stands beside each line it leads to")
    .option("--carry <how>", `its content travels in the dotfiles repo: ${carries.join(", ")}`, oneOf(carries))
    .option("--host <name>", "only on this host or OS; may be repeated (default: all)", several)
    .option("--user <name>", "only for this user; may be repeated (default: all)", several)
    .option("--dry-run", "write nothing; show what would change")
    .action((paths: string[], options: AdoptOptions) =>
      run(async () => (await import("./commands/adopt.ts")).adopt(paths, options)),
    );

  hostOption(command(root, "carry", help.carry), oneHost)
    .argument("<paths...>", "in this home: ~/.config/nvim or .config/nvim")
    .addOption(new Option("--template", "as a template of chezmoi's").conflicts(["encrypt", "seed", "plain"]))
    .addOption(new Option("--encrypt", "encrypted (age or gpg, as chezmoi is set up)").conflicts(["seed", "plain"]))
    .addOption(new Option("--seed", "laid only where nothing is yet").conflicts("plain"))
    .option("--plain", "as it is, also where its program rewrites it")
    .addOption(
      new Option("--keys <names>", "only these keys of a .json, .toml, .yaml or .ini file, such as editor.size,theme")
        .argParser((given) => given.split(","))
        .conflicts(["template", "encrypt", "seed", "plain"]),
    )
    .option("--class <class>", "of a new entry (default: by the catalogue, else config)", oneOf(classes))
    .option("--max-size <size>", "of a file and of all of them, such as 5M (default: 1M, 10M)", sizeOf)
    .option("--max-files <count>", "how many files a folder may have (default: 500)", countOf)
    .option("--binary", "files that are no text may come too")
    .option("--dry-run", "bring nothing in; say what would come")
    .action((paths: string[], options: CarryOptions) =>
      run(async () => (await import("./commands/carry.ts")).carry(paths, options)),
    );

  hostOption(command(root, "trace", help.trace), oneHost)
    .usage("[options] -- <program> [arguments...]")
    .argument("[program...]", "what to run, and its arguments")
    .option("--pid <pid>", "trace a process that runs already", processNumber)
    .option("--for <time>", "end the trace after 90s, 10m or 2h; the program goes on", milliseconds)
    .option("--write", "add what is proposed to the manifest")
    .option("--save-profile <name>", "write what no profile knows to profiles/<name>.yaml beside the manifest")
    .action((program: string[], options: TraceOptions) =>
      run(async () => (await import("./commands/trace.ts")).trace(program, options)),
    );

  const profiles = root.command("profiles").summary(help.profiles.summary).description(help.profiles.text);
  command(profiles, "list", help.profilesList).action((options: CommonOptions) =>
    run(async () => (await import("./commands/profiles.ts")).listProfiles(options)),
  );
  command(profiles, "show", help.profilesShow)
    .argument("<name>", "name of a profile, as `remanence profiles list` has it")
    .action((name: string, options: CommonOptions) =>
      run(async () => (await import("./commands/profiles.ts")).showProfile(name, options)),
    );

  command(profiles, "search", help.profilesSearch)
    .argument("<words...>", "all of them are in what is found: names, titles, paths, notes, packages")
    .action((words: string[], options: CommonOptions) =>
      run(async () => (await import("./commands/profiles.ts")).searchProfiles(words, options)),
    );
  command(profiles, "match", help.profilesMatch)
    .argument("<paths...>", "paths of a home or of the system; `-` reads one a line from stdin")
    .option("--scope <scope>", "home or system (default: by the path)", oneOf(["home", "system"]))
    .action((paths: string[], options: MatchOptions) =>
      run(async () => (await import("./commands/profiles.ts")).matchPaths(paths, options)),
    );

  root
    .command("schema")
    .summary(help.schema.summary)
    .description(help.schema.text)
    .addHelpText("after", help.schema.after)
    .action(() => run(async () => (await import("./commands/schema.ts")).schema()));

  return root;
}

/** A command about a manifest, with its help and the options that all of them take. */
function command(parent: Command, name: string, about: help.Help): Command {
  return named(parent, name, about).option("--format <format>", "text or json", oneOf(["text", "json"]), "text");
}

/** A command about a manifest, with its help; what it prints is its own. */
function named(parent: Command, name: string, { summary, text, after }: help.Help): Command {
  return parent
    .command(name)
    .summary(summary)
    .description(text)
    .addHelpText("after", after)
    .option("--manifest <file>", "the manifest (default: the nearest persistence.yaml from here upward)");
}

/** For what looks at a disk: at another one than this machine's. */
function elsewhere(command: Command): Command {
  return command
    .option("--root <dir>", "a root other than / (a mounted disk or backup); paths are shown as on the machine")
    .option("--home <dir>", "a home other than the user's; without --root only this is looked at");
}

function reportCommand(command: Command): Command {
  return elsewhere(command)
    .option("--cross-file-systems", "enter other file systems too, each once")
    .option("--add <file...>", "reports of other hosts, written there with --format json: one page of all of them")
    .option("--output <file>", "where to write it; - is stdout (default: remanence-report.html, .svg or .json, here)")
    .option("--format <format>", "html (a page), svg (the treemap as a picture) or json", oneOf(reportFormats), "html")
    .option("--force", "overwrite a file that is no report, too");
}

function hostOption(command: Command, text: string): Command {
  return command.option("--host <name>", text);
}

const targets: readonly TargetName[] = ["nixos", "home-manager", "chezmoi", "fedora"];
const reportFormats: readonly ReportFormat[] = ["html", "svg", "json"];
const target = ["--target <target>", `only one of ${targets.join(", ")}`, oneOf(targets)] as const;

const carries = ["plain", "template", "encrypted", "seed"] as const;

/** Gathers the values of an option that may be repeated. */
function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Takes a word of a few; of any other says which was meant. */
function oneOf<Word extends string>(words: readonly Word[]): (given: string) => Word {
  return (given) => {
    const word = words.find((w) => w === given);
    if (word !== undefined) return word;
    const known = didYouMean(given, words);
    throw new InvalidArgumentError(
      known === undefined ? `It is one of ${words.join(", ")}.` : `Did you mean ${known}?`,
    );
  };
}

/** Bytes, from a number with K, M or G behind it. */
function sizeOf(given: string): number {
  const [, number, unit = ""] = /^([1-9][0-9]{0,8})([KMG]?)$/i.exec(given) ?? [];
  if (number === undefined) throw new InvalidArgumentError("Write a size like 500K, 5M or 1G.");
  return Number(number) * 1024 ** " KMG".indexOf(unit.toUpperCase() || " ");
}

function countOf(given: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(given)) throw new InvalidArgumentError("Write a number.");
  return Number(given);
}

function processNumber(given: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(given)) throw new InvalidArgumentError("It is the number of a process.");
  return Number(given);
}

/** A time as the option takes it, in milliseconds; at most some days, which is as long as a timer can be. */
function milliseconds(given: string): number {
  const match = /^([1-9][0-9]{0,4})([smh])$/.exec(given);
  const time = Number(match?.[1]) * ({ s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ""] ?? Number.NaN);
  if (time <= 2 ** 31 - 1) return time;
  throw new InvalidArgumentError("It is a time like 90s, 10m or 2h, of 24 days at most.");
}

/** Columns that help may take: those of the terminal, or what COLUMNS says; lines of more than 120 are hard to read. */
function widthOf(stream: NodeJS.WriteStream): number {
  const columns = stream.isTTY ? stream.columns : Number(process.env["COLUMNS"]);
  return Math.min(columns > 0 ? columns : 80, 120);
}
