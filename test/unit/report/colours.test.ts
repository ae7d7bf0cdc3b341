import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fates } from "../../../src/report/words.ts";

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../src/report/page/${name}`, import.meta.url)), "utf8");

describe("the colours of the picture", () => {
  it.each(fates)("are those of the page: %s", (fate) => {
    const page = new RegExp(`--${fate}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(read("tokens.css"))?.slice(1);
    const picture = [...read("picture.css").matchAll(new RegExp(`\\.${fate} \\{\\s+fill: (#\\w+);`, "g"))].map(
      ([, fill]) => fill,
    );
    expect(picture).toHaveLength(2);
    expect(picture).toEqual(page);
  });
});
