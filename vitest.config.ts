import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One more than cores: much of it waits.
    maxWorkers: availableParallelism() + 1,
    reporters: process.env["CI"] ? ["default", "./tests/support/closing-line.ts"] : ["default"],
  },
});
