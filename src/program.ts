import { Command, Option } from "commander";
import type { GenerateOptions } from "./commands/generate.ts";
import type { CommonOptions, ExitCode } from "./commands/manifest-option.ts";
import { CannotRun } from "./diagnostics/cannot-run.ts";

const description = `Remanence: one manifest says what state you keep; NixOS, home-manager, chezmoi and Fedora
follow from it.

It reads persistence.yaml, decides for every path and host what happens to it, and writes plain
files that work without it: a NixOS module, home-manager modules, a chezmoi source tree, scripts.
It moves, wipes and deletes nothing itself.`;

const examples = `
Examples:
  remanence check                      what is wrong, for every host
  remanence plan --host laptop         what becomes of each entry there
  remanence explain ~/.mozilla         what happens to one path, and which line says so
  remanence diff                       what generate would change
  remanence generate                   write the outputs
  remanence profiles show firefox      what an application keeps

Exit codes: 0 done or clean, 1 findings or errors in the manifest, 2 could not run.`;

/** Runs the command that the arguments ask for; sets the exit code. */
export async function main(version: string): Promise<void> {
  await program(version).parseAsync();
}

/** The declarations of the command line; each action loads its command only when it runs. */
function program(version: string): Command {
  const root = new Command("remanence")
    .description(description)
    .version(version)
    .addHelpText("after", examples)
    .showHelpAfterError("(remanence --help lists the commands)")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "remanence: ")) })
    .exitOverride((error) => {
      // commander's own exit code for a usage error is 1; ours is 2.
      process.exit(error.exitCode === 0 ? 0 : 2);
    });

  common(root.command("check"))
    .description("all diagnostics of the manifest, for every host and target")
    .action((options: CommonOptions) => run(async () => (await import("./commands/check.ts")).check(options)));

  common(root.command("plan"))
    .description("the resolved plan of a host: class, need, what becomes of it, where it is stored")
    .action((options: CommonOptions) => run(async () => (await import("./commands/plan.ts")).plan(options)));

  common(root.command("explain"))
    .argument("<path>", "a path of a home (~/.mozilla, .mozilla) or of the system (/var/lib/x)")
    .description("the fate of a path on each host, which line decided, what each output does about it")
    .action((path: string, options: CommonOptions) =>
      run(async () => (await import("./commands/explain.ts")).explain(path, options)),
    );

  common(root.command("generate"))
    .description("write the outputs: only what changed, all of it or nothing; edited and foreign files are refused")
    .option("--target <target>", "only one of nixos, home-manager, chezmoi, fedora")
    .option("--check", "write nothing; exit 1 if the outputs are stale")
    .option("--dry-run", "write nothing; say what would change")
    .option("--force", "overwrite edited and foreign files too, keeping copies in .remanence/kept/")
    .option("--commit", "commit the outputs to git, and nothing else")
    .action((options: GenerateOptions) => run(async () => (await import("./commands/generate.ts")).generate(options)));

  common(root.command("diff"))
    .description("what generate would change, as a unified diff; exits 1 where there is something")
    .option("--target <target>", "only one of nixos, home-manager, chezmoi, fedora")
    .action((options: GenerateOptions) => run(async () => (await import("./commands/diff.ts")).diff(options)));

  const profiles = root.command("profiles").description("the catalogue: what applications and services keep");
  common(profiles.command("list"))
    .description("the names of all profiles")
    .action((options: CommonOptions) =>
      run(async () => (await import("./commands/profiles.ts")).listProfiles(options)),
    );
  common(profiles.command("show"))
    .argument("<name>", "name of a profile")
    .description("what a profile keeps, and where that is known from")
    .action((name: string, options: CommonOptions) =>
      run(async () => (await import("./commands/profiles.ts")).showProfile(name, options)),
    );

  root
    .command("schema")
    .description("the JSON Schema of the manifest, for your editor")
    .action(() => run(async () => (await import("./commands/schema.ts")).schema()));

  return root;
}

/** The options that every command about a manifest takes. */
function common(command: Command): Command {
  return command
    .option("--manifest <file>", "the manifest (default: the nearest persistence.yaml upward)")
    .option("--host <name>", "a host of the manifest (default: the only one, or the one named like this machine)")
    .addOption(new Option("--format <format>", "text or json").choices(["text", "json"]).default("text"));
}

/** Runs a command and turns what it cannot handle into an exit code: the one place that catches. */
async function run(action: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    process.exitCode = 2;
    if (error instanceof CannotRun) process.stderr.write(`remanence: ${error.message}\n`);
    else reportBug(error);
  }
}

function reportBug(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `remanence: this is a fault of Remanence, not of your manifest. Please report it with what you ran.\n\nnode ${process.versions.node}\n${text}\n`,
  );
}
