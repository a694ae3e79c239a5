import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPage } from "./support/markdown.ts";

const page = readPage("SECURITY.md");
const promises = [
  ...((page.split("## Promises")[1] ?? "").split("\n## ")[0]?.matchAll(/^\| (.+) \| (.+) \|$/gm) ?? []),
]
  .map(([, promise = "", tests = ""]) => ({ promise, tests }))
  .filter(({ promise }) => promise !== "promise");

test("the promises were found", () => {
  expect(promises.length).toBeGreaterThan(12);
});

test.each(promises)("a test keeps the promise: $promise", ({ tests }) => {
  const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
  expect(files).not.toEqual([]);
  for (const file of files) {
    expect(file).toMatch(/^tests\/.+\.test\.ts$/);
    expect(existsSync(join(import.meta.dirname, "..", file)), file).toBe(true);
  }
});
