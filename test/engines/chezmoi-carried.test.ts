import { expect, it } from "vitest";
import { archive } from "../support/chezmoi.ts";
import { complaints, generated, manifestOf } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";

const entry = (more: string) => manifestOf([`{ path: .config/app/, ${more} }`]);
const file = (name: string) => ({ [`chezmoi/dot_config/app/${name}`]: "x" });

describeWith(["chezmoi"], "what is carried, and in which form the source has it", () => {
  it.each([
    ["class: secret, carry: encrypted", "private_key", ["chezmoi/in-clear"]],
    ["class: secret, carry: encrypted", "encrypted_key.age", ["chezmoi/other-form"]],
    ["class: secret, carry: encrypted", "encrypted_private_key.age", []],
    ["class: secret, carry: template", "private_key.tmpl", []],
    ["class: secret, carry: template", "private_key", ["chezmoi/in-clear"]],
    ["class: config, carry: encrypted", "conf", ["chezmoi/in-clear"]],
    ["class: config, carry: template", "conf", ["chezmoi/other-form"]],
    ["class: config, carry: template", "conf.tmpl", []],
    ["class: config, carry: seed", "conf", ["chezmoi/other-form"]],
    ["class: config, carry: seed", "create_conf", []],
    ["class: config, carry: true", "create_private_conf.tmpl", []],
    ["class: config, carry: true", "symlink_conf", []],
    ['class: config, mode: "0700", carry: true', "conf", ["chezmoi/other-form"]],
    ['class: config, mode: "0750", carry: true', "conf", ["chezmoi/mode"]],
  ])("%s, and %s", async (said, name, codes) => {
    expect(await complaints(entry(said), file(name))).toEqual(codes);
  });

  it("does not ask of a part what the whole is, where the part has an entry of its own", async () => {
    const manifest = manifestOf([
      "{ path: .config/app/, class: secret, carry: encrypted }",
      "{ path: .config/app/open, class: config, carry: true }",
    ]);
    expect(await complaints(manifest, file("open"))).toEqual([]);
  });

  it("is what chezmoi makes of it: a mode that it has no form for is another one", async () => {
    const { source } = await generated(entry('class: config, mode: "0750", carry: true'), file("conf"));
    const host = { os: "fedora", home: "/home/alice", username: "alice", hostname: "desk" };
    expect(archive(source, host).find(({ path }) => path === ".config/app")?.mode).toBe("0755");
  });
});
