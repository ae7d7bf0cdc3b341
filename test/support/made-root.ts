/** Made-up systems: what `init` and others look at, without a machine of that kind. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scratch } from "./workspace.ts";

/** What a made-up system has: directories (a slash at the end) and empty files, files with a content, links. */
export interface MadeRoot {
  readonly paths?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
}

/** Makes a system in a scratch folder; returns its root. */
export function madeRoot({ paths = [], files = {}, links = {} }: MadeRoot): string {
  const root = scratch("remanence-root-");
  const make = (path: string): string => {
    const full = join(root, path);
    mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
    return full;
  };
  for (const path of paths) {
    const full = make(path);
    if (!path.endsWith("/")) writeFileSync(full, "");
  }
  for (const [path, content] of Object.entries(files)) writeFileSync(make(path), content);
  for (const [path, target] of Object.entries(links)) symlinkSync(target, make(path));
  return root;
}

/** A line of passwd for a person. */
export function account(name: string, uid: number, home = `/home/${name}`, gid = uid): string {
  return `${name}:x:${uid}:${gid}::${home}:/bin/sh\n`;
}

/** Accounts that every system has beside its people. */
export const services =
  "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/bin:/sbin/nologin\nnobody:x:65534:65534:Nobody:/:/sbin/nologin\nnixbld1:x:30001:30000::/var/empty:/sbin/nologin\n";

export const nixosRelease = 'ID=nixos\nNAME=NixOS\nPRETTY_NAME="NixOS 26.05 (Yarara)"\nVERSION_ID="26.05"\n';
export const fedoraRelease =
  'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora Linux 44 (Workstation Edition)"\nVARIANT_ID=workstation\n';
