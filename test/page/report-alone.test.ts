import axe from "axe-core";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reportPicture } from "../../src/report/svg-picture.ts";
import { fates } from "../../src/report/words.ts";
import { describeWith } from "../support/engines.ts";
import { bytesOf, hostile, type Leaf, laptop, reportOf, scanOf } from "../support/report-fixture.ts";
import { openReport, openText, shown, startBrowser, sumOfBytes, textOf } from "./browser.ts";

describeWith(["chromium"], "the page of a report, by itself", () => {
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
      // axe does not look at what a screen reader passes over.
      const contrasts = await page.$$eval(".tile .name, .tile .size, .tile b", (labels) => {
        const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
        const light = (parts: readonly number[]): number => {
          const [r = 0, g = 0, b = 0] = parts.map((part) => {
            const share = part / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return labels.map((label) => {
          const { color, opacity } = getComputedStyle(label);
          const ground = channels(getComputedStyle(label.closest(".tile") ?? label).backgroundColor);
          const ink = channels(color).map(
            (part, i) => part * Number(opacity) + (ground[i] ?? 0) * (1 - Number(opacity)),
          );
          const [dark = 0, bright = 0] = [light(ink), light(ground)].sort((x, y) => x - y);
          return (bright + 0.05) / (dark + 0.05);
        });
      });
      expect(contrasts.length).toBeGreaterThan(40);
      expect(Math.min(...contrasts)).toBeGreaterThan(4.5);
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
    const filters = (): Promise<boolean> => page.$eval(".facet", (facet) => facet.checkVisibility());
    expect(await filters()).toBe(false);
    await page.click("#facets-fold summary");
    expect(await filters()).toBe(true);
    await page.setViewport({ width: 1200, height: 900 });
    expect(await filters()).toBe(true);
    await page.setViewport({ width: 400, height: 900 });
    expect(await filters()).toBe(false);
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
    // Paper is of another size than the window, and nothing is drawn again for it.
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    for (const width of [703, 1000]) {
      const over = await page.$eval(
        "#treemap",
        (map, paper) => {
          document.body.style.width = `${paper}px`;
          const { right, bottom } = map.getBoundingClientRect();
          const tiles = [...map.querySelectorAll(".tile")].map((tile) => tile.getBoundingClientRect());
          return [
            Math.max(...tiles.map((tile) => tile.right)) - right,
            Math.max(...tiles.map((tile) => tile.bottom)) - bottom,
          ];
        },
        width,
      );
      for (const beyond of over) expect(Math.abs(beyond), `${width}`).toBeLessThan(2);
    }
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
