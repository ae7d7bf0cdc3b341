import { describe, expect, it } from "vitest";
import { nixosHost, resolveText, ruleAt, smallManifest, withCode } from "../../support/small-manifest.ts";

const classes = ["config", "data", "state", "secret", "log", "cache"] as const;
const restic = "backup: { engine: restic, repository: /r, password-file: /persist/p }";

/** The rule of one home entry, on a Fedora host unless said. */
async function ruleOf(entry: string, host = `f: { os: fedora, ${restic} }`) {
  const path = /path: ([^,} ]+)/.exec(entry)?.[1] ?? "";
  const resolved = await resolveText(smallManifest(`home: [${entry}]`, host));
  const name = host.slice(0, host.indexOf(":"));
  const rule = ruleAt(resolved, name, `/home/u/${path.replace(/\/$/, "")}`);
  if (rule === undefined) throw new Error(`no rule: ${JSON.stringify(resolved.diagnostics)}`);
  return rule;
}

describe("the table of classes", () => {
  it.each([
    ["config", "important", null, null, true, "persist", null],
    ["data", "critical", null, null, true, "persist", null],
    ["state", "important", null, null, true, "persist", null],
    ["secret", "critical", "0700", "0600", true, "persist", null],
    ["log", "optional", null, null, false, "persist", "30d"],
    ["cache", "none", null, null, false, "discard", "30d"],
  ] as const)(
    "gives %s its need, modes, backup, fate and age",
    async (name, need, directory, file, backup, fate, expire) => {
      const rule = await ruleOf(`{ path: x/, class: ${name} }`);
      expect(rule).toMatchObject({ class: name, need, mode: directory, backup, disposition: fate, expire });
      expect((await ruleOf(`{ path: x, class: ${name} }`)).mode).toBe(file);
    },
  );

  it("takes state where no class is said", async () => {
    expect(await ruleOf("{ path: x/ }")).toMatchObject({ class: "state", need: "important" });
  });

  it("gives way to what an entry says itself", async () => {
    const said = "need: optional, mode: '0711', expire: never, backup: false";
    const more = { need: "optional", mode: "0711", backup: false, disposition: "persist" };
    for (const name of classes) {
      expect(await ruleOf(`{ path: x/, class: ${name}, ${said} }`)).toMatchObject({ ...more, expire: null });
    }
    expect(await ruleOf("{ path: x/, class: data, expire: 7d }")).toMatchObject({ expire: "7d" });
  });

  it("ages no cache that somebody chose to keep", async () => {
    expect(await ruleOf("{ path: x/, class: cache, need: important }")).toMatchObject({
      disposition: "persist",
      expire: null,
      backup: false,
    });
  });
});

describe("need", () => {
  it.each([
    ["MUST", "critical"],
    ["must", "critical"],
    ["critical", "critical"],
    ["SHOULD", "important"],
    ["should", "important"],
    ["important", "important"],
    ["MAY", "optional"],
    ["may", "optional"],
    ["OPTIONAL", "optional"],
    ["optional", "optional"],
    ["NO", "none"],
    ["no", "none"],
    ["none", "none"],
  ])("may be written %s for %s", async (word, need) => {
    expect((await ruleOf(`{ path: x/, need: ${word} }`)).need).toBe(need);
  });

  it.each(["Must", "yes", "true", "NONE", "never", "1"])("may not be written %s", async (word) => {
    const resolved = await resolveText(smallManifest(`home: [{ path: x/, need: ${word} }]`));
    expect(withCode(resolved, "manifest/value").length + withCode(resolved, "manifest/type").length).toBe(1);
  });
});

describe("what is kept", () => {
  const needs = ["none", "optional", "important", "critical"];

  it.each(needs)(
    "is, where the host keeps %s, what hurts as much or more to lose; never what needs nothing",
    async (keep) => {
      for (const need of needs) {
        const rule = await ruleOf(`{ path: x/, need: ${need} }`, `f: { os: fedora, keep: ${keep} }`);
        const isKept = need !== "none" && needs.indexOf(need) >= needs.indexOf(keep);
        expect([need, rule.disposition]).toEqual([need, isKept ? "persist" : "discard"]);
      }
    },
  );

  it("is all that is not discarded, where the host says nothing", async () => {
    expect((await ruleOf("{ path: x/, need: optional }", "f: { os: fedora }")).disposition).toBe("persist");
  });

  it("is not what is carried or fetched, whatever its need; what needs nothing is discarded all the same", async () => {
    const host = "f: { os: fedora, keep: critical }";
    expect((await ruleOf("{ path: x/, class: config, carry: true }", host)).disposition).toBe("carry");
    expect((await ruleOf("{ path: x/, fetch: { git: 'https://example.org/' } }", host)).disposition).toBe("fetch");
    expect((await ruleOf("{ path: x/, need: none, carry: true }", host)).disposition).toBe("discard");
    expect((await ruleOf("{ path: x/, class: cache, fetch: { git: 'https://example.org/' } }", host)).disposition).toBe(
      "discard",
    );
    expect((await ruleOf("{ path: x/, carry: false }", host)).disposition).toBe("discard");
  });
});

