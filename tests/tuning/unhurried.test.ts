import { expect, test } from "vitest";
import { unhurried } from "../../src/tuning/unhurried.ts";

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield number;
}

test("all items come, and others have their turn after each that took long", async () => {
  let turns = 0;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const seen: number[] = [];
  const turnsAt: number[] = [];
  for await (const number of unhurried(numbers(5))) {
    seen.push(number);
    turnsAt.push(turns);
    const began = performance.now();
    while (performance.now() - began < 3);
  }
  clearImmediate(next);
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  expect(new Set(turnsAt).size).toBe(5);
});
