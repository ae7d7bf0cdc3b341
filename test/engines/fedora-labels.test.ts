import { expect, it, vi } from "vitest";
import { describeWith } from "../support/engines.ts";
import { manifestOf, type Run, scriptsOf } from "../support/fedora.ts";
import { policyRoot } from "../support/fedora-policy.ts";
import type { OwnRoot } from "../support/fedora-root.ts";

const needs = ["selinux-policy", "mount-namespace", "attr", "python3"] as const;
const entries = ["{ path: .ssh/, class: secret }", ".config/app/"];
const outside = { store: "/persist" };

/** A root where ann has keys and an application's state, with the scripts for a store. */
async function rootWith(more: { store?: string }, mode?: "Enforcing" | "Permissive" | "off"): Promise<OwnRoot> {
  const root = policyRoot(mode);
  root.use(await scriptsOf(manifestOf(entries, more)));
  const laid = root.sh(
    "umask 077; mkdir -p ~/.ssh ~/.config/app; echo key >~/.ssh/authorized_keys; echo a >~/.config/app/f; restorecon -R ~; : >/calls",
    "ann",
  );
  expect(laid.err).toBe("");
  return root;
}

// semanage builds the whole policy anew each time.
vi.setConfig({ testTimeout: 300_000 });

const ok = (done: Run, code = 0): Run => {
  expect(done.code, done.out + done.err).toBe(code);
  return done;
};

/** The type that a path has, as it is written on it. */
const typeOf = (root: OwnRoot, path: string): string =>
  root.sh(`getfattr -h --only-values -n security.selinux '${path}' | tr -d '\\0' | cut -d: -f3`).out.trim();
/** The local rules, as semanage keeps them. */
const rules = (root: OwnRoot): string =>
  root.sh("cat /etc/selinux/default/contexts/files/file_contexts.subs").out.trim();

