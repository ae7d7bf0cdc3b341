import { describe, expect, it } from "vitest";
import { fileSystemsOf, readMounts } from "../../../src/init/mounts.ts";

const of = (text: string, root?: string, folders: readonly string[] = []) =>
  fileSystemsOf(readMounts(text, root), (path) => folders.includes(path));

describe("mounts", () => {
  it("are read with their escapes, the last at a place counts", () => {
    const [one, ...others] = readMounts(
      "/dev/a /mnt/a\\040b\\134c ext4 rw 0 0\n/dev/b /mnt/a\\040b\\134c xfs ro,x=1 0 0\n",
    );
    expect(one).toEqual({ device: "/dev/b", path: "/mnt/a b\\c", type: "xfs", options: ["ro", "x=1"] });
    expect(others).toEqual([]);
  });

  it("of a system that is mounted elsewhere are seen from its root", () => {
    const text =
      "/dev/x / ext4 rw 0 0\n/dev/a /mnt btrfs subvol=/@ 0 0\n/dev/a /mnt/home btrfs subvol=/@home 0 0\n/dev/b /mnt2 xfs rw 0 0\n";
    expect(readMounts(text, "/mnt").map(({ path }) => path)).toEqual(["/", "/home"]);
    expect(of(text, "/mnt")).toMatchObject({ others: ["/home"], wipe: { wipe: { subvolume: "@" } } });
  });
});

describe("an empty root", () => {
  it("is in memory already, with the size that it has", () => {
    const found = of("tmpfs / tmpfs rw,size=4194304k,mode=755 0 0\n/dev/a /persist ext4 rw 0 0\n");
    expect(found).toMatchObject({ rootIsWiped: true, store: { path: "/persist", mount: "/persist" }, others: [] });
    expect(found.wipe).toMatchObject({ kind: "wipe", wipe: { path: "/", method: "tmpfs", size: "4G" } });
  });

  it.each([
    ["size=25%", "25%"],
    ["size=1536m", "1536M"],
    ["size=2147483648", "2G"],
    ["size=3000k", "3000k"],
    ["mode=755", "50%"],
    ["size=0", "50%"],
  ])("of %s is one of %s", (option, size) => {
    expect(of(`tmpfs / tmpfs rw,${option} 0 0\n`).wipe).toMatchObject({ wipe: { size } });
  });

  it("could be a subvolume of btrfs, but not its top level", () => {
    expect(of("/dev/a / btrfs rw,subvolid=256,subvol=/@ 0 0\n").wipe).toMatchObject({
      wipe: { path: "/", method: "btrfs", device: "/dev/a", subvolume: "@", retain: "30d" },
    });
    expect(of("/dev/a / btrfs rw,subvolid=5,subvol=/ 0 0\n").wipe.kind).toBe("none");
  });

  it("could be a dataset of ZFS", () => {
    expect(of("rpool/root / zfs rw 0 0\n").wipe).toMatchObject({
      wipe: { method: "zfs", dataset: "rpool/root", snapshot: "rpool/root@blank" },
    });
  });

  it("cannot be on other file systems, or where nothing is known", () => {
    expect(of("/dev/a / ext4 rw 0 0\n").wipe).toMatchObject({ kind: "none", why: expect.stringContaining("ext4") });
    expect(of("").wipe.kind).toBe("none");
  });
});

describe("further file systems", () => {
  it("are those that last, and neither the system's nor a store", () => {
    const text = [
      "/ btrfs",
      "/home btrfs",
      "/nix btrfs",
      "/nix/persist btrfs",
      "/boot vfat",
      "/run tmpfs",
      "/var/lib xfs",
      "/mnt/usb ext4",
      "/srv tmpfs",
      "/opt vfat",
    ]
      .map((line) => `/dev/a ${line} rw 0 0\n`)
      .join("");
    expect(of(text)).toMatchObject({
      store: { path: "/nix/persist", mount: "/nix/persist" },
      others: ["/home", "/var/lib"],
      rootIsWiped: false,
    });
  });

  it("may have a store in a folder, but not one that is on the root or in memory", () => {
    const text = "tmpfs / tmpfs rw 0 0\n/dev/a /nix ext4 rw 0 0\n";
    const store = { path: "/nix/persist", mount: "/nix" };
    expect(of(text, "/", ["/nix/persist", "/persist"])).toMatchObject({ store, others: [] });
    expect(of(text).store).toBeNull();
    expect(of("/dev/a / ext4 rw 0 0\n", "/", ["/persist"]).store).toBeNull();
    expect(of("tmpfs /persist tmpfs rw 0 0\n").store).toBeNull();
  });
});
