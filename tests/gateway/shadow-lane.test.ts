import { expect, test } from "vitest";
import { ShadowLane } from "../../src/gateway/shadow-lane.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;

interface Task {
  readonly name: string;
  readonly bytes: number;
}

/** A lane whose tasks end when they are told to. */
function heldLane(concurrency: number) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const lane = new ShadowLane<Task>(concurrency, async ({ name }) => {
    begun.push(name);
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  return { lane, begun, end: () => ends.shift()?.() };
}

test("tasks begin in their order, a turn later, and so many at a time", async () => {
  const { lane, begun, end } = heldLane(2);
  for (const name of ["a", "b", "c", "d"]) expect(lane.add({ name, bytes: 1 })).toBe(true);
  expect(begun).toEqual([]);
  await until(() => begun.length === 2);
  end();
  await until(() => begun.length === 3);
  end();
  end();
  await until(() => begun.length === 4);
  expect(begun).toEqual(["a", "b", "c", "d"]);
});

test("no more waits than fits, and what left makes room", async () => {
  const { lane, begun, end } = heldLane(1);
  lane.add({ name: "a", bytes: 15 * MIB });
  await until(() => begun.length === 1);
  expect(lane.add({ name: "b", bytes: 10 * MIB })).toBe(true);
  expect(lane.add({ name: "c", bytes: 10 * MIB })).toBe(false);
  end();
  await until(() => begun.length === 2);
  expect(lane.add({ name: "d", bytes: 10 * MIB })).toBe(true);
  expect(lane.clear()).toBe(1);
  expect(lane.add({ name: "e", bytes: 10 * MIB })).toBe(true);
});

test("what was cleared never begins", async () => {
  const { lane, begun, end } = heldLane(1);
  lane.add({ name: "a", bytes: 1 });
  await until(() => begun.length === 1);
  lane.add({ name: "b", bytes: 1 });
  expect(lane.clear()).toBe(1);
  lane.add({ name: "c", bytes: 1 });
  end();
  await until(() => begun.length === 2);
  expect(begun).toEqual(["a", "c"]);
});
