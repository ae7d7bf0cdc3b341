import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith, nixSources } from "./engines.ts";
import { evalNix, evaluateHome, evaluateNixos, parses } from "./nix.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "remanence-nix-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const module = (text: string) => {
  const file = join(folder, "module.nix");
  writeFileSync(file, text);
  return file;
};

describeWith(["nix"], "Nix evaluation", () => {
  it("gives a value as JSON", () => {
    expect(evalNix(`{ a = [ 1 "\${"x"}y" null ]; }`)).toEqual({ a: [1, "xy", null] });
  });

  it("takes an expression longer than an argument may be", () => {
    const long = "é".repeat(200_000);
    expect(evalNix(`"${long}"`)).toBe(long);
  });

  it("throws what Nix says", () => {
    expect(() => evalNix(`throw "no such luck"`)).toThrow(/^error: (.|\n)*no such luck/);
  });

  it("knows what parses", () => {
    expect(parses(module("{ }: { a = 1; }"))).toEqual({ ok: true, error: null });
    const broken = parses(module("{ a = ; }"));
    expect(broken.ok).toBe(false);
    expect(broken.error).toMatch(/^error: .*syntax error/);
  });
});

const users = { alice: { group: "users", home: "/home/alice" } };
const persist = { device: "/dev/disk/by-label/persist", fsType: "ext4", neededForBoot: true };
const fileSystems = { "/": { device: "none", fsType: "tmpfs" }, "/persist": persist };

describeWith(["nix", "nix-sources"], "NixOS harness", () => {
  const evaluate = (text: string) =>
    evaluateNixos({
      modulePath: join(nixSources()?.impermanence ?? "", "nixos.nix"),
      generated: [module(text)],
      users,
      fileSystems,
    });

  it("reads back what the real impermanence makes of a good module", () => {
    const result = evaluate(`{
      environment.persistence."/persist" = {
        directories = [ "/var/log" "/var/lib/nixos" ];
        files = [ "/etc/machine-id" ];
        users.alice.directories = [ { directory = ".ssh"; mode = "0700"; } ];
      };
    }`);
    expect(result).toMatchObject({ ok: true, error: null, traces: [], assertions: [], warnings: [], hazards: [] });
    if (result.error !== null) return;
    expect(result.mounts).toContainEqual(
      expect.objectContaining({ where: "/home/alice/.ssh", what: "/persist/home/alice/.ssh", stage: "system" }),
    );
    expect(result.directories).toContainEqual(
      expect.objectContaining({ path: "/home/alice/.ssh", mode: "0700", user: "alice", group: "users" }),
    );
    expect(result.fileServices.map(({ file }) => file)).toEqual(["/etc/machine-id"]);
  });

  it("returns the real module's error for an unknown option", () => {
    const result = evaluate(`{ environment.persistence."/persist".dirs = [ ]; }`);
    expect(result.ok).toBe(false);
    expect(result.error).toMatch(/option `environment.persistence."\/persist".dirs' does not exist/);
  });

  it("is not ok on a failed assertion, a warning or a trace", () => {
    const bad = (text: string) => evaluate(`{ lib, ... }: { ${text} }`);
    expect(bad(`assertions = [ { assertion = false; message = "never"; } ];`)).toMatchObject({
      ok: false,
      error: null,
      assertions: ["never"],
    });
    expect(bad(`warnings = [ "mind the gap" ];`)).toMatchObject({ ok: false, warnings: ["mind the gap"] });
    const traced = bad(`systemd.services = lib.warn "old habits" { };`);
    expect(traced).toMatchObject({ ok: false, error: null });
    expect(traced.traces.join()).toContain("old habits");
  });

  it("names hazards that no module asserts", () => {
    const result = evaluateNixos({
      modulePath: join(nixSources()?.impermanence ?? "", "nixos.nix"),
      generated: [module(`{ environment.persistence."/persist".directories = [ "/var/lib" "/var/lib/nixos" ]; }`)],
      users,
      fileSystems,
    });
    expect(result).toMatchObject({ ok: true, hazards: [{ kind: "nested" }] });
  });

  it("has Home Manager's options where they are asked for", () => {
    const generated = [module(`{ home-manager.users.alice.home.file.a.text = "b"; }`)];
    expect(evaluateNixos({ generated, users, fileSystems }).error).toContain("home-manager");
    expect(evaluateNixos({ generated, users, fileSystems, withHomeManager: true })).toMatchObject({ ok: true });
  });
});

describeWith(["nix", "nix-sources"], "Home Manager harness", () => {
  it("reads back files and activation", () => {
    const result = evaluateHome({
      username: "alice",
      generated: [
        module(`{ config, lib, ... }: {
          home.file.".local/share/x".source = config.lib.file.mkOutOfStoreSymlink "/persist/home/alice/x";
          home.activation.made = lib.hm.dag.entryBetween [ "linkGeneration" ] [ "writeBoundary" ] "run true";
        }`),
      ],
    });
    expect(result).toMatchObject({ ok: true, hazards: [] });
    if (result.error !== null) return;
    const link = result.files.find(({ target }) => target === ".local/share/x");
    expect(link?.command).toContain("/persist/home/alice/x");
    expect(result.activation).toEqual({
      made: { before: ["linkGeneration"], after: ["writeBoundary"], data: "run true" },
    });
    expect(result.activationOrder.indexOf("made")).toBeGreaterThan(result.activationOrder.indexOf("writeBoundary"));
  });

  it("returns the error for an unknown option", () => {
    expect(evaluateHome({ generated: [module("{ home.fiel = { }; }")] }).error).toContain("home.fiel");
  });
});
