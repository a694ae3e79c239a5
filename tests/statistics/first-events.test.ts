import fc from "fast-check";
import { expect, test } from "vitest";
import { FirstEvents, firstEventsState, Units, unitsState } from "../../src/statistics/first-events.ts";

function memory(): { readonly units: Units; readonly seen: FirstEvents } {
  const units = new Units();
  return { units, seen: new FirstEvents(units) };
}

test("a unit's first event has the share's chance, its next ones tell nothing", () => {
  const { units, seen } = memory();
  const unit = units.indexOf(0.7);
  expect(seen.chance(unit, "control", 0.05)).toBe(0.05);
  expect(seen.chance(unit, "control", 0.05)).toBe(0);
  const other = units.indexOf(0.01);
  expect(seen.chance(other, "candidate", 0.05)).toBe(0.05);
  expect(seen.chance(other, "candidate", 0.5)).toBe(0);
});

test("keys beyond the most that are told apart share a unit with those that stand where they do", () => {
  const units = new Units(10);
  const first = Array.from({ length: 10 }, (_, i) => units.indexOf(0.05 + i / 10));
  expect(first).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([0.31, 0.32, 0.39, 0.35].map((unit) => units.indexOf(unit))).toEqual([10, 10, 10, 3]);
  for (let i = 0; i < 1000; i++) units.indexOf((i * 0.618034) % 1);
  expect(units.count).toBe(20);
  const again = new Units(10);
  again.restore(units.state());
  expect([again.indexOf(0.31), again.indexOf(0.35), again.count]).toEqual([10, 3, 20]);
});

test("one that was the control's at a smaller share is the candidate's with what is left of the chance", () => {
  const { units, seen } = memory();
  const unit = units.indexOf(0.7);
  seen.chance(unit, "control", 0.05);
  expect(seen.chance(unit, "control", 0.25)).toBeCloseTo(0.2 / 0.95, 12);
  // What comes late from when the share was smaller is known already.
  expect(seen.chance(unit, "control", 0.05)).toBe(0);
  expect(seen.chance(unit, "candidate", 0.75)).toBeCloseTo(0.5 / 0.75, 12);
  expect(seen.chance(unit, "candidate", 0.9)).toBe(0);
});

test("chance alone: each request is a draw of its own", () => {
  const { seen } = memory();
  expect(seen.chance(-1, "control", 0.05)).toBe(0.05);
  expect(seen.chance(-1, "control", 0.05)).toBe(0.05);
  expect([seen.isFirst(-1, 1), seen.isFirst(-1, 1), seen.isFirstEver(-1)]).toEqual([true, true, true]);
});

test("where all requests are one side's nothing is told, and nothing is taken note of", () => {
  const { units, seen } = memory();
  const unit = units.indexOf(0.7);
  expect(seen.chance(unit, "control", 0)).toBe(0);
  expect(seen.chance(unit, "candidate", 1)).toBe(0);
  expect(seen.chance(unit, "control", 0.05)).toBe(0.05);
});

test("fresh epochs remember only themselves", () => {
  const { units, seen } = memory();
  const unit = units.indexOf(0.7);
  expect([1, 1, 2, 2].map((epoch) => seen.isFirst(unit, epoch))).toEqual([true, false, true, false]);
});

test("after 254 shares a unit that is seen is known for good", () => {
  const { units, seen } = memory();
  for (let i = 1; i <= 300; i++) expect(seen.chance(units.indexOf(i), "control", i / 1_000)).toBe(i / 1_000);
  expect(seen.chance(0, "control", 0.9)).toBeCloseTo(0.899 / 0.999, 12);
  expect(seen.chance(units.indexOf(300), "control", 0.9)).toBe(0);
});

const steps = fc.array(
  fc.record({ user: fc.integer({ min: 0, max: 200 }), share: fc.constantFrom(0.01, 0.05, 0.25, 0.5) }),
  { maxLength: 300 },
);

test("the chance is that of where the unit's number can still lie, also after JSON in between", () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      let { units, seen } = memory();
      const least = new Map<number, number>();
      for (const [i, { user, share }] of [...before, ...after].entries()) {
        if (i === before.length) {
          const kept = JSON.parse(JSON.stringify({ units: units.state(), seen: seen.state() }));
          ({ units, seen } = memory());
          units.restore(unitsState.parse(kept.units));
          seen.restore(firstEventsState.parse(kept.seen));
        }
        const number = (user + 0.5) / 201;
        const side = number < share ? "candidate" : "control";
        const known = least.get(user) ?? 0;
        const expected = share <= known ? 0 : (share - known) / (1 - known);
        expect(seen.chance(units.indexOf(number), side, share)).toBe(expected);
        least.set(user, side === "candidate" ? 1 : Math.max(known, share));
      }
    }),
  );
});

test("100,000 units of whom few had an event take little room", () => {
  const { units, seen } = memory();
  for (let i = 0; i < 100_000; i++) {
    const unit = units.indexOf((i + 0.5) / 100_000);
    if (i % 100 === 0) seen.chance(unit, "control", 0.05);
  }
  expect(JSON.stringify(seen.state()).length).toBeLessThan(10_000);
});
