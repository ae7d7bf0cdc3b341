import { beforeAll, describe, expect, it } from "vitest";
import type { Compiled } from "../../../src/pipeline.ts";
import { fate } from "../../../src/plan/fate.ts";
import type { AbsolutePath } from "../../../src/plan/path.ts";
import { compileMachine } from "../../support/machines.ts";
import { planNamed, resolveText, smallManifest } from "../../support/small-manifest.ts";

/** Path, class, need; what is not said of it is not checked. */
type Row = readonly [path: string, entryClass: string | null, need: string | null, more?: object];
const data = ["data", "critical"] as const;
const state = ["state", "important"] as const;
const secret = ["secret", "critical"] as const;
const cache = ["cache", "none"] as const;
const unsaved = { backup: false };

const mitsio: readonly Row[] = [
  ["/var/log", "log", null],
  ["/var/lib/nixos", "state", "critical"],
  ["/var/lib/systemd/coredump", null, null],
  ["/var/lib/systemd/timers", "state", null],
  ["/var/lib/bluetooth", "secret", null],
  ["/etc/NetworkManager/system-connections", ...secret],
  ["/etc/machine-id", "state", "critical"],
  ["/var/lib/colord", "state", null, { mode: "0750", owner: "colord", group: "colord" }],
  ["/var/lib/docker/volumes", "data", null],
  ["/var/lib/libvirt", null, null],
  ["/var/lib/postgresql", ...data],
  ["/var/cache", ...cache],
  ["/var/keys/secret_file", ...secret],
  ["~/.ssh", ...secret, { mode: "0700" }],
  ["~/.gnupg", ...secret, { mode: "0700" }],
  ["~/.local/share/keyrings", ...secret, { mode: "0700" }],
  ["~/MyVault", ...secret],
  ...["Documents", "Downloads", "Pictures", "Videos", "Music", "Projects", "Workspaces"].map(
    (name): Row => [`~/${name}`, "data", null],
  ),
  ["~/Dropbox", "data", null, unsaved],
  ["~/GoogleDrive", "data", null, unsaved],
  ["~/.mozilla", ...state],
  ["~/.config/BraveSoftware", "state", null],
  ["~/.config/google-chrome", "state", null],
  ["~/.config/obsidian", null, null, { disposition: "persist" }],
  ["~/.config/discord", "state", null],
  ["~/.config/Slack", "state", null],
  ["~/.local/share/applications", null, null, { disposition: "persist" }],
  ["~/.local/share/fonts", null, null, { disposition: "persist" }],
  ["~/.local/share/direnv", "state", null],
  ["~/.cargo", "state", null],
  ["~/.cargo/registry", ...cache],
  ["~/.npm", ...cache],
  ["~/.npmrc", "secret", null],
  ["~/.cache/go-build", ...cache],
  ["~/.local/share/Steam", "cache", null, { disposition: "persist", ...unsaved }],
  ["~/.minecraft", null, null, { disposition: "persist", ...unsaved }],
  ["~/.bash_history", "state", null],
  ["~/.zsh_history", "state", null],
];

