import { defineConfig } from "vitest/config";

/** The fault suite: each file has a gateway of its own and mostly waits, so that several can run at once. */
export default defineConfig({
  test: {
    include: ["tests/faults/*.faults.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 5,
    reporters: process.env["CI"] ? ["default", "./tests/support/closing-line.ts"] : ["default"],
  },
});
