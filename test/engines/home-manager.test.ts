import { dirname } from "node:path";
import { expect, it } from "vitest";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { RelocatedEntry } from "../../src/plan/plan.ts";
import { describeWith } from "../support/engines.ts";
import { compileMachine } from "../support/machines.ts";
import { evalNix, evaluateHome } from "../support/nix.ts";
import { modulesOf, nixosPlan } from "../support/nixos.ts";
import { compileText } from "../support/workspace.ts";

const odd = [
  "My Documents",
  "it's",
  'a "b"',
  "${pkgs.hello}",
  "''x''",
  "'${y}",
  "back\\slash",
  "-rf",
  "#h",
  "τέχνη",
  "100%",
  "a$HOME",
  "`x`",
];

function oddManifest(): string {
  const paths = odd.map((name) => JSON.stringify(`${name}/`)).join(", ");
  return `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { home: standalone } } }
profiles: [nixos-ids]
home:
  - { path: [${paths}] }
  - { path: .config/deep/er/, class: secret }
  - { path: .netrc, class: secret, writes: in-place }
`;
}

function homeEntries(compiled: Awaited<ReturnType<typeof compileMachine>>): RelocatedEntry[] {
  return mountedEntries(nixosPlan(compiled)).filter((entry) => entry.scope === "home");
}

describeWith(["nix", "nix-sources"], "a standalone home-manager with the real Home Manager", () => {
  it.each([
    ["mitsio", () => compileMachine("mitsio")],
    ["odd names", () => compileText(oddManifest())],
  ])(
    "accepts the module of %s and links what is planned, after it made what the links point to",
    async (_, compile) => {
      const compiled = await compile();
      const plan = nixosPlan(compiled);
      const user = plan.host.users[0];
      const report = evaluateHome({
        generated: modulesOf(compiled, plan.host.name, "home-manager"),
        username: user?.name ?? "",
        homeDirectory: user?.home ?? "",
      });
      if (report.error !== null) throw new Error(report.error);
      expect({ ok: report.ok, hazards: report.hazards }).toEqual({ ok: true, hazards: [] });
      const links = report.files.filter((file) => file.command !== null).map((file) => file.target);
      expect(links.sort()).toEqual(
        homeEntries(compiled)
          .map((entry) => entry.path as string)
          .sort(),
      );
      const order = report.activationOrder;
      expect(order.indexOf("remanenceStore")).toBeGreaterThan(order.indexOf("writeBoundary"));
      expect(order.indexOf("remanenceStore")).toBeLessThan(order.indexOf("linkGeneration"));
    },
  );
});

/** What the module says, with functions of home-manager that only record what they are given. */
function recorded(module: string): { files: Record<string, { source: string }>; script: string } {
  const value = evalNix(`
    let m = import ${module} {
      config.lib.file.mkOutOfStoreSymlink = path: path;
      lib.hm.dag.entryBetween = before: after: data: { inherit before after data; };
    };
    in { files = m.home.file; script = m.home.activation.remanenceStore.data; }`);
  return value as { files: Record<string, { source: string }>; script: string };
}

describeWith(
  ["nix"],
  "a standalone home-manager module, read by nix against a stub of home-manager's functions",
  () => {
    it.each([
      ["mitsio", () => compileMachine("mitsio")],
      ["odd names", () => compileText(oddManifest())],
    ])("links each entry of %s to its stored path", async (_, compile) => {
      const compiled = await compile();
      const [module] = modulesOf(compiled, nixosPlan(compiled).host.name, "home-manager");
      const links = Object.entries(recorded(module ?? "").files).map(([path, { source }]) => [path, source]);
      expect(links.sort()).toEqual(
        homeEntries(compiled)
          .map((entry) => [entry.path, entry.stored])
          .sort(),
      );
    });

    it("makes the directories that links point to, private ones 0700, and leaves existing ones as they are", async () => {
      const { spawnSync } = await import("node:child_process");
      const { chmodSync, mkdirSync, statSync } = await import("node:fs");
      const { scratch } = await import("../support/workspace.ts");
      const root = scratch();
      const compiled = await compileText(
        oddManifest().replace("hosts:", `stores: { persist: "${root}/store" }\nhosts:`),
      );
      const [module] = modulesOf(compiled, "laptop", "home-manager");
      const { script } = recorded(module ?? "");
      const kept = homeEntries(compiled).find((entry) => entry.path === "it's")?.stored ?? "";
      mkdirSync(kept, { recursive: true });
      chmodSync(kept, 0o751);
      const run = spawnSync("bash", ["--norc", "-euc", `run() { "$@"; }; VERBOSE_ARG=; umask 022\n${script}`], {
        encoding: "utf8",
      });
      expect({ code: run.status, stderr: run.stderr }).toEqual({ code: 0, stderr: "" });
      for (const entry of homeEntries(compiled)) {
        const made = entry.kind === "directory" ? entry.stored : dirname(entry.stored);
        expect(statSync(made).isDirectory(), entry.path).toBe(true);
        const mode = entry.kind === "directory" && entry.stored !== kept ? (entry.mode ?? "0755") : null;
        if (mode !== null) expect((statSync(made).mode & 0o777).toString(8), entry.path).toBe(mode.slice(1));
      }
      expect((statSync(kept).mode & 0o777).toString(8)).toBe("751");
    });
  },
);
