import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { progress } from "../../src/commands/progress.ts";
import { remanence } from "../support/workspace.ts";
import { workspace } from "./support.ts";

/** A terminal of so many columns that keeps what is written to it. */
function terminalStub(columns: number): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const stream = { isTTY: true, columns, write: (text: string) => written.push(text) > 0 };
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}

it("shows how far it is after a second, a few times a second, and takes it away in the end", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  vi.stubEnv("TERM", "xterm");
  try {
    const { stream, written } = terminalStub(40);
    const shown = progress(stream);
    const seen = () => ({ entries: 123456, bytes: 5 * 1024 ** 3 });
    const show = (after: number): void => {
      vi.advanceTimersByTime(after);
      shown.show("/home/u/some/folder\u001b[31m/deep", seen);
    };
    for (const after of [0, 900, 200, 10, 200]) show(after);
    shown.end();
    expect(written).toHaveLength(3);
    const line = written[0]?.replace("\r\u001b[2K", "") ?? "";
    expect(line).toMatch(/^123,456 entries {2}5\.0 GiB {2}….*\/deep$/);
    expect(line.length).toBeLessThan(40);
    expect(written.slice(0, 2).join("")).not.toContain("\u001b[31m");
    expect(written[2]).toBe("\r\u001b[2K");
  } finally {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  }
});

it("shows nothing where nobody looks", () => {
  const { stream, written } = terminalStub(80);
  stream.isTTY = false as true;
  const shown = progress(stream);
  shown.show("/", () => ({ entries: 1, bytes: 1 }));
  shown.end();
  expect(written).toEqual([]);
  const folder = workspace();
  mkdirSync(join(folder, "home"));
  const { stderr } = remanence(folder, ["scan", "--host", "f", "--home", join(folder, "home")]);
  expect(stderr).toBe("");
});
