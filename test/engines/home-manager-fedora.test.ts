import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mountedEntries } from "../../src/plan/physical.ts";
import { archive } from "../support/chezmoi.ts";
import { describeWith, nixSources } from "../support/engines.ts";
import { type Scripts, scriptsOf } from "../support/fedora.ts";
import { type OwnRoot, ownRoot } from "../support/fedora-root.ts";
import { evaluateHome, type HomeReport } from "../support/nix.ts";

const manifest = `version: 1
users: { ann: {} }
hosts:
  desk: { os: fedora, stores: { persist: ~/.persist }, fedora: { home: standalone } }
  other: { os: fedora, stores: { persist: ~/.persist } }
home:
  - Documents/
  - { path: .config/private/, class: secret }
  - "it's $HOME \`x\`/"
  - "#odd; \\"name\\"/in {it}/"
  - { path: mounted/, how: bind }
`;

function moduleOf({ folder }: Scripts): string {
  return join(folder, "..", "..", "home-manager", "desk", "ann.nix");
}

function evaluated(scripts: Scripts): HomeReport {
  const report = evaluateHome({ generated: [moduleOf(scripts)], username: "ann" });
  if (report.error !== null) throw new Error(report.error);
  expect({ ok: report.ok, hazards: report.hazards }).toEqual({ ok: true, hazards: [] });
  return report;
}

const linkedOf = ({ plan }: Scripts) => mountedEntries(plan).filter(({ how }) => how === "symlink");

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A generation of home-manager's with the links of the module, and its own scripts that check and make links. */
function layGeneration(root: OwnRoot, report: HomeReport): void {
  const lines = report.files.flatMap(({ target, command }, i) => {
    if (command === null) return [];
    const at = quoted(`${generation}/${target}`);
    return [`out=/nix/store/link${i}; ${command}; mkdir -p "$(dirname ${at})"; ln -s /nix/store/link${i} ${at}`];
  });
  const done = root.sh(["set -eu; mkdir -p /nix; mount -t tmpfs tmpfs /nix; mkdir /nix/store", ...lines].join("\n"));
  expect(done).toEqual({ code: 0, out: "", err: "" });
  const files = join(nixSources()?.homeManager ?? "", "modules", "files");
  const library = 'errorEcho() { echo "$*"; }; warnEcho() { :; }; verboseEcho() { :; }; run() { "$@"; }; VERBOSE_ARG=';
  const check = readFileSync(join(files, "check-link-targets.sh"), "utf8")
    .replace("@initHomeManagerLib@", library)
    .replace("@forcedPaths@", "")
    .replace("@storeDir@", "/nix/store");
  const text = /link = pkgs.writeShellScript "link" ''\n(.*?)\n *'';/s.exec(readFileSync(`${files}.nix`, "utf8"))?.[1];
  const link = (text ?? "").replaceAll("''$", "$").replace("${config.lib.bash.initHomeManagerLib}", library);
  expect(link).toContain("ln -sfn");
  writeFileSync(join(root.path, "check"), check);
  writeFileSync(join(root.path, "link"), `set -u; HOME_MANAGER_BACKUP_COMMAND=; HOME_MANAGER_BACKUP_EXT=\n${link}`);
}
const generation = "/nix/store/f-home-manager-files";

function step(root: OwnRoot, script: "check" | "link"): string {
  const find = `find ${generation} \\( -type f -or -type l \\) -exec bash /${script} ${generation} {} +`;
  const { out, err } = root.sh(find, "ann");
  return out + err;
}

/** What home-manager's check of what is in the way says. */
function inTheWay(root: OwnRoot): string[] {
  const found = step(root, "check").matchAll(/Existing file '(.*)' would be clobbered/g);
  return [...found].map((match) => match[1] ?? "").sort();
}

