import { describe, expect, it } from "vitest";
import { resolveText, ruleAt, smallManifest, withCode } from "../../support/small-manifest.ts";

async function modeOf(written: string): Promise<string | null | undefined> {
  const resolved = await resolveText(smallManifest(`home: [{ path: x/, mode: ${written} }]`));
  if (withCode(resolved, "manifest/mode").length > 0) return undefined;
  return ruleAt(resolved, "f", "/home/u/x")?.mode;
}

describe("a mode", () => {
  it.each([
    ["0700", "0700"],
    ["0o700", "0700"],
    ["700", "0700"],
    ['"0700"', "0700"],
    ["'700'", "0700"],
    ["0755", "0755"],
    ["0", undefined],
    ["755", "0755"],
    ['"u=rwx,g=rx,o="', "0750"],
    ["'u=rwx,go='", "0700"],
    ["'a=rx'", "0555"],
    ["'u=rw,u=rwx'", "0700"],
    ["1777", "1777"],
    ["02770", "2770"],
    ["!!str 0700", "0700"],
  ])("written %s is %s", async (written, mode) => {
    expect(await modeOf(written)).toBe(mode);
  });

  it.each([
    "448",
    "0x1c0",
    "0999",
    "07777",
    "4755",
    "'u=rwxs,go='",
    "'u+x'",
    "rwx------",
    "7e2",
    "-700",
    "''",
    "0b111",
  ])("written %s is refused, and means no other number", async (written) => {
    expect(await modeOf(written)).toBeUndefined();
  });

  it("may be an alias of one written elsewhere", async () => {
    const text = smallManifest("home: [{ path: y/, mode: &m 0750 }, { path: x/, mode: *m }]");
    expect(ruleAt(await resolveText(text), "f", "/home/u/x")?.mode).toBe("0750");
  });
});
