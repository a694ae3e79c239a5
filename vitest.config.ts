import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One more than the two cores that this is made for: much of it waits.
    maxWorkers: 3,
    reporters: process.env["CI"] ? ["default", "./tests/support/closing-line.ts"] : ["default"],
  },
});
