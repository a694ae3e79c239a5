import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, openBench } from "./bench.ts";
import { CANARIES } from "./canaries.ts";
import { checkRow } from "./check.ts";
import { fallbackOf, type Group, slugOf } from "./row.ts";

/** One gateway for many rows, one after the other. */
export function faultSuite({ title, rows }: Group): void {
  describe(title, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await openBench(rows);
    });
    afterAll(() => bench.close());

    test.each(rows)("$name", (row) => checkRow(bench, row));

    test("each upstream got its own key, and nothing of the client's", () => {
      for (const row of rows) {
        const calls = [
          ...bench.upstream.calls(slugOf(row)).map((call) => [call, CANARIES.provider] as const),
          ...bench.upstream.calls(fallbackOf(row)).map((call) => [call, CANARIES.second] as const),
        ];
        for (const [{ head, body }, key] of calls) {
          expect(head).toMatch(new RegExp(`^authorization: Bearer ${key}$`, "im"));
          expect(head + body).not.toContain(CANARIES.client);
        }
      }
    });
  });
}
