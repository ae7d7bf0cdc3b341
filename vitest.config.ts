import { defineConfig } from "vitest/config";
import { EnginesReporter } from "./test/support/engines-reporter.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["node_modules", ".cache"],
    globalSetup: ["test/support/build.ts"],
    reporters: ["default", new EnginesReporter()],
    // Real engines and real file systems take their time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
