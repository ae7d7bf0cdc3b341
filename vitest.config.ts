import { defineConfig } from "vitest/config";
import { EnginesReporter } from "./test/support/engines-reporter.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["node_modules", ".cache"],
    globalSetup: ["test/support/build.ts"],
    reporters: ["default", new EnginesReporter()],
    // Most of the time is spent waiting for engines: one file a core, none kept free.
    maxWorkers: "100%",
    // Real engines and real file systems take their time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
