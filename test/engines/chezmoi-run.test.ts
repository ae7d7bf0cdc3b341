import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { apply, status } from "../support/chezmoi.ts";
import { aliceAt, generate, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { folderWith, readText, writeFiles } from "../support/workspace.ts";

const runs = (scripts: string, more = "") =>
  manifestOf([".mozilla/", ...(more === "" ? [] : [more])]).replace(
    "~/.persist } }",
    `~/.persist }, fedora: { chezmoi-runs: ${scripts} } }`,
  );

describeWith(["chezmoi"], "scripts that the manifest has chezmoi run", () => {
  it("are the real ones: link.sh runs once, and again when the plan has changed", async () => {
    const { folder, source } = await generated(runs("[link]"));
    const home = homeIn(folder);
    const host = aliceAt(home, { username: process.env["USER"] ?? "root" });
    // the script looks at who runs it and at HOME, both ours
    const first = apply(source, home, [], host);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(".mozilla");
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stdout: "" });
    expect(status(source, home, [], host).stdout).toBe("");
    writeFiles(folder, { "persistence.yaml": runs("[link]", ".config/app/") });
    await generate(folder);
    expect(apply(source, home, [], host).stdout).toContain(".config/app");
    expect(picture(home)).toMatchObject({
      ".config/app": "-> ../.remanence/.config/app",
      ".persist/.config/app/": "0755",
    });
  });

  it("lie where they lie, however the folder is called, and fail loudly", async () => {
    const folder = folderWith({});
    const odd = join(folder, "it's $(touch x) `y`");
    writeFiles(odd, { "persistence.yaml": runs("[verify, link]") });
    const { source } = await generate(odd);
    const home = homeIn(folder);
    for (const [name, code] of [
      ["link.sh", 0],
      ["verify.sh", 1],
    ] as const) {
      rmSync(join(odd, "fedora/desk", name));
      writeFiles(odd, { [`fedora/desk/${name}`]: `#!/bin/sh\necho ran >>"$HOME/${name}.log"\nexit ${code}\n` });
      chmodSync(join(odd, "fedora/desk", name), 0o755);
    }
    const run = apply(source, home, [], aliceAt(home));
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("verify");
    // one that failed is run again, one that did not is not
    apply(source, home, [], aliceAt(home));
    expect(readText(home, "link.sh.log")).toBe("ran\n");
    expect(readText(home, "verify.sh.log")).toBe("ran\nran\n");
  });

  it("are no matter on other hosts, nor where they are not there", async () => {
    const { folder, source } = await generated(runs("[link, verify]"));
    const laptop = homeIn(folder, "laptop");
    const nixos = aliceAt(laptop, { os: "nixos", hostname: "laptop" });
    expect(apply(source, laptop, [], nixos)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    rmSync(join(folder, "fedora"), { recursive: true });
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home))).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });
});
