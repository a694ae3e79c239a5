import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One fewer than cores is the default: on two cores that is one file at a time.
    maxWorkers: "100%",
    reporters: process.env["CI"] ? ["default", "./tests/support/closing-line.ts"] : ["default"],
  },
});
