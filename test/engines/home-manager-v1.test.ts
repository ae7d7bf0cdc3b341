import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../src/pipeline.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, RelocatedEntry } from "../../src/plan/plan.ts";
import { describeWith, nixSources } from "../support/engines.ts";
import { filesOf } from "../support/model.ts";
import { evaluateHome, type HomeReport } from "../support/nix.ts";
import { evaluateHost, expectClean, expectPlanned, modulesOf, nixosPlan } from "../support/nixos.ts";
import { declaredFileSystems, oneHost } from "../support/nixos-one-host.ts";
import { runs } from "../support/odd-texts.ts";
import { randomManifest } from "../support/random-manifest.ts";
import { compileText, folderWith, scratch } from "../support/workspace.ts";

type Compiled = Awaited<ReturnType<typeof compileText>>;

function manifest(module: string): string {
  return `version: 1
stores: { persist: /persist, bulk: /persist/bulk }
users: { alice: {}, bob.b: { home: /data/bob, group: staff } }
hosts: { laptop: { os: nixos, nixos: { module: ${module}, home: home-manager-v1, wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids, machine-id, ssh-host-keys]
system: [/var/lib/thing/]
home:
  - Documents/
  - { path: .ssh/, class: secret, note: keys }
  - { path: .local/share/linked/, how: symlink, note: reason }
  - { path: .config/private/, how: symlink, class: secret }
  - { path: .netrc, class: secret, writes: in-place }
  - { path: .config/one.conf, writes: in-place }
  - { path: Films/all/, store: bulk }
  - "My $HOME (1) \`x\`/"
  - "it's/"
  - "#odd; \\"name\\"/in {it}/"
  - "-rf & <x>/"
  - "τέχνη/"
  - { path: "\${pkgs.hello}", writes: in-place }
`;
}

const entriesOf = (plan: HostPlan, user: string): RelocatedEntry[] =>
  mountedEntries(plan).filter((entry) => entry.user === user);

/** Runs text of an activation script as home-manager does, without its dry run. */
function activate(text: string): void {
  const run = spawnSync(
    "bash",
    ["--norc", "-euo", "pipefail", "-c", `run() { "$@"; }; VERBOSE_ARG=; umask 022\n${text}`],
    {
      encoding: "utf8",
    },
  );
  expect({ code: run.status, stderr: run.stderr }).toEqual({ code: 0, stderr: "" });
}

/** Every user's module with the real home-manager.nix of the branch. */
function evaluateHomes(compiled: Compiled): { user: string; report: HomeReport }[] {
  const plan = nixosPlan(compiled);
  const modules = modulesOf(compiled, plan.host.name, "home-manager");
  return plan.host.users
    .filter(({ name }) => entriesOf(plan, name).length > 0)
    .map(({ name, home }) => {
      const report = evaluateHome({
        modulePath: join(nixSources()?.impermanenceV1 ?? "", "home-manager.nix"),
        generated: modules.filter((file) => file.endsWith(`/${name}.nix`)),
        username: name,
        homeDirectory: home,
      });
      if (report.error !== null) throw new Error(report.error);
      const { ok, hazards, assertions, warnings, traces } = report;
      expect({ ok, hazards, assertions, warnings, traces }).toEqual({
        ok: true,
        hazards: [],
        assertions: [],
        warnings: [],
        traces: [],
      });
      return { user: name, report };
    });
}

