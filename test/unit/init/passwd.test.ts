import { describe, expect, it } from "vitest";
import { inOrder, peopleIn } from "../../../src/init/passwd.ts";
import { account, services } from "../../support/made-root.ts";

const names = (text: string): string[] => peopleIn(text).map(({ name }) => name);

describe("people", () => {
  it("are neither root, nor services, nor nobody", () => {
    const dynamic = account("made-up", 61500);
    const service = account("svc", 999);
    const builder = account("nixbld12", 30012);
    expect(names(services + service + account("u", 1000) + builder + dynamic + account("v", 30012))).toEqual([
      "u",
      "v",
    ]);
  });

  it("are listed once, and one to a home", () => {
    expect(names(account("u", 1000) + account("u", 1001) + account("v", 1002, "/home/u/"))).toEqual(["u"]);
  });

  it("survive lines that are none", () => {
    expect(names(`\n#x\nu\nu:x:10a:1::/home/u:\n+::::::\n${account("v", 1000)}`)).toEqual(["v"]);
  });

  it("begin with whoever asks, then by number", () => {
    const people = peopleIn(account("c", 1002) + account("a", 1000) + account("b", 1001));
    expect(inOrder(people, 1001).map(({ name }) => name)).toEqual(["b", "a", "c"]);
    expect(inOrder(people, 0).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });
});
