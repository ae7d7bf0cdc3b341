/**
 * The help of the command line. Paragraphs are one line each: they are wrapped to the terminal. What stands after the
 * options is not, and keeps within 80 columns.
 */
export interface Help {
  /** A few words, for the list of commands. */
  readonly summary: string;
  readonly text: string;
  readonly after: string;
}

export const remanence = `One manifest says what state you keep; NixOS, home-manager, chezmoi and Fedora follow from it.

Remanence reads persistence.yaml, decides for every path on every host what happens to it, and writes plain files that work without it: a NixOS module, home-manager modules, a chezmoi source tree, scripts. It moves, wipes and deletes none of your data itself.`;

export const afterRemanence = `
A first manifest, from what is found on this machine:
  remanence init

or by hand, persistence.yaml:
  version: 1
  users: { mitsio: {} }
  hosts: { desk: { os: fedora } }
  profiles: [ssh, firefox]
  home: [Documents/, .bash_history]

Then:
  remanence check                   what is wrong, with the line
  remanence plan                    what becomes of each entry
  remanence explain ~/.mozilla      what happens to one path, and why
  remanence diff                    what generate would change
  remanence generate                write the outputs
  remanence profiles show firefox   what an application keeps

Exit codes: 0 done or clean, 1 findings or errors in the manifest,
            2 could not run. Answers go to stdout, problems to stderr.`;

export const init: Help = {
  summary: "a first manifest, from what is found on this machine",
  text: "Looks at this machine and writes a manifest for it: its system, its users, the programs whose state is here or that are installed, the folders of your own. Each line has its reason beside it; what is for you to decide stands as a comment. Beside it goes its JSON Schema, for editors. Nothing else is changed, and a manifest that is there already is never touched.\n\nIt looks at names only: of files it reads os-release, passwd, the mounts, user-dirs.dirs and .chezmoiroot. On a terminal it asks for the host's name, the users, the programs and where to write.",
  after: `
Examples:
  remanence init
  remanence init --yes
  remanence init --output dotfiles/persistence.yaml
  remanence init --root /mnt        a system that is mounted there

Exit codes: 0 done, 1 written, and check still finds something in it,
            2 could not run; where a manifest is there already, too.`,
};

export const check: Help = {
  summary: "what is wrong with the manifest, for every host",
  text: "Reads the manifest and reports everything that is wrong or doubtful about it at once: file, line, column, and what to write instead. Nothing is written.\n\nErrors keep outputs from being generated; warnings do not.",
  after: `
Examples:
  remanence check
  remanence check --host laptop
  remanence check --format json     for editors and CI

Exit codes: 0 sound (perhaps with warnings), 1 errors, 2 could not run.`,
};

export const plan: Help = {
  summary: "what becomes of each entry on a host",
  text: "Prints the plan of one host: every path that the manifest and its profiles name there, its class, how much it hurts to lose it, what becomes of it, where it is stored and whether it is backed up.",
  after: `
What becomes of an entry:
  persist   kept: in a store, or in its place where nothing wipes it
  carry     laid from the dotfiles repo
  fetch     fetched again from where it came from
  discard   not kept; caches, and what is below the host's \`keep\`

Examples:
  remanence plan --host laptop
  remanence plan --format json | jq '.entries[] | select(.backup).live'`,
};

export const explain: Help = {
  summary: "what happens to one path, and which line says so",
  text: "Says for a path what happens to it on each host: whether it is kept and where it really lies, whether it is backed up, which line of the manifest or which profile decided that, and what each output does about it. The path need not exist.",
  after: `
Examples:
  remanence explain ~/.mozilla
  remanence explain .config/nvim    of the home, wherever you are
  remanence explain /var/lib/docker --host laptop`,
};

