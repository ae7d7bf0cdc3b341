import { describe, expect, it } from "vitest";
import { growForest } from "../../../src/report/forest.ts";
import { neighbour } from "../../../src/report/page/neighbour.ts";
import { searchRows, sheetsOf, sortRows } from "../../../src/report/page/rows.ts";
import { caseTitle, countText, shareText, sizeText } from "../../../src/report/words.ts";
import { laptop, reportOf, scanOf } from "../../support/report-fixture.ts";

const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("a size", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KiB"],
    [4096, "4.0 KiB"],
    [102_348, "99.9 KiB"],
    [102_400, "100 KiB"],
    [1023 * 1024, "1.0 MiB"],
    [883 * 1024 ** 2, "883 MiB"],
    [27 * 1024 ** 3, "27.0 GiB"],
    [1024 ** 6, "1024 PiB"],
  ])("of %d bytes is %s", (bytes, text) => {
    expect(plain(sizeText(bytes))).toBe(text);
  });

  it("has three digits at most, up to where units end", () => {
    for (let bytes = 1; bytes < 2 ** 59; bytes = Math.ceil(bytes * 1.07))
      expect(plain(sizeText(bytes)), String(bytes)).toMatch(/^(?:\d{1,3}|\d{1,2}\.\d) (?:B|[KMGTP]iB)$/);
  });
});

describe("counts and shares", () => {
  it("are said as people say them", () => {
    expect(plain(countText(1, "file"))).toBe("1 file");
    expect(plain(countText(12_345, "file"))).toBe("12,345 files");
    expect(plain(shareText(1, 3))).toBe("33 %");
    expect(plain(shareText(1, 1000))).toBe("<1 %");
    expect(plain(shareText(0, 1000))).toBe("0 %");
    expect(plain(shareText(0, 0))).toBe("0 %");
    expect(caseTitle("move:desk")).toBe("On the move to desk");
  });
});

describe("arrow keys", () => {
  // a b
  // a c d
  const at = (name: string, x: number, y: number, width: number, height: number) => ({ name, x, y, width, height });
  const a = at("a", 0, 0, 50, 100);
  const b = at("b", 52, 0, 48, 48);
  const c = at("c", 52, 50, 23, 50);
  const d = at("d", 77, 50, 23, 50);
  const places = [a, b, c, d];

  it.each([
    [a, "ArrowRight", "c"],
    [b, "ArrowLeft", "a"],
    [b, "ArrowDown", "c"],
    [c, "ArrowRight", "d"],
    [d, "ArrowUp", "b"],
    [d, "ArrowLeft", "c"],
    [a, "ArrowLeft", undefined],
    [a, "ArrowUp", undefined],
    [d, "ArrowDown", undefined],
    [c, "Home", "a"],
    [a, "End", "d"],
    [a, "x", undefined],
    [a, "constructor", undefined],
  ] as const)("from one place lead to the nearest that way", (from, key, to) => {
    expect(neighbour(places, from, key)?.name).toBe(to);
  });

  it("reach every place from every other", () => {
    const reached = new Set([a]);
    for (const from of reached)
      for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
        const to = neighbour(places, from, key);
        if (to !== undefined) reached.add(to);
      }
    expect(reached.size).toBe(places.length);
  });
});

describe("the rows of the table", () => {
  const report = reportOf(scanOf("laptop", laptop));
  const sheets = sheetsOf(report, growForest(report));

  it("are those of the scan", () => {
    expect(sheets.map(({ id, rows }) => [id, rows.length])).toEqual([
      ["all", laptop.length],
      ["undecided", report.scans[0]?.undecided.length],
      ...(report.scans[0]?.lost.map(({ name, rows }) => [name, rows.length]) ?? []),
    ]);
  });

  it("are sorted with what hurts most first, and within that by size", () => {
    const rows = sortRows(sheets.find(({ id }) => id === "disk")?.rows ?? [], "need", false);
    const undecided = rows.filter(({ need }) => need === null);
    expect(rows.slice(0, undecided.length)).toEqual(undecided);
    expect(undecided.map(({ bytes }) => bytes)).toEqual(undecided.map(({ bytes }) => bytes).sort((x, y) => y - x));
    expect(sortRows(rows, "bytes", true)[0]?.bytes).toBe(Math.min(...rows.map(({ bytes }) => bytes)));
    expect(sortRows(rows, "path", false).map(({ path }) => path)).toEqual(rows.map(({ path }) => path).sort());
  });

  it("are found by words in any of their columns", () => {
    const [everything] = sheets;
    const found = searchRows(everything?.rows ?? [], " SECRET  gabriel ");
    expect(found.map(({ path }) => path).sort()).toEqual(
      laptop
        .filter((leaf) => leaf.class === "secret" && leaf.path.includes("gabriel"))
        .map(({ path }) => path)
        .sort(),
    );
    expect(searchRows(everything?.rows ?? [], "")).toHaveLength(laptop.length);
  });
});
