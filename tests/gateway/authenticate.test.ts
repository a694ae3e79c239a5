import { expect, test } from "vitest";
import { authenticate } from "../../src/gateway/authenticate.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { small, tableOf } from "../config/tables.ts";

const ALL = "key-for-all-routes-0001";

const asking = (authorization: string) => ({ header: () => authorization });

test("a thousand ways to write one header open the gateway, and one more, and the first again", () => {
  const keys = new KeyRing();
  keys.configure(tableOf(small({ keys: { all: { secret: ALL } } })).keys);
  const written = (spaces: number): string => `Bearer ${" ".repeat(spaces)}${ALL}`;
  for (const spaces of [...Array(1001).keys(), 0, 0])
    expect(authenticate(asking(written(spaces)), keys)?.name).toBe("all");
  expect(() => authenticate(asking(`${written(0)}x`), keys)).toThrow();
});