describeWith(["nix", "nix-sources", "root"], "home-manager on Fedora, with the real check of Home Manager", () => {
  it("replaces the links of link.sh by its own, loses nothing, and stops at whatever else is in the way", async () => {
    const scripts = await scriptsOf(manifest);
    const report = evaluated(scripts);
    const linked = linkedOf(scripts).map(({ path }) => path as string);
    const root = ownRoot();
    root.use(scripts);
    root.sh("install -d -o ann -g ann /home/ann");
    for (const path of linked)
      root.sh(`mkdir -p ~/${quoted(path)} && echo ${quoted(path)} >~/${quoted(path)}/content`, "ann");
    root.sh("chmod 0700 ~/.config/private", "ann");
    expect(root.script("link", ["--yes"]).code).toBe(0);
    layGeneration(root, report);
    expect(inTheWay(root)).toEqual([]);
    expect(step(root, "link")).toBe("");
    for (const path of linked) {
      expect(root.sh(`readlink -n ~/${quoted(path)}; cat ~/${quoted(path)}/content`, "ann").out).toBe(
        `${generation}/${path}${path}\n`,
      );
    }
    const only = linked.map(quoted);
    const verified = root.script("verify", ["--only", ...only]);
    expect({ code: verified.code, err: verified.err }).toEqual({ code: 0, err: "" });
    expect(verified.out.match(/home-manager's/g)?.length).toBe(linked.length);
    expect(root.script("link", ["--dry-run", "--only", ...only]).out).toContain(
      `0 of ${linked.length} entries would be linked`,
    );

    // a program made a directory of its own in place of a link, and a person a link
    root.sh("rm ~/Documents; mkdir ~/Documents; echo new >~/Documents/new; ln -sfnT /etc ~/.config/private", "ann");
    expect(root.sh("cat ~/Documents/new; readlink ~/.config/private", "ann").out).toBe("new\n/etc\n");
    expect(inTheWay(root)).toEqual(["/home/ann/.config/private", "/home/ann/Documents"]);
  });

  it("leaves a real file with the content of its own as it is, and stops at one with another", async () => {
    const scripts = await scriptsOf(manifest);
    const root = ownRoot();
    root.use(scripts);
    root.sh("install -d -o ann -g ann /home/ann");
    layGeneration(root, evaluated(scripts));
    root.sh(`echo same >${generation}/.same; echo other >${generation}/.other`);
    root.sh("echo same >~/.same; echo mine >~/.other", "ann");
    expect(inTheWay(root)).toEqual(["/home/ann/.other"]);
    root.sh("rm ~/.other", "ann");
    step(root, "link");
    expect(root.sh("stat -c %F ~/.same ~/.other; cat ~/.same ~/.other", "ann").out).toBe(
      "regular file\nsymbolic link\nsame\nother\n",
    );
  });

  it("links what is planned and not mounted, and its steps stand where they must", async () => {
    const scripts = await scriptsOf(manifest);
    const report = evaluated(scripts);
    const links = report.files.filter(({ command }) => command !== null).map(({ target }) => target);
    expect(links.sort()).toEqual(
      linkedOf(scripts)
        .map(({ path }) => path as string)
        .sort(),
    );
    expect(links).not.toContain("mounted");
    const at = (step: string): number => report.activationOrder.indexOf(step);
    expect(at("remanenceStore")).toBeGreaterThan(at("writeBoundary"));
    expect(at("remanenceStore")).toBeLessThan(at("linkGeneration"));
  });
});

describeWith(["chezmoi"], "chezmoi beside home-manager on Fedora", () => {
  it("makes no links where home-manager does, and those of the other hosts as ever", async () => {
    const { folder } = await scriptsOf(manifest);
    const links = (hostname: string): number =>
      archive(join(folder, "..", "..", "chezmoi"), {
        os: "fedora",
        home: "/home/ann",
        username: "ann",
        hostname,
      }).filter(({ type }) => type === "symlink").length;
    expect([links("desk"), links("other")]).toEqual([0, 5]);
  });
});