const shellWord = (text: string): string =>
  /^[A-Za-z0-9,._+:@%/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Mounts and links are those of the plan, one by one, and made after their places in the store. */
function expectKept(report: HomeReport, plan: HostPlan, user: string): void {
  const entries = entriesOf(plan, user);
  const mounted = entries.filter(({ how }) => how === "bind");
  const descriptions = Object.values(report.services)
    .map((service) => (service.Unit as { Description: string } | undefined)?.Description)
    .filter((text) => text?.startsWith("Bind mount "));
  expect(descriptions.sort()).toEqual(
    mounted.map(({ live, stored }) => `Bind mount ${shellWord(stored)} at ${shellWord(live)}`).sort(),
  );
  const links = report.files.filter(({ command }) => command !== null);
  expect(links.map(({ target, command }) => `${target} ${command}`).sort()).toEqual(
    entries
      .filter(({ how }) => how === "symlink")
      .map(({ path, stored }) => `${path} ln -s '${stored}' $out`)
      .sort(),
  );
  const order = report.activationOrder;
  const ours = order.indexOf("remanenceStore");
  expect(ours).toBeGreaterThanOrEqual(0);
  for (const step of ["createAndMountPersistentStoragePaths", "createTargetFileDirectories", "linkGeneration"]) {
    if (order.includes(step)) expect(ours, step).toBeLessThan(order.indexOf(step));
  }
}

describeWith(["nix", "nix-sources"], "the legacy module of impermanence for home-manager", () => {
  it.each(["preservation", "none"])("mounts and links what is planned, and NixOS the rest by %s", async (module) => {
    const compiled = await compileText(manifest(module));
    const plan = nixosPlan(compiled);
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, plan);
    const homes = evaluateHomes(compiled);
    expect(homes.map(({ user }) => user)).toEqual(["alice", "bob.b"]);
    for (const { user, report: home } of homes) expectKept(home, plan, user);
    const persistence = compiled.tree.find(({ path }) => path.endsWith("persistence.nix"))?.content;
    expect(persistence).toContain("programs.fuse.userAllowOther = true;");
  });

  it("is refused, or works as planned, for any manifest", async () => {
    const { numRuns, seed } = runs(8);
    let worked = 0;
    for (const model of fc.sample(randomManifest, { numRuns, seed })) {
      for (const name of ["n1", "n2"]) {
        const one = oneHost(model, name, { module: "none", home: "home-manager-v1" });
        const files = filesOf(one);
        const compiled = await compile(`${folderWith(files)}/persistence.yaml`);
        if (compiled.diagnostics.some(({ severity }) => severity === "error")) continue;
        const plan = nixosPlan(compiled);
        const mounts = plan.host.stores.map(({ mount }) => mount);
        try {
          const report = evaluateHost(compiled, declaredFileSystems(one, mounts));
          expectClean(report);
          expectPlanned(report, plan);
          for (const { user, report } of evaluateHomes(compiled)) expectKept(report, plan, user);
        } catch (cause) {
          throw new Error(files["persistence.yaml"], { cause });
        }
        worked++;
      }
    }
    expect(worked).toBeGreaterThan(3);
  });

  it("makes in the store what is mounted and linked, private directories as such, and each link leads there", async () => {
    const root = scratch();
    const compiled = await compileText(
      manifest("none").replace(
        "persist: /persist, bulk: /persist/bulk",
        `persist: "${root}/store", bulk: "${root}/bulk"`,
      ),
    );
    const plan = nixosPlan(compiled);
    const links = join(root, "links");
    mkdirSync(links);
    for (const { user, report } of evaluateHomes(compiled)) {
      activate(report.activation.remanenceStore?.data ?? "");
      activate(report.activation.createTargetFileDirectories?.data ?? "");
      for (const entry of entriesOf(plan, user)) {
        const made = statSync(entry.kind === "directory" ? entry.stored : dirname(entry.stored));
        expect(made.isDirectory(), entry.path).toBe(true);
        if (entry.kind === "directory")
          expect((made.mode & 0o777).toString(8), entry.path).toBe((entry.mode ?? "0755").slice(1));
      }
      report.files
        .filter(({ command }) => command !== null)
        .forEach(({ target, command }, i) => {
          const out = join(links, `${user}-${i}`);
          activate(`out=${out}\n${command}`);
          const entry = entriesOf(plan, user).find(({ path }) => path === target);
          expect(readlinkSync(out)).toBe(entry?.stored);
          writeFileSync(entry?.kind === "directory" ? join(out, "data") : out, "kept");
        });
    }
    expect(readFileSync(join(root, "store/home/alice/.local/share/linked/data"), "utf8")).toBe("kept");
    expect(readFileSync(join(root, "store/home/alice/.netrc"), "utf8")).toBe("kept");
  });

  const long = "x".repeat(210);
  it.each([
    [".config/app", "config/app"],
    ["a.b", "ab"],
    ["a b", "a-b"],
    ["a b", "a  c"],
    ["a@b", "a:b"],
    ["τ", "ω"],
    [`a/${long}`, `b/${long}`],
    ["it's", "it s"],
    ["a_b", "a-b"],
    ["x y", "x-y"],
  ])("mounts %s and %s by units of their own, or they are refused", async (one, other) => {
    const module = folderWith({
      "home.nix": `{ home.persistence."/persist/home/alice" = { allowOther = true; directories = [ ${JSON.stringify(one)} ${JSON.stringify(other)} ]; }; }\n`,
    });
    const report = evaluateHome({
      modulePath: join(nixSources()?.impermanenceV1 ?? "", "home-manager.nix"),
      generated: [join(module, "home.nix")],
    });
    if (report.error !== null) throw new Error(report.error);
    const units = Object.keys(report.services).filter((name) => name.startsWith("bindMount-"));
    const { diagnostics } = await compileText(
      `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { module: none, home: home-manager-v1 } } }
profiles: [nixos-ids]
home: [${JSON.stringify(`${one}/`)}, ${JSON.stringify(`${other}/`)}]
`,
    );
    const refused = diagnostics.filter(({ code }) => code === "nixos/same-unit");
    expect(refused.length).toBe(units.length === 1 ? 1 : 0);
    for (const { message } of refused) expect(message).toContain(`${units[0]}.service`);
  });
});
