import { describe, expect, it } from "vitest";
import { isAtomic, nixosRelease, readOsRelease } from "../../../src/init/os-release.ts";

describe("os-release", () => {
  it.each([
    ['ID=nixos\nVERSION_ID="26.05"\n', "nixos"],
    ["ID=fedora\n", "fedora"],
    ['ID=bazzite\nID_LIKE="fedora"\n', "fedora"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"],
    ["ID=debian\n", null],
    ["ID=notfedora\nID_LIKE=fedora-like\n", null],
    ["# ID=fedora\n", null],
    ["", null],
  ])("%j is %s", (text, os) => {
    expect(readOsRelease(text).os).toBe(os);
  });

  it("takes quotes off, and what they protect", () => {
    const read = readOsRelease('PRETTY_NAME="A \\"b\\" \\$c"\nVARIANT_ID=\'silverblue\'\nVERSION_ID=44\n');
    expect(read).toMatchObject({ title: 'A "b" $c', variant: "silverblue", version: "44" });
  });

  it("has a title where nothing says one", () => {
    expect(readOsRelease("ID=void\n").title).toBe("void");
    expect(readOsRelease("").title).toBe("a system without os-release");
  });
});

describe("the release to write for", () => {
  it.each([
    ["26.05", { release: "26.05", exact: true }],
    ["25.11.20260101.abc", { release: "25.11", exact: true }],
    ["24.05", { release: "25.11", exact: false }],
    ["27.05", { release: "26.11", exact: false }],
    ["44", null],
    [null, null],
  ])("of %j is %j", (version, release) => {
    expect(nixosRelease(version)).toEqual(release);
  });
});

describe("an image of Fedora", () => {
  const none = (): boolean => false;
  it.each(["silverblue", "kinoite", "sway-atomic", "coreos"])("is known by the variant %s", (variant) => {
    expect(isAtomic(variant, none)).toBe(true);
  });
  it("is known by what ostree leaves", () => {
    expect(isAtomic("workstation", (path) => path === "/run/ostree-booted")).toBe(true);
    expect(isAtomic(null, (path) => path === "/ostree")).toBe(true);
    expect(isAtomic("workstation", none)).toBe(false);
  });
});
