import { expect, test } from "vitest";
import { authenticate } from "../../src/gateway/authenticate.ts";
import { small, tableOf } from "../config/tables.ts";

const ALL = "key-for-all-routes-0001";

test("a thousand ways to write one header open the gateway, and one more, and the first again", () => {
  const table = tableOf(small({ keys: { all: { secret: ALL } } }));
  const written = (spaces: number): string => `Bearer ${" ".repeat(spaces)}${ALL}`;
  for (const spaces of [...Array(1001).keys(), 0, 0])
    expect(authenticate(written(spaces), table.keys)?.name).toBe("all");
  expect(() => authenticate(`${written(0)}x`, table.keys)).toThrow();
});
