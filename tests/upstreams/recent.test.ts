import fc from "fast-check";
import { expect, test } from "vitest";
import { RECENT_SECONDS, Recent } from "../../src/upstreams/recent.ts";

test("the sums are those of the last ten whole seconds and no others, whatever came when", () => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 4000 }),
    all: fc.integer({ min: 0, max: 3 }),
    some: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.array(step, { maxLength: 60 }), (start, steps) => {
      const recent = new Recent();
      const seen: { second: number; all: number; some: number }[] = [];
      let now = start;
      for (const { wait, all, some } of steps) {
        now += wait;
        recent.add(now, all, some);
        seen.push({ second: Math.floor(now / 1000), all, some });
        const counted = seen.filter(({ second }) => second > Math.floor(now / 1000) - RECENT_SECONDS);
        expect(recent.read(now)).toEqual({
          all: counted.reduce((sum, one) => sum + one.all, 0),
          some: counted.reduce((sum, one) => sum + one.some, 0),
        });
      }
      expect(recent.read(now + RECENT_SECONDS * 1000)).toEqual({ all: 0, some: 0 });
    }),
  );
});