export const scan: Help = {
  summary: "what nobody has decided about, and what would be lost",
  text: "Looks at the homes of the plan's users and at the system's own places, decides each path by the plan, and shows what no line of the manifest covers: the largest first, each as the shallowest folder of which all is undecided, with what the catalogue knows of it.\n\nLinks are never followed, other file systems not entered, and of no file the content is read. What is kept already is no finding: stores, links into them and into /nix/store, and on Fedora files as their packages brought them.\n\nWith --lost-on it says what would be gone instead: at the next boot (wipe), with the disk (disk), or on the way to another host of the manifest (move:HOST).",
  after: `
Examples:
  remanence scan
  remanence scan --lost-on wipe        what the next boot would cost
  remanence scan --lost-on disk        what is in no backup
  remanence scan --lost-on move:desk   what desk would not have
  remanence scan --since-boot --min-size 1M
  remanence scan --home /mnt/backup/home/mitsio
  remanence scan --format json | jq -r '.undecided[].path'

Sizes are what du counts. They are written as 500K, 10M, 1.5G; ages as 12h,
7d, 4w; dates as 2026-11-01.

Exit codes: 0 all is decided (with --lost-on: nothing undecided or critical
            would be gone), 1 something is there, 2 could not run.`,
};

export const report: Help = {
  summary: "one page to look at: a treemap of what is kept and what is not",
  text: "Scans as `remanence scan` does, and writes what is there as one HTML page: a treemap by size in the colour of what becomes of each thing, totals by fate, class and need that filter it, what you would lose at the next boot, with the disk and on the way to each other host, and a table of all of it with search. The page needs no network and no program but a browser, and works without a mouse.\n\nWith --add it shows several machines as one. It names your files: mind whom you show it.",
  after: `
Examples:
  remanence report && xdg-open remanence-report.html
  sudo remanence report --output laptop.html
  remanence report --home /mnt/backup/home/mitsio
  remanence report --format svg --output laptop.svg
  remanence report --format json --output desk.json    on desk, and here:
  remanence report --add desk.json                     both on one page

Exit codes: 0 written, 1 errors in the manifest, 2 could not run, or a file
            of another kind is in the place (--force overwrites it).`,
};

export const generate: Help = {
  summary: "write the outputs: only what changed, all or nothing",
  text: "Writes the files that follow from the manifest, each target's into its folder, and removes those that no longer follow. Only what changed is written, and all of it or nothing.\n\nA file that Remanence did not write, or that was edited since, is refused with the difference, and then nothing at all is written: move your change into the manifest, or overrule it with --force.",
  after: `
Examples:
  remanence generate --dry-run
  remanence generate
  remanence generate --target chezmoi --commit
  remanence generate --new-source   with .chezmoi.toml.tmpl, .chezmoiversion
  remanence generate --check        in CI: are the outputs up to date?

Exit codes: 0 done, 1 errors in the manifest, files refused, or stale with
            --check, 2 could not run.`,
};

export const diff: Help = {
  summary: "what generate would change, as a unified diff",
  text: "Prints what `remanence generate` would change, as a unified diff that `git apply` understands. Nothing is written.",
  after: `
Examples:
  remanence diff
  remanence diff --target nixos --host laptop

Exit codes: 0 nothing would change, 1 something would, 2 could not run.`,
};

export const triage: Help = {
  summary: "walk through what is undecided, and decide with one key each",
  text: "Shows on the whole terminal what nobody has decided about, the largest first, with what the catalogue says of it. One key decides a line: what it is, how much it hurts to lose it, that it is discarded or carried; a folder can be looked into and decided piece by piece. Nothing is written before you have seen the change of the manifest and confirmed it; comments and everything else in the file stay as they are.\n\nFiles are only looked at from outside, and nothing is moved or deleted.",
  after: `
Keys (? shows them all):
  c d s x l a   config, data, state, secret, log, cache
  1 2 3 4       critical, important, optional, none
  Enter p       take what is suggested, name the profile that knows it
  n r           discard, carry
  Space u       skip, undo
  → ←           look inside a folder, and back
  / w q         filter, write, quit

Examples:
  remanence triage
  remanence triage --root /mnt/backup --host laptop

Exit codes: 0 done, 1 errors in the manifest, 2 could not run (no terminal).`,
};

export const adopt: Help = {
  summary: "add paths to the manifest, and say what and why",
  text: "Adds an entry to the manifest for each path. Class and need are what the catalogue says of it, else what is usual for such a place, unless you say otherwise. Comments and everything else in the file stay as they are.\n\nThe new text is checked for every host and target before it is written: an entry that would make a sound manifest a faulty one is refused, and then nothing is added at all.",
  after: `
Examples:
  remanence adopt ~/.config/rclone --dry-run
  remanence adopt ~/Music --class data --need optional --note "can be ripped again"
  remanence adopt /var/lib/forgejo --host laptop
  remanence adopt ~/.config/git/config --carry plain

Exit codes: 0 added, or said already, 1 refused, 2 could not run.`,
};

