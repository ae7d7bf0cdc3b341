import { type Binding, type NixValue, nix } from "../../languages/nix.ts";
import type { PlanHost } from "../../plan/plan.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/**
 * A warning of NixOS for passwords and keys that are named where nothing is yet when they are read: users are made and
 * secrets decrypted before stage 2 mounts anything. The manifest knows nothing of them, but the module sees them.
 */
export interface EarlyFiles {
  readonly let: readonly Binding[];
  readonly body: readonly Binding[];
}

/** What the innermost file system around a file says of it: whether it is mounted by then, and not empty. */
export function earlyFiles(host: NixosHost): EarlyFiles {
  const wiped = host.nixos.wipes.map(({ path }) => path).sort();
  if (wiped.length === 0) return { let: [], body: [] };
  const [path, mount] = [nix.reference("path"), nix.reference("mount")];
  const { call } = nix;
  const mountPoints = (of: string): NixValue => call("lib.catAttrs", "mountPoint", nix.reference(of));
  const innermost = call("lib.last", call("around", path));
  return {
    let: [
      {
        name: "early",
        value: call("lib.concatLists", read),
        above: "what is read before stage 2: passwords, and keys that decrypt secrets",
        gap: true,
      },
      {
        name: "fileSystems",
        value: call("lib.attrValues", nix.reference("config.fileSystems")),
        above: "the file systems that are mounted by then, and not empty",
        gap: true,
      },
      {
        name: "needed",
        value: call("lib.filter", nix.reference("utils.fsNeededForBoot"), nix.reference("fileSystems")),
      },
      { name: "wiped", value: wiped },
      {
        name: "there",
        value: call("lib.concatLists", [
          call("lib.subtractLists", nix.reference("wiped"), mountPoints("needed")),
          ["/run"],
        ]),
      },
      {
        name: "mounts",
        value: call("lib.concatLists", [mountPoints("fileSystems"), ["/", "/run", "/run/secrets"]]),
        above: "a file is on the innermost one around it; sops-nix fills /run/secrets only when users are made",
        gap: true,
      },
      { name: "parts", value: nix.lambda(["path"], call("lib.remove", "", call("lib.splitString", "/", path))) },
      {
        name: "holds",
        value: nix.lambda(["path", "mount"], call("lib.lists.hasPrefix", call("parts", mount), call("parts", path))),
      },
      {
        name: "around",
        value: nix.lambda(
          ["path"],
          call(
            "lib.sortOn",
            nix.reference("lib.stringLength"),
            call("lib.filter", call("holds", path), nix.reference("mounts")),
          ),
        ),
      },
      {
        name: "isMissing",
        value: nix.lambda(["path"], nix.equal(call("lib.elem", innermost, nix.reference("there")), false)),
        gap: true,
      },
      {
        name: "tooEarly",
        value: nix.lambda(["path"], nix.text(path, " is not there yet when it is read: name the file in the store")),
      },
    ],
    body: [
      {
        name: "warnings",
        value: call(
          "map",
          nix.reference("tooEarly"),
          call("lib.filter", nix.reference("isMissing"), call("lib.remove", null, nix.reference("early"))),
        ),
        gap: true,
      },
    ],
  };
}

/** Options of NixOS, agenix and sops-nix; the latter two are there or not. */
const read = [
  nix.call("lib.catAttrs", "hashedPasswordFile", nix.call("lib.attrValues", nix.select("config", ["users", "users"]))),
  nix.selectOr("config", ["age", "identityPaths"], []),
  nix.selectOr("config", ["sops", "age", "sshKeyPaths"], []),
  nix.selectOr("config", ["sops", "gnupg", "sshKeyPaths"], []),
  [nix.selectOr("config", ["sops", "age", "keyFile"], null)],
];
