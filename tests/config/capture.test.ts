import { expect, test } from "vitest";
import { problemsOf, small, tableOf } from "./tables.ts";

/** What the one route captures. */
function captured(top: unknown, own: unknown): unknown {
  const config = small({
    ...(top === undefined ? {} : { capture: top }),
    routes: { route: { default: "a", ...(own === undefined ? {} : { capture: own }) } },
  });
  return tableOf(config).routes.get("route")?.capture;
}

const ALL = { sample: 1, errors: true };

test.each([
  [undefined, undefined, ALL],
  [true, undefined, ALL],
  [false, undefined, undefined],
  [false, true, ALL],
  [true, false, undefined],
  [0.5, undefined, { sample: 0.5, errors: true }],
  [0, undefined, { sample: 0, errors: true }],
  [{ sample: 0.5, errors: false }, undefined, { sample: 0.5, errors: false }],
  [{ sample: 0.5, errors: false }, true, { sample: 0.5, errors: false }],
  [{ sample: 0.5, errors: false }, 0.1, { sample: 0.1, errors: false }],
  [{ sample: 0.5, errors: false }, { errors: true }, { sample: 0.5, errors: true }],
  [false, { errors: false }, { sample: 1, errors: false }],
  [{}, {}, ALL],
])("with %j at the top, %j on the route captures %j", (top, own, expected) => {
  expect(captured(top, own)).toEqual(expected);
});

test.each([1.5, -1, "yes", { sample: 2 }, { rate: 1 }])("%j is refused", (capture) => {
  expect(problemsOf(small({ capture }))).toHaveLength(1);
});
