import fc from "fast-check";
import { expect, test } from "vitest";
import { HistogramFamily, NumberFamily } from "../../src/metrics/families.ts";

test("a counter's series are found again by their labels", () => {
  const family = new NumberFamily<"route" | "status">("counter", "x_total", "Things.");
  family.series({ route: "a", status: "200" }).add(1);
  family.series({ route: "a", status: "200" }).add(2.5);
  family.series({ route: "b", status: "500" }).add(0);
  expect(family.render()).toBe(
    '# HELP x_total Things.\n# TYPE x_total counter\nx_total{route="a",status="200"} 3.5\nx_total{route="b",status="500"} 0\n',
  );
  family.clear();
  expect(family.render()).toBe("# HELP x_total Things.\n# TYPE x_total counter\n");
});

test("a metric without labels has no braces", () => {
  const family = new NumberFamily<never>("gauge", "x", "Now.");
  family.series({}).add(-1);
  expect(family.render()).toContain("\nx -1\n");
});

test("label values are escaped as the format asks", () => {
  const family = new NumberFamily<"name">("gauge", "x", "Now.");
  family.series({ name: 'a"b\\c\nd' }).add(1);
  expect(family.render()).toContain('x{name="a\\"b\\\\c\\nd"} 1\n');
});

test("a histogram's buckets hold all values up to their bound, the last one all", () => {
  const values = fc.array(fc.double({ min: 0, max: 4, noNaN: true }));
  fc.assert(
    fc.property(values, (observed) => {
      const family = new HistogramFamily<"route">("x_seconds", "Time.", [0.5, 1, 2]);
      for (const value of observed) family.series({ route: "a" }).observe(value);
      family.series({ route: "a" });
      const upTo = (bound: number): number => observed.filter((value) => value <= bound).length;
      expect(family.render().split("\n").slice(2, -1)).toEqual([
        `x_seconds_bucket{route="a",le="0.5"} ${upTo(0.5)}`,
        `x_seconds_bucket{route="a",le="1"} ${upTo(1)}`,
        `x_seconds_bucket{route="a",le="2"} ${upTo(2)}`,
        `x_seconds_bucket{route="a",le="+Inf"} ${observed.length}`,
        `x_seconds_sum{route="a"} ${observed.reduce((sum, value) => sum + value, 0)}`,
        `x_seconds_count{route="a"} ${observed.length}`,
      ]);
    }),
  );
});
