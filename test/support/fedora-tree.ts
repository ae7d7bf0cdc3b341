/** A tree with all that a file system can hold, and a look at everything about a tree, made without the scripts' own means. */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import { lay, oddNames, run } from "./fedora.ts";

/** Names beyond those that a manifest can have. */
const oddest = [...oddNames, "line\nbreak", "tab\there", "\x07bell", "*.remanence-original"];

/**
 * Lays a directory with hard links inside and to `NAME-outside`, links, a fifo, a socket, ACLs, attributes, a capability,
 * set-user-id, a sparse file, read-only files and directories, other people's files, odd times and odd names.
 */
export function layRich(folder: string, name: string): void {
  lay(folder, {
    [name]: {
      odd: Object.fromEntries(oddest.map((odd) => [odd, `content of ${odd}`])),
      one: "1",
      "sub dir": { deep: { deeper: "2" }, theirs: "theirs" },
      link: { link: "one" },
      gone: { link: "nowhere" },
      empty: {},
      closed: { file: "read-only", below: { file: "2" } },
    },
  });
  const script = `cd "$1/$2"
    ln one "sub dir/same"; ln "sub dir/deep/deeper" "$1/$2-outside"; mkfifo pipe; chmod 4755 one; chmod 1777 empty
    chown -R 4321:4322 "sub dir/theirs"; chown -h 4321 link
    setfattr -n user.note -v "$(printf 'a\\nb')" "sub dir"; setfattr -n user.two -v 2 "sub dir"; setfattr -n user.x -v y one
    setfacl -m u:4321:r "sub dir/deep/deeper"; setfacl -d -m u:4321:rx "sub dir"
    cp /bin/true cap; setcap cap_net_raw+ep cap; truncate -s 1M sparse; printf x >>sparse
    perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un("socket")) or die'
    touch -d '2001-02-03 04:05:06.123456789' "sub dir/deep/deeper"; touch -h -d '2002-02-03 04:05:06.5' link
    touch -d 2003-01-01 "sub dir" .; touch -d 2035-01-01 one; chmod 0400 closed/file; chmod 0500 closed/below closed`;
  const made = run(["bash", "-euc", script, "-", folder, name], { home: folder });
  if (made.code !== 0) throw new Error(made.err);
}

/** Everything about each of the trees (sockets aside, which mean nothing without their program), as one text a tree. */
export function inspect(places: readonly string[]): string[] {
  const attributes = attributesOf(places);
  return places.map((place) => {
    const lines: string[] = [];
    const firstNames = new Map<bigint, string>();
    const visit = (path: string, name: string): void => {
      const stat = lstatSync(path, { bigint: true });
      if (stat.isSocket()) return;
      const about = [name, stat.mode.toString(8), stat.uid, stat.gid, stat.mtimeNs, attributes.get(path) ?? ""];
      if (stat.isDirectory()) {
        lines.push(about.join("\t"));
        for (const below of readdirSync(path).sort()) visit(join(path, below), `${name}/${below}`);
        return;
      }
      const same = firstNames.get(stat.ino) ?? name;
      firstNames.set(stat.ino, same);
      about.push(same === name ? "" : `same as ${same}`);
      if (stat.isSymbolicLink()) about.push(readlinkSync(path));
      if (stat.isFile()) {
        const holes = stat.size > 100_000n && stat.blocks * 1024n < stat.size;
        about.push(stat.size, holes ? "holes" : "", hashOf(path));
      }
      lines.push(about.join("\t"));
    };
    visit(place, ".");
    return lines.join("\n");
  });
}

function hashOf(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  for (;;) {
    const read = readSync(file, buffer);
    if (read === 0) break;
    hash.update(buffer.subarray(0, read));
  }
  closeSync(file);
  return hash.digest("hex");
}
const buffer = Buffer.alloc(1 << 20);

/** ACLs, capabilities and attributes of users, by path. */
function attributesOf(places: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  if (places.length === 0) return found;
  const wanted = "^(user\\.|security\\.capability$|system\\.posix_acl)";
  const read = run(["getfattr", "-R", "-h", "-d", "-e", "hex", "-m", wanted, "--absolute-names", ...places], {
    home: "/",
  });
  for (const block of read.out.split("\n\n")) {
    const [head = "", ...lines] = block.split("\n");
    const path = head
      .replace(/^# file: /, "")
      .replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
    found.set(
      path,
      lines
        .filter((line) => line !== "")
        .sort()
        .join(" "),
    );
  }
  return found;
}
