import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { type Run, scriptsOf } from "../support/fedora.ts";
import { type OwnRoot, ownRoot } from "../support/fedora-root.ts";

/** What an image of Fedora Atomic has besides bash, as far as the scripts could want it; python3 and perl are not in it. */
const programs = [
  ...["awk", "b2sum", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "df", "dirname", "du", "env", "find"],
  ...["findmnt", "flock", "getent", "grep", "head", "iconv", "id", "install", "ln", "ls", "mkdir", "mktemp", "mount"],
  ...["mountpoint", "mv", "numfmt", "od", "readlink", "realpath", "rm", "rmdir", "sed", "seq", "setpriv", "sha256sum"],
  ...["setsid", "sleep", "sort", "stat", "sync", "systemd-tmpfiles", "tail", "tar", "tee", "timeout", "touch", "tr"],
  ...["umount", "uname", "uniq", "unshare", "wc", "xargs", "zstd"],
];

const manifest = (store: string, home: string): string => `version: 1
users: { ann: { home: ${home} } }
hosts:
  desk:
    os: fedora
    stores: { persist: "${store}" }
    fedora: { variant: atomic }
    backup: { engine: tar, path: /var/backup }
home:
  - .config/app/
  - { path: Documents/, class: data }
  - { path: .cache/app/, class: cache, expire: 30d }
`;

/** A root as that of Fedora Atomic: homes in /var/home, /home a link there, and nothing to be found but `programs`. */
async function atomicRoot(store: string, home: string, account: string): Promise<OwnRoot> {
  const root = ownRoot();
  root.use(await scriptsOf(manifest(store, home)));
  const made = root.sh(`set -e
    umount /home; rm -r --one-file-system /home; mkdir /var/home; ln -s var/home /home
    mount -t tmpfs -o mode=0755 tmpfs /var/home
    sed -i 's,:/home/ann:,:${account}:,' /etc/passwd
    install -d -o 4242 -g 4242 -m 0700 /var/home/ann /var/persist/home/ann /var/persist/var/home/ann
    chmod 0755 /var/persist /var/persist/home /var/persist/var /var/persist/var/home
    install -d -o 4242 -g 4242 /var/backup
    mkdir /programs; ln -s /usr/bin/bash /programs/
    for name in ${programs.join(" ")}; do ln -s "$(readlink -f "$(command -v $name)")" /programs/$name; done
    ln -sfn "$(readlink -f "$(command -v gawk || command -v awk)")" /programs/awk`);
  expect(made.err).toBe("");
  root.sh(
    `umask 022; cd; mkdir -p .config/app Documents .cache/app; echo state >.config/app/file; echo words >Documents/letter
    echo old >.cache/app/old; touch -d '60 days ago' .cache/app/old`,
    "ann",
  );
  return root;
}

const ok = (done: Run): Run => {
  expect(done.code, done.out + done.err).toBe(0);
  expect(done.err).not.toContain("not found");
  return done;
};

const state = "cat ~/.config/app/file ~/Documents/letter";

describeWith(["mount-namespace", "zstd"], "Fedora Atomic, with nothing but what its image has", () => {
  it.each([
    // store, home in the manifest, home of the account, HOME
    ["~/.persist", "/home/ann", "/var/home/ann", "/var/home/ann"],
    ["/var/persist", "/home/ann", "/home/ann", "/home/ann"],
    ["/var/persist", "/var/home/ann", "/home/ann", "/home/ann"],
  ])(
    "store %s, home %s, account %s, HOME %s: links, backs up, restores, cleans, undoes",
    async (store, home, account, HOME) => {
      const root = await atomicRoot(store, home, account);
      const env = { HOME, PATH: "/programs" };
      const script = (name: string, ...args: string[]): Run => ok(root.script(name, args, "ann", env));
      script("link", "--yes");
      expect(root.sh("readlink -f ~/Documents", "ann", env).out).toBe(
        store.startsWith("~") ? "/var/home/ann/.persist/Documents\n" : `/var/persist${home}/Documents\n`,
      );
      script("link", "--commit");
      script("verify");
      script("backup");
      root.sh('for path in ~/Documents ~/.config/app; do rm -r "$(readlink -f $path)" $path; done', "ann", env);
      script("restore", "--yes");
      script("link", "--yes");
      expect(ok(root.sh(state, "ann", env)).out).toBe("state\nwords\n");
      script("verify");
      script("clean", "--yes");
      expect(root.sh("ls ~/.cache/app", "ann", env).out).toBe("");
      script("unlink", "--yes");
      script("unlink", "--commit");
      expect(root.sh("readlink ~/Documents ~/.config/app", "ann", env).out).toBe("");
      expect(ok(root.sh(state, "ann", env)).out).toBe("state\nwords\n");
    },
  );
});
