import { describe, expect, it } from "vitest";
import { numbersIn } from "../../../src/commands/init-choices.ts";

describe("an answer of numbers", () => {
  it.each([
    ["all", [1, 2, 3, 4, 5]],
    ["1 3-4", [1, 3, 4]],
    ["5,2", [2, 5]],
    ["-3", [1, 2, 4, 5]],
    ["-1-3 -5", [4]],
    ["1-4 -2", [1, 3, 4]],
  ])("%j is %j", (answer, numbers) => {
    expect([...(numbersIn(answer, 5) ?? [])].sort()).toEqual(numbers);
  });

  it.each(["0", "6", "4-2", "x", "1;2", "1-", "3-9", "9999999999"])("%j is none", (answer) => {
    expect(numbersIn(answer, 5)).toBeUndefined();
  });
});
