import { type Binding, nix } from "../../languages/nix.ts";
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

/** `mounts` are the file systems that are there when the initrd ends. */
export function earlyFiles(host: NixosHost, mounts: readonly string[]): EarlyFiles {
  if (!host.nixos.wipes.some(({ path }) => path === "/") || mounts.length === 0) return { let: [], body: [] };
  const path = nix.reference("path");
  const hasPrefix = nix.call("lib.hasPrefix", nix.reference("top"), path);
  const isThere = nix.call("lib.any", nix.lambda(["top"], hasPrefix), nix.reference("lasting"));
  const text = nix.text(path, " is read before it is mounted there: name the file in the store");
  const missing = nix.call(
    "lib.filter",
    nix.reference("isMissing"),
    nix.call("lib.remove", null, nix.reference("early")),
  );
  return {
    let: [
      {
        name: "early",
        value: nix.call("lib.concatLists", read),
        above: "what is read before stage 2: passwords, and keys that decrypt secrets",
        gap: true,
      },
      { name: "lasting", value: [...mounts.map((mount) => `${mount}/`), "/nix/", "/run/"] },
      { name: "isMissing", value: nix.lambda(["path"], nix.equal(isThere, false)) },
      { name: "tooEarly", value: nix.lambda(["path"], text) },
    ],
    body: [{ name: "warnings", value: nix.call("map", nix.reference("tooEarly"), missing), gap: true }],
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
