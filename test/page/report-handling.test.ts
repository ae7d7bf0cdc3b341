import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { bytesOf, laptop, reportOf, scanOf } from "../support/report-fixture.ts";
import { choice, clickTile, crumbs, focused, openReport, shown, startBrowser, sumOfBytes, textOf } from "./browser.ts";

describeWith(["chromium"], "the page of a report, with mouse and keyboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  const report = reportOf(scanOf("laptop", laptop));
  const whole = bytesOf(laptop);

  it("is zoomed with the mouse, as deep as one clicks, and back by the crumbs", async () => {
    const { page } = await openReport(browser, report);
    await clickTile(page, "pip");
    expect(await crumbs(page)).toEqual(["/", "home/gabriel", ".cache"]);
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(laptop, ({ path }) => path.includes("/.cache/")));
    await page.click("#crumbs li:nth-child(2) button");
    expect(await crumbs(page)).toEqual(["/", "home/gabriel"]);
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(laptop, ({ path }) => path.startsWith("/home/")));
    await page.click("#crumbs li:nth-child(1) button");
    expect(await sumOfBytes(page, shown)).toBe(whole);
  });

  it("is zoomed from the keyboard, and comes back to where one was", async () => {
    const { page } = await openReport(browser, report);
    await page.focus("#crumbs button");
    for (let i = 0; i < 30 && (await focused(page)) !== "/home/gabriel"; i++) await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("/home/gabriel");
    await page.keyboard.press("ArrowRight");
    expect(await focused(page)).toBe("/var");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    expect(await crumbs(page)).toEqual(["/", "home/gabriel"]);
    expect(await focused(page)).toBe("/home/gabriel/Documents");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toBe("/home/gabriel/.cache");
    await page.keyboard.press("Space");
    expect(await crumbs(page)).toEqual(["/", "home/gabriel", ".cache"]);
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(laptop, ({ path }) => path.includes("/.cache/")));
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe("/home/gabriel/.cache");
    await page.keyboard.press("Backspace");
    expect(await crumbs(page)).toEqual(["/"]);
    expect(await focused(page)).toBe("/home/gabriel");
    await page.keyboard.press("End");
    expect(await focused(page)).toBe("/etc/NetworkManager");
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    // Nothing is in a place without others, and there is nothing above the root.
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("/home/gabriel/Documents");
    for (const key of ["Escape", "Escape"] as const) await page.keyboard.press(key);
    expect(await crumbs(page)).toEqual(["/"]);
  });

  it("shows where the focus is, and takes Tab to every part once", async () => {
    const { page } = await openReport(browser, report);
    const stops: string[] = [];
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return null;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const visible = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
        const part = element.closest("#fate-cards, #crumbs, .facets, #treemap, #lost, #tabs, .search, #table");
        return { visible, part: part?.id || part?.className || element.id || element.className };
      });
      if (stop === null) break;
      expect(stop.visible, stop.part).toBe(true);
      if (stops.at(-1) !== stop.part) stops.push(stop.part);
    }
    expect(stops.slice(0, 12)).toEqual([
      "skip",
      "theme",
      "fate-cards",
      "crumbs",
      "facets",
      "treemap",
      "lost",
      "tabs",
      "search screen-only",
      "table",
    ]);
  });

  it("is filtered with the mouse", async () => {
    const { page } = await openReport(browser, report);
    await page.click(choice("class", "cache"));
    const caches = bytesOf(laptop, (leaf) => leaf.class === "cache");
    expect(await sumOfBytes(page, shown)).toBe(caches);
    expect(await sumOfBytes(page, "#rows-sum")).toBe(caches);
    expect(await sumOfBytes(page, `.tile:not([data-fate="discard"])[data-bytes]`)).toBe(0);
    await page.click(choice("class", "log"));
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(laptop, ({ class: of }) => of === "cache" || of === "log"));
    await page.click("#reset");
    expect(await sumOfBytes(page, shown)).toBe(whole);
  });

  it("is filtered from the keyboard, by several things at once", async () => {
    const { page } = await openReport(browser, report);
    await page.focus(choice("fate", "persist"));
    await page.keyboard.press("Space");
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(laptop, ({ fate }) => fate === "persist"));
    await page.focus(choice("need", "critical"));
    await page.keyboard.press("Space");
    const both = bytesOf(laptop, ({ fate, need }) => fate === "persist" && need === "critical");
    expect(await sumOfBytes(page, shown)).toBe(both);
    // Each number says what one would see by choosing it, too.
    expect(await sumOfBytes(page, `[data-facet="class"] [data-value="secret"]`)).toBe(
      bytesOf(laptop, (leaf) => leaf.class === "secret" && leaf.fate === "persist" && leaf.need === "critical"),
    );
    await page.focus(choice("class", "config"));
    await page.keyboard.press("Space");
    expect(await sumOfBytes(page, shown)).toBe(0);
    expect(await page.$eval("#treemap", (map) => map.classList.contains("empty"))).toBe(true);
    expect(await page.$$("tbody tr")).toHaveLength(0);
  });

  it("stays where one looks while filters change, as far as there is something left", async () => {
    const { page } = await openReport(browser, report);
    await clickTile(page, "pip");
    await page.click(choice("class", "cache"));
    expect(await crumbs(page)).toEqual(["/", "home/gabriel", ".cache"]);
    await page.click(choice("class", "cache"));
    await page.click(choice("class", "data"));
    expect(await crumbs(page)).toEqual(["/", "home/gabriel"]);
  });

  it("finds rows by words, and sorts them", async () => {
    const { page } = await openReport(browser, report);
    const column = (name: string): Promise<string[]> =>
      page.$$eval(`td[data-column='${name}']`, (cells) => cells.map((cell) => cell.textContent ?? ""));
    await page.type("#search", "CACHE gabriel");
    const found = laptop.filter(
      ({ path, class: of }) => path.includes("gabriel") && (of === "cache" || /cache/i.test(path)),
    );
    expect(await column("path")).toHaveLength(found.length);
    expect(await sumOfBytes(page, "#rows-sum")).toBe(bytesOf(found));
    await page.click("th[data-column='path'] button");
    const paths = await column("path");
    expect(paths).toEqual([...paths].sort());
    expect(await page.$eval("th[data-column='path']", (th) => th.getAttribute("aria-sort"))).toBe("ascending");
    await page.focus("th[data-column='path'] button");
    await page.keyboard.press("Enter");
    expect(await column("path")).toEqual([...paths].reverse());
    expect(await page.$eval("th[data-column='path']", (th) => th.getAttribute("aria-sort"))).toBe("descending");
    await page.click("#search", { count: 3 });
    await page.keyboard.type("nothing of this kind");
    expect(await page.$$("tbody tr")).toHaveLength(0);
  });

  it("leads from a row to its place in the treemap", async () => {
    const { page } = await openReport(browser, report);
    await page.type("#search", "postgresql");
    await page.click("tbody button.path");
    expect(await crumbs(page)).toEqual(["/", "var", "lib"]);
    expect(await focused(page)).toBe("/var/lib/postgresql");
    expect(await textOf(page, "#detail")).toContain("data, critical? postgresql: the databases");
    await page.click("#search", { count: 3 });
    await page.keyboard.type("vscode");
    await page.click("#tabs button:nth-child(2)");
    const whys = await page.$$eval("td[data-column='why']", (cells) => cells.map((cell) => cell.textContent));
    expect(whys).toEqual([
      "vscode: settings and extensions' state; 31.0\u00a0MiB of it is cache; holds what looks like a secret: User/id_rsa",
    ]);
  });
});
