/** A real browser, and pages of reports in it that are opened as a person opens them: as files. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer, { type Browser, type HTTPRequest, type Page } from "puppeteer-core";
import { onTestFinished } from "vitest";
import type { Report } from "../../src/report/data.ts";
import { reportPage } from "../../src/report/html-page.ts";
import { engineCommand } from "../support/engines.ts";
import { scratch, writeFiles } from "../support/workspace.ts";

/** A page of a report, and what it did besides being shown. */
export interface Opened {
  readonly page: Page;
  /** Addresses that were asked for, the page's own one left out. */
  readonly asked: readonly string[];
  /** Errors of its program, and refusals of its policy. */
  readonly faults: readonly string[];
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
}

export function startBrowser(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: engineCommand("chromium"),
    // In a container, and as root, its own sandbox does not start; the pages are ours.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-gpu"],
  });
}

/** Opens a report in a window of its own; closed when the test is over. */
export function openReport(browser: Browser, report: Report, look: Look = {}): Promise<Opened> {
  return openText(browser, "report.html", reportPage(report), look);
}

export async function openText(browser: Browser, name: string, text: string, look: Look = {}): Promise<Opened> {
  const folder = scratch();
  writeFiles(folder, { [name]: text });
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  const address = pathToFileURL(join(folder, name)).href;
  const asked: string[] = [];
  const faults: string[] = [];
  page.on("request", (request: HTTPRequest) => {
    if (request.url() !== address) asked.push(request.url());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warn") faults.push(message.text());
  });
  await page.setViewport({ width: look.width ?? 1280, height: look.height ?? 900 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: look.scheme ?? "light" },
    // Tiles are where they belong at once.
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.goto(address);
  return { page, asked, faults };
}

/** The sum of the bytes that elements say they stand for. */
export function sumOfBytes(page: Page, selector: string): Promise<number> {
  return page.$$eval(selector, (elements) =>
    elements.reduce((sum, element) => sum + Number(element.getAttribute("data-bytes")), 0),
  );
}

/** The words of an element, its blanks as one. */
export function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element.textContent ?? "").replace(/\s+/g, " ").trim());
}

/** The place of the tree that is looked into, as the crumbs have it. */
export function crumbs(page: Page): Promise<string[]> {
  return page.$$eval("#crumbs button", (buttons) => buttons.map((button) => button.textContent ?? ""));
}

/** What has the focus: its id, or the path of a place in the treemap. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("data-path") ?? element?.id ?? "";
  });
}

/** The tiles that are all there is, each byte once. */
export const shown = ".tile.place, .tile.part";

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

/** Clicks on the first tile with this name. */
export async function clickTile(page: Page, name: string): Promise<void> {
  const { x, y } = await middleOf(page, name);
  await page.mouse.click(x, y);
}

/** The box by which a value of a facet is chosen. */
export const choice = (facet: string, value: string): string =>
  facet === "fate"
    ? `#fate-cards [data-value="${value}"] input`
    : `[data-facet="${facet}"] [data-value="${value}"] input`;
