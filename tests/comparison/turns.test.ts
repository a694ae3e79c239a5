import fc from "fast-check";
import { expect, test } from "vitest";
import { mapBounded, Turns } from "../../src/comparison/turns.ts";

test("results stand in the order of the items, and no more than so many tasks run", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async (items, most) => {
        let running = 0;
        const results = await mapBounded(items, most, async (ticks, index) => {
          running++;
          expect(running).toBeLessThanOrEqual(most);
          for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
          running--;
          return index;
        });
        expect(results).toEqual(items.map((_, index) => index));
      },
    ),
  );
});

test("a task that throws lets no further one begin", async () => {
  const begun: number[] = [];
  const all = mapBounded([0, 1, 2, 3], 1, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("stop");
  });
  await expect(all).rejects.toThrow("stop");
  expect(begun).toEqual([0, 1]);
});

test("turns go on after a task that throws", async () => {
  const turns = new Turns(1);
  const failing = turns.run(async () => {
    throw new Error("no");
  });
  const after = turns.run(async () => "yes");
  await expect(failing).rejects.toThrow("no");
  expect(await after).toBe("yes");
});
