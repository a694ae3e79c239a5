import { expect, test } from "vitest";
import { Progress } from "../../src/cli/progress.ts";

function shown(isTTY: boolean, steps: readonly number[]): string {
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  const progress = new Progress({ isTTY, write }, "queries", steps.length);
  for (const errors of steps) progress.step(errors);
  progress.end();
  return text;
}

test("a bar on a terminal, drawn over itself", () => {
  expect(shown(true, [0, 1]).split("\r")).toEqual([
    "",
    "[........................] 0 of 2 queries\u001b[K",
    "[############............] 1 of 2 queries\u001b[K",
    "[########################] 2 of 2 queries, 1 error\u001b[K\n",
  ]);
});

test("elsewhere a line each tenth of the way", () => {
  const lines = shown(false, new Array<number>(50).fill(1)).trimEnd().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe("5 of 50 queries, 5 errors");
  expect(lines.at(-1)).toBe("50 of 50 queries, 50 errors");
});
