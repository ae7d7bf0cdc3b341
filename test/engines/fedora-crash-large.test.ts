import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { apart, expectRun, run } from "../support/fedora.ts";
import { killAfter } from "../support/fedora-crash.ts";
import { long, whole } from "../support/fedora-stage.ts";
import { inspect } from "../support/fedora-tree.ts";

/** In the small form a fiftieth of each, to see that the test itself works. */
const scale = whole ? 1 : 50;

/** Calls that move an entry there and back, and what they leave. */
async function thereAndBack(lay: (folder: string) => void): Promise<void> {
  const { home, store, scripts } = await apart("tmpfs");
  lay(join(home, "app"));
  const all = inspect([join(home, "app")]);
  // Stopped once on each way.
  await killAfter(1500 / scale, scripts, ["link", "--yes"], { home });
  expectRun(0, scripts, "link", ["--yes"], { home });
  expect(inspect([join(store, "app")])).toEqual(all);
  expectRun(0, scripts, "link", ["--commit"], { home });
  await killAfter(1500 / scale, scripts, ["unlink", "--yes"], { home });
  expectRun(0, scripts, "unlink", ["--yes"], { home });
  expect(inspect([join(home, "app")])).toEqual(all);
  expectRun(0, scripts, "unlink", ["--commit"], { home });
  expect(existsSync(join(store, "app"))).toBe(false);
}

describeWith(["loop"], "link.sh and unlink.sh with much to move", () => {
  it(
    "move 100,000 small files",
    async () =>
      thereAndBack((folder) => {
        for (let i = 0; i < 100_000 / scale; i++) {
          if (i % 200 === 0) mkdirSync(join(folder, `${i / 200}`), { recursive: true });
          writeFileSync(join(folder, `${Math.floor(i / 200)}`, `f${i}`), `${i}`);
        }
      }),
    long,
  );

  it(
    "move a file of 2 GB",
    async () =>
      thereAndBack((folder) => {
        mkdirSync(folder);
        const made = run(["dd", "if=/dev/urandom", `of=${join(folder, "big")}`, "bs=1M", `count=${2000 / scale}`], {
          home: folder,
        });
        expect(made.code, made.err).toBe(0);
      }),
    long,
  );
});
