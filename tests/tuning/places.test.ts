import { expect, test } from "vitest";
import { Places } from "../../src/tuning/places.ts";

const never = new AbortController().signal;

test("who comes later waits, in the order of coming, and a place is given on whatever comes of the work", async () => {
  const places = new Places(2);
  const begun: number[] = [];
  const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const done = works.map(({ promise }, index) =>
    places.within(never, () => {
      begun.push(index);
      return promise;
    }),
  );
  const rejected = expect(done[1]).rejects.toThrow("no");
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  works[1]?.reject(new Error("no"));
  await rejected;
  works[0]?.resolve();
  await done[0];
  for (const { resolve } of works) resolve();
  await Promise.all([done[2], done[3], done[4]]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

test("who waits no longer leaves the place to the next", async () => {
  const places = new Places(1);
  const first = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const held = places.within(never, () => first.promise);
  const left = places.within(leaving.signal, () => Promise.reject(new Error("it has begun")));
  const next = places.within(never, async () => "next");
  leaving.abort(new Error("not wanted"));
  await expect(left).rejects.toThrow("not wanted");
  first.resolve();
  await held;
  expect(await next).toBe("next");
  expect(await places.within(never, async () => "free again")).toBe("free again");
  await expect(places.within(leaving.signal, async () => "late")).rejects.toThrow("not wanted");
});
