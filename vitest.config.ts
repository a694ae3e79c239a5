import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One fewer than cores is the default: on two cores that is one file at a time.
    maxWorkers: "100%",
    // Loading everything anew for each file took a third of the time. So what a test changes for the whole process it puts
    // back, and only files of tests register hooks while they load: tests/architecture.test.ts looks.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    reporters: process.env["CI"] ? ["default", "./tests/support/closing-line.ts"] : ["default"],
  },
});
