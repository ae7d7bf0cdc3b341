import axe from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { classes, needs } from "../../src/plan/vocabulary.ts";
import { reportPicture } from "../../src/report/svg-picture.ts";
import { fates } from "../../src/report/words.ts";
import type { ScanResult } from "../../src/scan/result.ts";
import { describeWith } from "../support/engines.ts";
import { hostile, type Leaf, laptop, reportOf, scanOf } from "../support/report-fixture.ts";
import { folderWith, readText, remanence } from "../support/workspace.ts";
import { crumbs, focused, openReport, openText, startBrowser, sumOfBytes, textOf } from "./browser.ts";

const shown = ".tile.place, .tile.part";

function bytesOf(leaves: readonly Leaf[], keep: (leaf: Leaf) => boolean = () => true): number {
  return leaves.filter(keep).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The middle of the first tile with this name. */
async function middleOf(page: Page, name: string): Promise<{ x: number; y: number }> {
  const at = await page.$$eval(
    ".tile",
    (tiles, wanted) => {
      const tile = tiles.find((one) => one.querySelector(".name")?.textContent === wanted);
      const box = tile?.getBoundingClientRect();
      return box === undefined ? null : { x: box.left + box.width / 2, y: box.top + box.height / 2 };
    },
    name,
  );
  if (at === null) throw new Error(`there is no tile ${name}`);
  return at;
}

async function clickTile(page: Page, name: string): Promise<void> {
  const { x, y } = await middleOf(page, name);
  await page.mouse.click(x, y);
}

const choice = (facet: string, value: string): string =>
  facet === "fate"
    ? `#fate-cards [data-value="${value}"] input`
    : `[data-facet="${facet}"] [data-value="${value}"] input`;

describeWith(["chromium"], "the page of a report", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  const report = reportOf(scanOf("laptop", laptop));
  const whole = bytesOf(laptop);

  it("opens from a file, asks for nothing, and has no fault", async () => {
    const { page, asked, faults } = await openReport(browser, report);
    expect(await textOf(page, "h1")).toBe("What remains on laptop");
    await page.setViewport({ width: 500, height: 900 });
    await page.click("#theme");
    expect(asked).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("cannot reach anything, nor run or show what is not its own", async () => {
    const { page, asked } = await openReport(browser, report);
    const tried = await page.evaluate(async () => {
      const outcome = (action: () => unknown): string => {
        try {
          action();
          return "done";
        } catch {
          return "refused";
        }
      };
      const fetched = await fetch("https://example.org/").then(
        () => "done",
        () => "refused",
      );
      const image = document.createElement("img");
      const loaded = new Promise((resolve) => {
        image.onload = () => resolve("done");
        image.onerror = () => resolve("refused");
      });
      image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
      document.body.append(image);
      const markup = outcome(() => {
        document.body.innerHTML = "<b>x</b>";
      });
      document.body.setAttribute("style", "display: none");
      return { fetched, image: await loaded, markup, style: getComputedStyle(document.body).display };
    });
    expect(tried).toEqual({ fetched: "refused", image: "refused", markup: "refused", style: "block" });
    expect(asked.filter((address) => address.startsWith("http"))).toEqual([]);
  });

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

  it("shows names that try to be markup as the names they are", async () => {
    const { page, faults, asked } = await openReport(browser, reportOf(scanOf("eve", hostile)));
    expect(await page.title()).toBe("What remains on eve");
    const names = await page.$$eval("td[data-column='path']", (cells) => cells.map((cell) => cell.textContent));
    expect(names).toContain("/home/eve/</script><script>document.title='owned'</script>");
    expect(names).toContain("/home/eve/<img src=x onerror=document.title='owned'>");
    expect(names).toContain("/home/eve/\\u{2028}\\u{2029}\\u{202e}txt.exe\\u{7}\\u{1b}[31m");
    expect(names).toContain("/home/eve/__proto__");
    expect(await sumOfBytes(page, shown)).toBe(bytesOf(hostile));
    expect(await page.$$("img, iframe, body script:not(#report):not(:last-of-type)")).toHaveLength(0);
    expect(asked).toEqual([]);
    expect(faults).toEqual([]);
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

  it.each(["light", "dark"] as const)(
    "can be read and told apart in %s colours, by axe and by its own signs",
    async (scheme) => {
      const { page } = await openReport(browser, report, { scheme });
      await page.evaluate(axe.source);
      const violations = await page.evaluate(async () => {
        const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
        return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
      });
      expect(violations).toEqual([]);
      const signs = await page.$$eval("#fate-cards .sign", (elements) =>
        elements.map((element) => {
          const { backgroundColor, backgroundImage } = getComputedStyle(element);
          return { letter: element.textContent, backgroundColor, backgroundImage };
        }),
      );
      for (const key of ["letter", "backgroundColor", "backgroundImage"] as const)
        expect(new Set(signs.map((sign) => sign[key])).size, key).toBe(fates.length);
    },
  );

  it("follows the system's colours until its button is used", async () => {
    const { page } = await openReport(browser, report, { scheme: "dark" });
    const ground = (): Promise<string> => page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
    const dark = await ground();
    const darkPicture = await page.screenshot();
    expect(await textOf(page, "#theme")).toBe("Light colours");
    await page.click("#theme");
    expect(await ground()).not.toBe(dark);
    expect(Buffer.from(await page.screenshot()).equals(darkPicture)).toBe(false);
    await page.click("#theme");
    expect(await ground()).toBe(dark);
  });

  it("fits a narrow window", async () => {
    const { page } = await openReport(browser, reportOf(scanOf("laptop", [...laptop, ...hostile])), { width: 400 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
    expect(await sumOfBytes(page, shown)).toBe(whole + bytesOf(hostile));
  });

  it("is printed whole and without its controls", async () => {
    const many = Array.from({ length: 150 }, (_, i): Leaf => {
      const path = `/srv/many/file-${i}`;
      return { path, bytes: 4096 * (i + 1), files: 1, fate: "persist", class: "data", need: "critical" };
    });
    const { page } = await openReport(browser, reportOf(scanOf("laptop", many)), { width: 600, scheme: "dark" });
    expect(await page.$$("tbody tr")).toHaveLength(100);
    await page.evaluate(() =>
      window.addEventListener("beforeprint", () => {
        const rows = document.querySelectorAll("tbody tr").length;
        document.documentElement.dataset["printed"] = String(rows);
      }),
    );
    await page.pdf({ format: "A4" });
    expect(await page.$eval("html", (html) => html.dataset["printed"])).toBe("150");
    expect(await page.$$("tbody tr")).toHaveLength(100);
    await page.emulateMediaType("print");
    const controls = await page.$$eval("#theme, #search, #more, .choice input, #map-keys", (elements) =>
      elements.map((element) => element.getClientRects().length),
    );
    expect(controls.length).toBeGreaterThan(6);
    expect(Math.max(...controls)).toBe(0);
    expect(await page.$eval("h1", (h1) => getComputedStyle(h1).color)).toBe("rgb(29, 28, 26)");
  });

  it("says the totals without its program, too", async () => {
    const { page } = await openReport(browser, report);
    await page.setJavaScriptEnabled(false);
    await page.reload();
    expect(await textOf(page, "noscript table")).toMatch(/undecided\s?7\.5.GiB/);
  });

  it.each([
    ["as people have them", laptop],
    ["that try to be markup", hostile],
  ])("is a picture as well, with the same sums: names %s", async (_names, leaves) => {
    const picture = reportPicture(reportOf(scanOf("laptop", leaves)));
    const { page, asked, faults } = await openText(browser, "report.svg", picture);
    expect(await page.evaluate(() => document.documentElement.nodeName)).toBe("svg");
    expect(await page.$("parsererror")).toBeNull();
    expect(await sumOfBytes(page, ".tile[data-bytes]")).toBe(bytesOf(leaves));
    const titles = await page.$$eval(".tile title", (all) => all.map((title) => title.textContent ?? ""));
    const largest = [...leaves].sort((a, b) => b.bytes - a.bytes)[0];
    expect(titles.some((title) => title.includes(`(${largest?.bytes} bytes), ${largest?.fate}`))).toBe(true);
    expect(asked).toEqual([]);
    expect(faults).toEqual([]);
  });
});
