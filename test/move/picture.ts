/** All that can be told of what lies on a machine, path by path. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Machine } from "./machine.ts";

export interface Facts {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly mode: string;
  /** By name; a number where the machine has no such account. */
  readonly owner: string;
  readonly group: string;
  /** Both by number. */
  readonly ids: string;
  /** A file's bytes as a hash, a link's text. */
  readonly content: string;
  readonly mtime: string;
  /** True where a file takes less room than it is long. */
  readonly sparse: boolean;
  /** Extended attributes and access lists. */
  readonly attributes: string;
  /** Which file it is: names of one file have the same number. */
  readonly inode: string;
}

export type Picture = ReadonlyMap<string, Facts>;

/** Everything below the given folders, which are left out themselves; links are not followed. */
export function pictureOf(machine: Machine, folders: readonly string[]): Picture {
  const picture = new Map<string, Facts>();
  const attributes = attributesOf(machine, folders);
  const users = new Map([...machine.accounts.values()].map(({ uid, name }) => [uid, name]));
  const groups = new Map([...machine.groups].map(([name, gid]) => [gid, name]));
  const visit = (folder: string): void => {
    for (const name of readdirSync(machine.at(folder)).sort()) {
      const path = `${folder}/${name}`;
      const real = machine.at(path);
      const stat = lstatSync(real, { bigint: true });
      const kind = stat.isSymbolicLink() ? "link" : stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
      const content = kind === "link" ? readlinkSync(real) : kind === "file" ? hash(readFileSync(real)) : "";
      picture.set(path, {
        kind,
        mode: (Number(stat.mode) & 0o7777).toString(8).padStart(4, "0"),
        owner: users.get(Number(stat.uid)) ?? String(stat.uid),
        group: groups.get(Number(stat.gid)) ?? String(stat.gid),
        ids: `${stat.uid}:${stat.gid}`,
        content,
        mtime: String(stat.mtimeNs),
        sparse: kind === "file" && stat.blocks * 512n < stat.size,
        attributes: attributes.get(path) ?? "",
        inode: `${stat.dev}:${stat.ino}`,
      });
      if (kind === "directory") visit(path);
    }
  };
  for (const folder of folders) visit(folder);
  return picture;
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Attributes by path; labels of SELinux are the policy's business. */
function attributesOf(machine: Machine, folders: readonly string[]): Map<string, string> {
  const command = ["getfattr", "-R", "-P", "-h", "-d", "-e", "hex", "-m", "^(user|system|security.capability)"];
  const { out } = machine.run([...command, "--absolute-names", "--", ...folders]);
  const blocks = out.split("\n\n").filter((block) => block.startsWith("# file: "));
  return new Map(
    blocks.map((block) => {
      const [head = "", ...lines] = block.split("\n");
      return [
        unescaped(head.slice("# file: ".length)),
        lines
          .filter((line) => line !== "")
          .sort()
          .join(" "),
      ];
    }),
  );
}

/** getfattr writes some bytes of names as \ooo. */
function unescaped(text: string): string {
  const bytes = Buffer.from(text).toString("latin1");
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(plain, "latin1").toString();
}
