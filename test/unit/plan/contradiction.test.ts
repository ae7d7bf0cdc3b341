import { describe, expect, it } from "vitest";
import { errorsOf, resolveText, smallManifest, withCode } from "../../support/small-manifest.ts";

const backup = "backup: { engine: restic, repository: r, password-file: /persist/p }";
const both = (one: string, other: string): string =>
  smallManifest(
    `stores: { persist: /persist, bulk: /bulk }\nhome: [{ path: x/, ${one} }, { path: x/, ${other} }]`,
    `n: { os: nixos, ${backup} }`,
  );

describe("two entries for one path", () => {
  it.each([
    ["class: secret", 'class: secret, mode: "0700"'],
    ["class: data", "class: data, need: MUST"],
    ["store: persist", "need: important"],
    ["class: cache", "class: cache, expire: 30d"],
    ["class: data", "class: data, expire: never"],
    ["class: data", "class: data, backup: true"],
    ["need: none, store: bulk", "need: none"],
    ["owner: u", "group: users"],
    ["note: one", "note: other"],
  ])("agree when they come to the same: %s and %s", async (one, other) => {
    expect(errorsOf(await resolveText(both(one, other)))).toEqual([]);
    expect(errorsOf(await resolveText(both(other, one)))).toEqual([]);
  });

  it.each([
    ["class: data", "class: state", "class"],
    ["class: data", "need: critical", "class"],
    ["class: secret", 'class: secret, mode: "0750"', "mode"],
    ["store: persist", "store: bulk", "store"],
    ["class: data", "store: bulk, class: data", "store"],
    ["class: cache", "class: cache, expire: 7d", "expire"],
    ["class: data", "class: data, backup: false", "backup"],
    ["need: none, store: bulk", "need: none, store: persist", "store"],
    ["how: bind", "how: symlink", "how"],
    ["owner: u", "owner: v", "owner"],
    ["carry: true", "carry: seed", "carry"],
    ["need: important", "need: important, carry: true", "carry"],
  ])("contradict each other otherwise: %s and %s", async (one, other, about) => {
    for (const text of [both(one, other), both(other, one)]) {
      const [fault, ...more] = withCode(await resolveText(text), "plan/contradiction");
      expect(more).toEqual([]);
      expect(fault?.message).toMatch(new RegExp(`disagree about ${about}$`));
    }
  });

  it("of one profile contradict each other by their stores", async () => {
    const stores = "stores: { persist: /persist, bulk: /bulk }\n";
    const twice = (more: string): string => smallManifest(`${stores}profiles: [steam, { name: steam${more} }]`);
    expect(errorsOf(await resolveText(twice("")))).toEqual([]);
    expect(errorsOf(await resolveText(twice(", store: persist")))).toEqual([]);
    expect(errorsOf(await resolveText(twice(", store: bulk")))).toEqual([
      "plan/contradiction: `steam` is listed twice, and the two disagree about store",
    ]);
  });
});
