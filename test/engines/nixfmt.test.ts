import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, it } from "vitest";
import { nix } from "../../src/languages/nix.ts";
import { compile } from "../../src/pipeline.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { filesOf } from "../support/model.ts";
import { oneHost } from "../support/nixos-one-host.ts";
import { runs } from "../support/odd-texts.ts";
import { randomManifest } from "../support/random-manifest.ts";
import { folderWith } from "../support/workspace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Changes nothing, or the difference as a pair. */
function expectFormatted(text: string, name: string): void {
  const run = spawnSync(engineCommand("nixfmt"), ["-"], { input: text, encoding: "utf8" });
  expect(run.stderr, name).toBe("");
  expect(run.stdout, name).toBe(text);
}

function modulesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith(".nix"))
    .map((file) => join(file.parentPath, file.name));
}

describeWith(["nixfmt"], "nixfmt", () => {
  it("changes nothing in what is in the repository", () => {
    const files = [join(root, "flake.nix"), ...["docs", "test"].flatMap(modulesBelow)];
    expect(files.length).toBeGreaterThan(30);
    for (const file of files) expectFormatted(readFileSync(file, "utf8"), relative(root, file));
  });

  it.each([
    ["impermanence", "nixos-module"],
    ["impermanence", "home-manager"],
    ["preservation", "nixos-module"],
    ["preservation", "home-manager-v1"],
    ["none", "nixos-module"],
    ["none", "standalone"],
  ])("changes nothing in any output for %s with %s", async (module, home) => {
    const { numRuns, seed } = runs(12);
    let formatted = 0;
    for (const model of fc.sample(randomManifest, { numRuns, seed })) {
      const files = filesOf(oneHost(model, "n1", { module, home }));
      const compiled = await compile(`${folderWith(files)}/persistence.yaml`);
      for (const { path, content } of compiled.tree.filter((file) => file.path.endsWith(".nix"))) {
        expectFormatted(content, `${path} of\n${files["persistence.yaml"]}`);
        formatted++;
      }
    }
    expect(formatted).toBeGreaterThan(3);
  });

  it("changes nothing in values that are too long for a line", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b.c", "/", " ", "ü"), minLength: 1, maxLength: 60 });
    const value = fc.oneof(
      text,
      text.map((t) => [t]),
      fc.tuple(text, text).map(([a, b]) => [a, b]),
      text.map((t) => nix.call("link", t)),
      fc.tuple(text, text).map(([a, b]) => nix.call("lib.mkOption", a, b)),
      text.map((t) => [nix.call("link", t)]),
      text.map((t) => nix.text(t, nix.reference("name"), "/bin")),
      text.map((t) => nix.select("config.users", [t, "home"])),
      text.map((t) => nix.set([{ name: t, value: nix.call("link", t) }])),
      text.map((t) => nix.call("lib.mkDefault", nix.set([{ name: "a", value: t }]))),
    );
    const name = fc.array(text, { minLength: 1, maxLength: 2 });
    const bindings = fc.uniqueArray(fc.record({ name, value }), {
      selector: ({ name: [first] }) => first,
      minLength: 1,
    });
    fc.assert(
      fc.property(bindings, (body) => expectFormatted(nix.module({ header: ["x"], args: ["config"], body }), "")),
      runs(100),
    );
  });

  it("changes nothing in calls of any length around the width, at any depth, with a remark beside them or without", () => {
    const lengths = Array.from({ length: 50 }, (_, i) => 50 + i);
    const values = [nix.call("link", "/persist/home/alice"), nix.equal(nix.reference("a.b"), "/persist/home"), ["x"]];
    const bindings = [null, "why"].flatMap((comment) =>
      values.flatMap((value, kind) =>
        lengths.flatMap((length) =>
          // A list is broken after its bracket; a quoted name that fills a line by itself is left out.
          (Array.isArray(value) ? ["x"] : ["x", "/"]).map((letter) => ({
            name: `${comment === null ? "a" : "b"}${kind}${letter.repeat(length)}`,
            value,
            comment,
          })),
        ),
      ),
    );
    const deeper = nix.set([{ name: "deeper", value: nix.set(bindings) }]);
    const body = [...bindings, { name: "deep", value: nix.set([...bindings, { name: "deep", value: deeper }]) }];
    expectFormatted(nix.module({ header: ["x"], args: [], body }), "calls");
  });
});
