import { describe, expect, it } from "vitest";
import { readBytes, readTime } from "../../../src/commands/scan-options.ts";
import { bytesText } from "../../../src/diagnostics/bytes.ts";
import { looksSecret } from "../../../src/scan/secret-names.ts";
import { closedMounts, parseMounts } from "../../../src/scan/walk/mounts.ts";

describe("sizes", () => {
  it.each([
    [undefined, 0],
    ["500", 500],
    ["1k", 1024],
    ["10M", 10 * 1024 ** 2],
    ["1.5GiB", 1.5 * 1024 ** 3],
    ["2TB", 2 * 1024 ** 4],
  ])("reads %s", (text, bytes) => {
    expect(readBytes(text)).toBe(bytes);
  });

  it.each(["", "M", "-1", "1X", "1e3"])("refuses %j", (text) => {
    expect(() => readBytes(text)).toThrow(/is no size/);
  });

  it.each([
    [0, "0 KiB"],
    [1, "1 KiB"],
    [4096, "4 KiB"],
    [1024 * 1024 - 1, "1.0 MiB"],
    [9.96 * 1024 ** 2, "10 MiB"],
    [518 * 1024 ** 2, "518 MiB"],
    [1.24 * 1024 ** 3, "1.2 GiB"],
  ])("shows %d bytes as %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});

describe("times", () => {
  const now = Date.parse("2026-11-28T12:00:00Z");

  it.each([
    ["12h", now - 12 * 3600_000],
    ["7d", now - 7 * 86_400_000],
    ["2026-11-01T10:00Z", Date.parse("2026-11-01T10:00:00Z")],
    ["2026-11-01", new Date(2026, 10, 1).getTime()],
  ])("reads %s", (newerThan, time) => {
    expect(readTime({ newerThan }, now)).toBe(time);
  });

  it("takes the later of two, and none for none", () => {
    expect(readTime({ newerThan: "1h", sinceBoot: true }, now)).toBeGreaterThanOrEqual(now - 3600_000);
    expect(readTime({}, now)).toBeNull();
  });

  it.each(["yesterday", "7", "2026-13-01", "2026-11-01Z"])("refuses %s", (newerThan) => {
    expect(() => readTime({ newerThan }, now)).toThrow(/is no time/);
  });
});

describe("names that look like secrets", () => {
  it.each(["id_ed25519", "server.pem", "Vault.kdbx", ".env", "credentials", "secrets.yaml", "token.json"])(
    "%s",
    (name) => {
      expect(looksSecret(name)).toBe(true);
    },
  );

  it.each(["id_ed25519.pub", "token.js", "tokenizer.json", "secretary.txt", ".pem", "monkey"])("not %s", (name) => {
    expect(looksSecret(name)).toBe(false);
  });
});

describe("mount points", () => {
  const mounts = parseMounts(
    [
      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
      "23 22 8:2 / /home rw,relatime shared:1 - btrfs /dev/sda2 rw",
      "24 22 0:21 / /proc rw - proc proc rw",
      "25 23 8:3 / /home/u/a\\040b\\134 rw - ext4 /dev/sdb1 rw",
      "26 23 8:1 /x /home/u/bound rw - ext4 /dev/sda1 rw",
      "27 23 0:40 / /home/u/.cache rw - tmpfs tmpfs rw",
      "",
    ].join("\n"),
  );

  it("are read with their white space", () => {
    expect(mounts.map(({ path }) => path)).toContain("/home/u/a b\\");
    expect(mounts).toHaveLength(6);
  });

  it("are closed, all but the root", () => {
    expect([...(closedMounts(mounts, false).get("/home/u") ?? [])].sort()).toEqual([".cache", "a b\\", "bound"]);
    expect([...(closedMounts(mounts, false).get("/") ?? [])].sort()).toEqual(["home", "proc"]);
  });

  it("are entered when asked: other disks, but not the same one twice, and nothing in memory", () => {
    const closed = closedMounts(mounts, true);
    expect([...(closed.get("/home/u") ?? [])].sort()).toEqual([".cache", "bound"]);
    expect([...(closed.get("/") ?? [])]).toEqual(["proc"]);
  });
});