describe("the backup", () => {
  const tar = "backup: { engine: tar, path: /b }";
  const encrypted = "backup: { engine: tar, path: /b, encrypt: { age: age1x } }";
  const stores = "stores: { persist: { path: /keep, backup: false }, other: /other }";

  it.each([
    ["{ path: x/ }", "", false],
    ["{ path: x/ }", restic, true],
    ["{ path: x/ }", tar, true],
    ["{ path: x/, backup: false }", restic, false],
    ["{ path: x/, class: cache, need: critical }", restic, false],
    ["{ path: x/, class: log, need: critical }", restic, false],
    ["{ path: x/, class: log, backup: true }", restic, false],
    ["{ path: x/, need: none }", restic, false],
    ["{ path: x/, class: secret }", restic, true],
    ["{ path: x/, class: secret }", tar, false],
    ["{ path: x/, class: secret }", encrypted, true],
    ["{ path: x/, class: config, carry: true }", restic, false],
    ["{ path: x/, class: config, carry: true, backup: true }", restic, true],
    ["{ path: x/, class: log, carry: true, backup: true }", restic, false],
    ["{ path: x/, class: secret, carry: encrypted, backup: true }", tar, false],
    ["{ path: x/, fetch: { git: 'https://example.org/' }, backup: true }", restic, false],
    ["{ path: x/ }", `${restic}, ${stores}`, false],
    ["{ path: x/, store: other }", `${restic}, ${stores}`, true],
    ["{ path: x/, how: none, store: other }", `${restic}, ${stores}`, true],
    ["{ path: x/, how: none }", `${restic}, ${stores}`, false],
  ])("of %s with %s", async (entry, settings, backup) => {
    expect((await ruleOf(entry, `f: { os: fedora, ${settings} }`)).backup).toBe(backup);
  });

  it.each([
    ["critical", ["critical"]],
    ["important", ["critical", "important"]],
    ["SHOULD", ["critical", "important"]],
    ["optional", ["critical", "important", "optional"]],
    ["none", ["critical", "important", "optional"]],
  ])("with need %s holds %j", async (least, held) => {
    const host = `f: { os: fedora, backup: { engine: restic, repository: /r, need: ${least} } }`;
    const rules = await Promise.all(
      ["critical", "important", "optional", "none"].map((n) => ruleOf(`{ path: x/, need: ${n} }`, host)),
    );
    expect(rules.filter((rule) => rule.backup).map((rule) => rule.need)).toEqual(held);
  });

  it("warns of a secret that only the want of encryption leaves out", async () => {
    const warned = async (entry: string): Promise<number> =>
      withCode(
        await resolveText(smallManifest(`home: [${entry}]`, `f: { os: fedora, ${tar} }`)),
        "backup/secret-in-clear",
      ).length;
    expect(await warned("{ path: x/, class: secret }")).toBe(1);
    expect(await warned("{ path: x/, class: secret, carry: encrypted, backup: true }")).toBe(1);
    expect(await warned("{ path: x/, class: secret, backup: false }")).toBe(0);
    expect(await warned("{ path: x/, class: secret, carry: encrypted }")).toBe(0);
    expect(await warned("{ path: x/, class: secret, need: none }")).toBe(0);
    expect(await warned("{ path: x/ }")).toBe(0);
  });
});

describe("a store", () => {
  const storedOn = async (entry: string, host: string, stores = ""): Promise<string | null> => {
    const resolved = await resolveText(smallManifest(`${stores}home: [${entry}]`, host));
    return ruleAt(resolved, host.slice(0, 1), "/home/u/x")?.stored ?? null;
  };

  it("is /persist where none is named", async () => {
    expect(await storedOn("x/", nixosHost)).toBe("/persist/home/u/x");
    expect(await storedOn("x/", "f: { os: fedora }")).toBe("/persist/home/u/x");
  });

  it("in the home mirrors the home, and one outside the whole system", async () => {
    expect(await storedOn("x/", "f: { os: fedora, stores: { persist: ~/.keep } }")).toBe("/home/u/.keep/x");
    expect(await storedOn("x/", "f: { os: fedora, stores: { persist: /home/u/.keep } }")).toBe("/home/u/.keep/x");
    expect(await storedOn("x/", "f: { os: fedora, stores: { persist: /home/keep } }")).toBe("/home/keep/home/u/x");
  });

  it("may lie elsewhere on one host, which makes it no more worth a backup", async () => {
    const stores = "stores: { persist: /persist, bulk: { path: /bulk, backup: false } }\n";
    const hosts = `a: { os: fedora, ${restic} }, b: { os: fedora, ${restic}, stores: { bulk: ~/.bulk } }, c: { os: fedora, ${restic}, stores: { bulk: { path: /b, backup: true } } }`;
    const resolved = await resolveText(smallManifest(`${stores}home: [{ path: x/, store: bulk }]`, hosts));
    const rules = ["a", "b", "c"].map((host) => ruleAt(resolved, host, "/home/u/x"));
    expect(rules.map((rule) => [rule?.stored, rule?.backup])).toEqual([
      ["/bulk/home/u/x", false],
      ["/home/u/.bulk/x", false],
      ["/b/home/u/x", true],
    ]);
  });
});
