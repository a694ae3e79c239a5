import { defineConfig } from "vitest/config";

/** The crash test: it kills writers, one after the other. */
export default defineConfig({
  test: {
    include: ["tests/crash/*.crash.ts"],
    testTimeout: 600_000,
    reporters: process.env["CI"] ? ["default", "./tests/support/closing-line.ts"] : ["default"],
  },
});