describeWith([...needs], "labels, with the real policy and its tools, restorecon played by setfiles", () => {
  it("follow data into a store outside of the homes, once root has told the policy", async () => {
    const root = await rootWith(outside);
    const before = ok(root.script("link", ["--yes"]));
    expect(before.err).toContain("run sudo link.sh once");
    // The label came with the copy; without the rule nothing in the store was looked up.
    expect(root.sh("cat /calls").out).not.toContain("/persist");
    root.sh("setfattr -x security.selinux /persist/home/ann/.ssh/authorized_keys");

    const done = ok(root.script("link", [], "root"));
    expect(done.out).toContain("labels: the policy is told that it mirrors /");
    expect(rules(root)).toBe("/persist /");
    expect(
      [
        "/persist",
        "/persist/home",
        "/persist/home/ann",
        "/persist/home/ann/.ssh",
        "/persist/home/ann/.config/app/f",
      ].map((path) => typeOf(root, path)),
    ).toEqual(["root_t", "home_root_t", "user_home_dir_t", "ssh_home_t", "xdg_config_t"]);
    expect(typeOf(root, "/persist/home/ann/.ssh/authorized_keys")).toBe("ssh_home_t");
    expect(typeOf(root, "/home/ann/.ssh")).toBe("ssh_home_t");
    // What is ann's was labelled as ann; what is root's own as root.
    expect(root.sh("grep -v ^4242 /calls").out).toBe("0 -- /persist/home\n0 -- /persist\n");

    // A full relabel changes nothing any more.
    root.sh("restorecon -R /persist /home");
    expect(typeOf(root, "/persist/home/ann/.ssh/authorized_keys")).toBe("ssh_home_t");
    const again = ok(root.script("link", ["--format", "json"], "root"));
    expect(JSON.parse(again.out)).toMatchObject({
      selinux: "enforcing",
      labels: [
        { path: "/persist", action: "known" },
        { path: "/persist/home/ann", action: "label" },
      ],
    });
  });

  it("are those of the home in a store inside of it, on one mount", async () => {
    const root = await rootWith({});
    ok(root.script("link", []));
    ok(root.script("link", [], "root"));
    expect(rules(root)).toBe("/home/ann/.persist /home/ann");
    root.sh("restorecon -R /home");
    expect(["/home/ann/.persist/.ssh/authorized_keys", "/home/ann/.ssh"].map((path) => typeOf(root, path))).toEqual([
      "ssh_home_t",
      "ssh_home_t",
    ]);
  });

  it("are given back to what comes back, and the rule goes when nothing is in the store any more", async () => {
    const root = await rootWith({});
    ok(root.script("link", [], "root"));
    ok(root.script("link", []));
    expect(ok(root.script("unlink", [], "root")).out).toContain("the rule for it stays");
    expect(rules(root)).not.toBe("");

    root.sh("setfattr -x security.selinux /home/ann/.persist/.ssh");
    ok(root.script("unlink", []));
    expect(typeOf(root, "/home/ann/.ssh")).toBe("ssh_home_t");
    expect(ok(root.script("unlink", ["--dry-run"], "root")).out).toContain("the rule that it mirrors /home/ann goes");
    expect(rules(root)).not.toBe("");
    ok(root.script("unlink", [], "root"));
    expect(rules(root)).toBe("");
    // What somebody else told the policy is not ours to take back.
    root.sh("semanage fcontext -a -e /home/ann /home/ann/.persist");
    ok(root.script("unlink", [], "root"));
    expect(rules(root)).toBe("/home/ann/.persist /home/ann");
  });

  it("are left alone where the policy does not know the home, as on a broken Atomic image", async () => {
    const root = await rootWith(outside);
    root.sh("echo '/home /elsewhere' >>/etc/selinux/default/contexts/files/file_contexts.subs_dist");
    const asAnn = ok(root.script("link", ["--yes"]));
    expect(asAnn.err).toContain("the policy wants default_t for its .ssh");
    const asRoot = ok(root.script("link", [], "root"), 3);
    expect(asRoot.out).toContain("REFUSED: the policy does not know the home");
    expect(root.sh("cat /calls").out).not.toContain("ann");
    expect(typeOf(root, "/persist/home/ann/.ssh")).toBe("ssh_home_t");
  });

  it("need no semanage: the rule is written as it writes it, and survives when the policy is built anew", async () => {
    const root = await rootWith(outside);
    root.sh("mv /usr/sbin/semanage /usr/sbin/semanage.away; chmod -x /usr/sbin/semanage.away");
    ok(root.script("link", [], "root"));
    root.sh("mv /usr/sbin/semanage.away /usr/sbin/semanage; chmod +x /usr/sbin/semanage; semodule -n -B");
    expect(rules(root)).toBe("/persist /");
    expect(root.sh("matchpathcon -n /persist/home/ann/.ssh", "ann").out).toContain("ssh_home_t");
    expect(root.sh("semanage fcontext -a -e / /persist").code).toBe(1);
    root.sh("mv /usr/sbin/semanage /usr/sbin/semanage.away; chmod -x /usr/sbin/semanage.away");
    ok(root.script("unlink", [], "root"));
    expect(rules(root)).toBe("");
  });

  it("are not asked for where SELinux is off, which is said", async () => {
    const root = await rootWith(outside, "off");
    const done = [root.script("link", ["--yes"]), root.script("link", [], "root"), root.script("unlink", [], "root")];
    for (const { code, out } of done) {
      expect(code).toBe(0);
      if (out !== done[2]?.out) expect(out).toContain("SELinux is off here");
    }
    expect(root.sh("cat /calls").out).toBe("");
    expect(rules(root)).toBe("");
  });

  it("are set where SELinux only warns, and nothing is changed by a dry run", async () => {
    const root = await rootWith(outside, "Permissive");
    expect(ok(root.script("link", ["--dry-run"], "root")).out).toContain("the policy is told that it mirrors /");
    expect(rules(root)).toBe("");
    ok(root.script("link", [], "root"));
    expect(root.sh("cat /var/lib/remanence/journal").out).toMatch(/labels permissive \/persist = \/\n$/);
  });
});
