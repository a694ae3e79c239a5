import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Availability, type Job } from "../../src/limits/availability.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A Redis that is there or not, and what is told of it. */
function redis() {
  const server = { isThere: true };
  const told: string[] = [];
  let lost = 0;
  const probe: Job = async () => {
    if (!server.isThere) throw new Error("not there");
  };
  const availability = new Availability({
    timeoutMs: 100,
    probeMs: 1000,
    probe,
    onState: (state) => told.push(state),
    onLost: () => lost++,
  });
  const does =
    (name: string): Job =>
    async () => {
      await probe();
      told.push(name);
    };
  return { server, told, availability, does, lost: () => lost };
}

test("a call that takes too long ends, and none is made after it until Redis is back", async () => {
  const { told, availability } = redis();
  const call = availability.call(() => new Promise(() => {}));
  const failed = expect(call).rejects.toThrow("Redis did not answer within 100 ms");
  await vi.advanceTimersByTimeAsync(101);
  await failed;
  expect([availability.isUp, told]).toEqual([false, ["memory"]]);
  await vi.advanceTimersByTimeAsync(1500);
  expect([availability.isUp, told]).toEqual([true, ["memory", "redis"]]);
});

test("what could not be told is made up for in order, before Redis is in use again", async () => {
  const { server, told, availability, does } = redis();
  server.isThere = false;
  await availability.ensure(does("a"), does("a again"));
  await availability.ensure(does("b"), does("b again"));
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toEqual(["memory"]);
  server.isThere = true;
  await vi.advanceTimersByTimeAsync(1500);
  expect(told).toEqual(["memory", "a again", "b again", "redis"]);
});

test("a job that fails again and again does not keep Redis away", async () => {
  const { told, availability, does, lost } = redis();
  const broken: Job = () => Promise.reject(new Error("a script that does not work"));
  await availability.ensure(broken);
  await availability.ensure(does("next"));
  await vi.advanceTimersByTimeAsync(6000);
  expect([told, lost()]).toEqual([["memory", "next", "redis"], 1]);
});

test("what waits for Redis is bounded, and what is given up is counted", async () => {
  const { server, availability, does, lost } = redis();
  server.isThere = false;
  for (let i = 0; i < 10_010; i++) await availability.ensure(does("job"));
  expect(lost()).toBe(10);
});

test("once closed it looks no further", async () => {
  const { server, told, availability, does } = redis();
  server.isThere = false;
  await availability.ensure(does("a"));
  availability.close();
  server.isThere = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect([told, vi.getTimerCount()]).toEqual([["memory"], 0]);
});

test("jobs that come while others are made up for do not keep Redis away", async () => {
  const { server, told, availability } = redis();
  server.isThere = false;
  await availability.ensure(() => Promise.reject(new Error("not there")));
  server.isThere = true;
  // A busy process: a hundred jobs come for each round trip that is made.
  const comes = setInterval(() => {
    for (let i = 0; i < 50; i++) availability.later(() => new Promise((resolve) => setTimeout(resolve, 2)));
  }, 2);
  await vi.advanceTimersByTimeAsync(3000);
  clearInterval(comes);
  expect(told).toEqual(["memory", "redis"]);
});

test("a reply that was there in time is not late, however long this process was busy", async () => {
  const { told, availability } = redis();
  vi.useRealTimers();
  const { promise, resolve } = Promise.withResolvers<string>();
  const call = availability.call(() => promise);
  setTimeout(() => {
    const until = performance.now() + 300; // past the time for a reply
    while (performance.now() < until);
    setImmediate(() => resolve("in time")); // as what is read after the timers
  }, 1);
  expect(await call).toBe("in time");
  expect(told).toEqual([]);
});
