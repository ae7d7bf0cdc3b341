import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { classes, needs } from "../../src/plan/vocabulary.ts";
import { fates } from "../../src/report/words.ts";
import type { ScanResult } from "../../src/scan/result.ts";
import { describeWith } from "../support/engines.ts";
import { bytesOf, hostile, laptop, reportOf, scanOf } from "../support/report-fixture.ts";
import { folderWith, readText, remanence } from "../support/workspace.ts";
import { choice, crumbs, openReport, openText, shown, startBrowser, sumOfBytes, textOf } from "./browser.ts";

describeWith(["chromium"], "what the page of a report shows", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  const report = reportOf(scanOf("laptop", laptop));
  const whole = bytesOf(laptop);

  it("shows the sums of the scan: in the treemap, in the totals, in the table", async () => {
    const { page } = await openReport(browser, report);
    const [scan] = report.scans;
    expect(await sumOfBytes(page, shown)).toBe(whole);
    for (const fate of fates) {
      const { bytes } = scan?.totals[fate] ?? { bytes: -1 };
      expect(await sumOfBytes(page, `.tile[data-fate="${fate}"]`), fate).toBe(bytes);
      expect(await sumOfBytes(page, `#fate-cards [data-value="${fate}"]`), fate).toBe(bytes);
    }
    for (const of of classes)
      expect(await sumOfBytes(page, `[data-facet="class"] [data-value="${of}"]`), of).toBe(
        bytesOf(laptop, (leaf) => leaf.class === of),
      );
    for (const need of needs)
      expect(await sumOfBytes(page, `[data-facet="need"] [data-value="${need}"]`), need).toBe(
        bytesOf(laptop, (leaf) => leaf.need === need),
      );
    expect(await sumOfBytes(page, "#rows-sum")).toBe(whole);
    expect(await sumOfBytes(page, "td[data-column='bytes']")).toBe(whole);
  });

  it("shows the sums of a scan of a real disk", async () => {
    const folder = folderWith({
      "persistence.yaml": "version: 1\nusers: { eve: {} }\nhosts: { desk: { os: fedora } }\nhome: [Documents/]\n",
      "root/home/eve/Documents/letter": "x".repeat(70_000),
      "root/home/eve/<!--<script>document.title='owned'": "x".repeat(50_000),
      "root/home/eve/</script><script>document.title='owned'</script>": "x".repeat(50_000),
      "root/home/eve/many/a\u202eb\u001b": "x",
    });
    const args = ["--root", "root"];
    const scan = JSON.parse(remanence(folder, ["scan", ...args, "--format", "json"]).stdout) as ScanResult;
    expect(remanence(folder, ["report", ...args]).code).toBe(0);
    const { page, asked, faults } = await openText(browser, "report.html", readText(folder, "remanence-report.html"));
    for (const [fate, { bytes }] of Object.entries(scan.totals)) {
      expect(await sumOfBytes(page, `.tile[data-fate="${fate}"]`), fate).toBe(bytes);
      expect(await sumOfBytes(page, `#fate-cards [data-value="${fate}"]`), fate).toBe(bytes);
    }
    expect(scan.totals.undecided.bytes).toBeGreaterThan(100_000);
    expect(await page.title()).toBe("What remains on desk");
    expect([...asked, ...faults]).toEqual([]);
  });

  it("draws each thing as large as it is", async () => {
    const { page } = await openReport(browser, report, { width: 1600 });
    const areaOf = (name: string): Promise<number> =>
      page.$$eval(
        ".tile.place",
        (tiles, wanted) => {
          const tile = tiles.find((one) => one.querySelector(".name")?.textContent === wanted);
          return (tile?.clientWidth ?? 0) * (tile?.clientHeight ?? 0);
        },
        name,
      );
    for (const [one, other] of [
      ["2025", "2024"],
      ["mozilla", "nix"],
      ["Documents", "Downloads"],
    ] as const) {
      const bytes = [one, other].map((name) => bytesOf(laptop, ({ path }) => path.endsWith(`/${name}`)));
      const expected = (bytes[0] ?? 0) / (bytes[1] ?? 1);
      const drawn = (await areaOf(one)) / (await areaOf(other));
      // Rounded to whole pixels, with a gap between them.
      expect(drawn / expected, `${one} and ${other}`).toBeGreaterThan(0.93);
      expect(drawn / expected, `${one} and ${other}`).toBeLessThan(1.07);
    }
  });

  it("says what each case would cost, critical things first", async () => {
    const { page } = await openReport(browser, report);
    for (const { name, rows } of report.scans[0]?.lost ?? []) {
      const sum = rows.reduce((bytes, row) => bytes + row.bytes, 0);
      expect(await sumOfBytes(page, `[data-case="${name}"] .lost-sum`), name).toBe(sum);
      await page.click(`[data-case="${name}"] button`);
      expect(await page.$$("tbody tr"), name).toHaveLength(rows.length);
      expect(await sumOfBytes(page, "#rows-sum"), name).toBe(sum);
    }
    const ranks = await page.$$eval("td[data-column='need']", (cells) => cells.map((cell) => cell.textContent));
    expect(ranks).toEqual(["critical", "important", "important"]);
    // The tabs are one stop; arrows move between them.
    await page.keyboard.press("ArrowLeft");
    expect(await textOf(page, "#tabs [aria-selected='true']")).toBe("If this disk dies");
    await page.keyboard.press("ArrowRight");
    expect(await textOf(page, "#tabs [aria-selected='true']")).toBe("On the move to desk");
  });

  it("shows several hosts, and one of them", async () => {
    const { page } = await openReport(browser, reportOf(scanOf("laptop", laptop), scanOf("eve", hostile)));
    expect(await sumOfBytes(page, shown)).toBe(whole + bytesOf(hostile));
    await page.click(choice("host", "eve"));
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(hostile));
    expect(await sumOfBytes(page, "#rows-sum")).toBe(bytesOf(hostile));
    await page.click("td[data-column='path'] button");
    expect((await crumbs(page)).slice(0, 2)).toEqual(["all hosts", "eve:/home/eve"]);
  });
});