export const carry: Help = {
  summary: "bring files into the chezmoi source, by chezmoi itself",
  text: "Brings what lies in this home into your chezmoi source: chezmoi spells the names, encrypts, and looks for secrets in what is not encrypted. How is what the manifest says of the path (`carry: true`, `template`, `encrypted`, `seed`); where it says nothing yet, an entry is added. Inside a folder, what is not carried by the manifest, and caches, are left out.\n\nRefused are secrets in the clear, git repositories, binary files, files of more than 1 MiB, and folders of more than 10 MiB or 500 files; where anything is refused, nothing is brought in.",
  after: `
Examples:
  remanence carry ~/.config/nvim --dry-run
  remanence carry ~/.gitconfig --template
  remanence carry ~/.ssh/config --encrypt
  remanence carry ~/.config/app/settings.json --seed   programs may change it
  remanence carry ~/.config/app/settings.json --keys theme,editor.size
                                                       the rest stays its own
  remanence carry ~/Pictures/wallpaper.png --binary --max-size 5M

Exit codes: 0 carried, 1 refused, 2 could not run.`,
};

export const trace: Help = {
  summary: "what a program writes, as entries for the manifest",
  text: "Runs a program, and says what it has written: which files, how it saves them (in their place, or by renaming a new one), what the manifest decides of them already, and what an entry for the rest would be. It also says where the program looked for settings in vain.\n\nThe program has the terminal as always. What it does is seen by strace, which sees names and never contents; where there is no strace, by what has changed afterwards, whoever changed it. With --pid a process that runs already is traced until it ends, the time is over or you press ^C; it goes on unharmed.",
  after: `
Examples:
  remanence trace -- ssh-keygen
  remanence trace -- nvim
  remanence trace --for 10m -- firefox
  sudo remanence trace --pid "$(pidof -s cupsd)" --for 10m
  remanence trace --save-profile my-tool --write -- my-tool

With --format json the program's own stdout goes to stderr.

Exit codes: 0 nothing left to decide, 1 something to decide, 2 could not run.
            The program's own exit code is told.`,
};

export const profiles = {
  summary: "the catalogue: what applications and services keep",
  text: "The catalogue: what applications and services keep, where that is known from, and what of it is safe to lose. A manifest names profiles under `profiles:`; your own go into profiles/ beside it.",
};

export const profilesList: Help = {
  summary: "the names of all profiles",
  text: "Lists the catalogue: name, title and flavours (flatpak and the like) of each profile, those beside the manifest included.",
  after: `
Examples:
  remanence profiles list
  remanence profiles list | grep -i browser`,
};

export const profilesShow: Help = {
  summary: "what a profile keeps, and where that is known from",
  text: "Shows one profile: its paths with class and need, its flavours, and the sources of these facts.",
  after: `
Examples:
  remanence profiles show firefox
  remanence profiles show firefox --format json`,
};

export const profilesSearch: Help = {
  summary: "profiles by words: names, paths, packages",
  text: "Finds profiles in which all the words are: in the name, the title, a path, a note, or the name of a command or package.",
  after: `
Examples:
  remanence profiles search browser
  remanence profiles search org.mozilla
  remanence profiles search password flatpak`,
};

export const profilesMatch: Help = {
  summary: "whose a path is, and what it is worth",
  text: "Says of each path which profile knows it, or something around it, and with which class and need. Of a path that no profile knows it says what is usual for such a place, how sure that is, and why; or that it is unknown. The paths need not exist.",
  after: `
Examples:
  remanence profiles match ~/.config/discord ~/.ssh /var/lib/docker
  find ~ -maxdepth 3 | remanence profiles match -
  remanence profiles match --scope home --format json .config/Code/User`,
};

export const schema: Help = {
  summary: "the JSON Schema of the manifest, for your editor",
  text: "Prints the JSON Schema of the manifest. With it an editor completes keys and marks mistakes while you write.",
  after: `
Example:
  remanence schema > persistence.schema.json
and as the first line of persistence.yaml:
  # yaml-language-server: $schema=./persistence.schema.json`,
};