const gabriel: readonly Row[] = [
  ["/var/lib/systemd", "state", null],
  ["/var/lib/NetworkManager", "state", null],
  ["/etc/NetworkManager/system-connections", ...secret],
  ["/var/lib/nixos", "state", "critical"],
  ["/var/lib/docker", null, null, { disposition: "persist", ...unsaved }],
  ["/var/lib/docker/volumes", "data", null, { backup: true }],
  ["/var/lib/bluetooth", "secret", null],
  ["/var/lib/lastlog", "log", "optional"],
  ["/var/lib/logrotate.status", "log", "optional"],
  ["/var/log", "log", null, { expire: "14d" }],
  ["/etc/machine-id", null, null, { disposition: "persist" }],
  ["/etc/ssh/ssh_host_ed25519_key", "secret", null],
  ["~/.ssh", ...secret],
  ["~/.aws", ...secret],
  ["~/.config", "config", null],
  ["~/.config/river", "config", null, { disposition: "carry" }],
  ["~/.config/nvim", "config", null, { disposition: "carry" }],
  ["~/.local/bin", null, null, { disposition: "persist" }],
  ["~/.local/share/icons", null, "none"],
  ["~/.local/share/nvim", null, null, { disposition: "persist" }],
  ["~/.local/state/nvim", "state", null, { disposition: "persist" }],
  ["~/.local/state/river", "state", null, { disposition: "persist" }],
  ["~/.mozilla", ...state],
  ["~/.claude", null, null, { disposition: "persist" }],
  ["~/.claude/.credentials.json", "secret", null],
  ["~/.cache", ...cache],
  ["~/.npm", ...cache],
  ["~/.tabby", ...cache],
  ["~/.bash_history", "state", null],
  ["~/.local/share/fish", null, null, { disposition: "persist" }],
  ["/var/tmp", ...cache],
  ["/tmp", ...cache],
  ["/var/cache", ...cache],
];

describe.each([
  ["mitsio", mitsio],
  ["gabriel", gabriel],
])("the laptop of %s", (name, rows) => {
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = await compileMachine(name);
  });

  it("is a manifest without errors", () => {
    expect(compiled.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  });

  const named = rows.map(([path, entryClass, need, more = {}]) => ({ path, entryClass, need, more }));
  it.each(named)("classes $path as $entryClass, $need", ({ path, entryClass, need, more }) => {
    const live = path.replace(/^~/, `/home/${name}`) as AbsolutePath;
    const { rule } = fate(planNamed(compiled, "laptop"), live);
    expect(rule).toMatchObject({
      class: entryClass ?? expect.any(String),
      need: need ?? expect.any(String),
      ...more,
    });
  });
});

describe("what is said in the descriptions and wrong", () => {
  it.each([
    ["home: [{ path: x/, RuntimePersistentStorage: yes }]", "/var/log/"],
    ["RuntimePersistentStorage: yes", "SystemMaxUse="],
    ["system: [{ path: /var/log/, MaxDiskSize: 1G }]", "SystemMaxUse="],
    ["home: [{ path: x/, allowOther: true }]", "home-manager-v1"],
    ["home: [{ path: x/, method: symlink }]", "how: symlink"],
    ["stores: { persist: { path: /persist, neededForBoot: true } }", "itself"],
    ["system: [{ path: /etc/machine-id, how: symlink }]", "plain file entry"],
    ["system: ['/persist/{var/lib,etc,home/gabriel/.{ssh,.aws}}']", "one by one"],
    ["system: [{ path: /var/lib/, owner: root, group: root }]", "leave `owner` and `group` away"],
    ["home: [{ path: x/, how: copy }]", "cp -r"],
    ["home: [{ path: x/, how: cp }]", "cp -r"],
    ["system: [/var/lib/machine-id]", "/etc/machine-id"],
    ["system: [/etc/adjtime]", "time.hardwareClockInLocalTime"],
    ["system: [/etc/ssh/]", "ssh_host_ed25519_key"],
    ["system: [/var/lib/NetworkManager/]", "/etc/NetworkManager/system-connections/"],
    ["home: [.fish_history]", ".local/share/fish/"],
    ["home: [.bash_history]", "HISTFILE"],
    ["home: [.zsh_history]", "HISTFILE"],
    ["home: [.npmrc]", "class: secret"],
    ["home: [.ssh]", "`.ssh/`"],
    ["system: [/tmp/]", "class: cache"],
  ])("has the right answer: %s", async (sections, answer) => {
    const { diagnostics } = await resolveText(smallManifest(sections));
    const helps = diagnostics.filter((d) => d.severity !== "note").map((d) => d.help ?? "");
    expect(helps.some((help) => help.includes(answer))).toBe(true);
  });
});
