import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CaptureQueue } from "../../src/captures/capture-queue.ts";
import type { RawBatch } from "../../src/captures/raw.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { StoreError } from "../../src/store/store.ts";
import { factsOf } from "../support/facts.ts";
import { sampleOf } from "../support/samples.ts";
import { rawOf, ScriptedSink } from "./raw.ts";

const failing = async (): Promise<void> => {
  throw new StoreError("the disk is full", true);
};
const never = (): Promise<void> => new Promise(() => {});
const isBad = (batch: RawBatch): boolean => batch.captures.some(({ facts }) => facts.id.startsWith("bad"));
/** Can't store what is called bad. */
const refusesBad = async (batch: RawBatch): Promise<void> => {
  if (isBad(batch)) throw new StoreError("it is too odd", false);
};

function start(sink = new ScriptedSink(), maxBytes?: number) {
  const metrics = new Metrics({ version: "1", runtime: "test" });
  const logs: string[] = [];
  const log = (_level: string, message: string): void => void logs.push(message);
  const queue = new CaptureQueue({ sink, metrics, log, ...(maxBytes !== undefined && { maxBytes }) });
  const take = (...ids: readonly string[]): void => {
    for (const id of ids) queue.take(rawOf(id), true);
  };
  const metric = async (name: string, outcome?: string): Promise<number> =>
    sampleOf(await metrics.render(), name, outcome === undefined ? {} : { outcome });
  return { sink, queue, logs, take, metric };
}

const sizeOf = (id: string): number => 1024 + JSON.stringify(rawOf(id).content?.request).length;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass and promises settle. */
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test("captures wait for each other 50 ms, and many for nobody", async () => {
  const { sink, take } = start();
  take("a", "b");
  await pass(49);
  expect(sink.writes).toBe(0);
  await pass(1);
  expect(sink.stored.map(({ captures }) => captures.length)).toEqual([2]);
  take(...Array.from({ length: 250 }, (_, index) => `many ${index}`));
  await pass(0);
  expect(sink.stored.map(({ captures }) => captures.length)).toEqual([2, 100, 100]);
  await pass(50);
  expect(sink.ids).toHaveLength(252);
});

test("one batch is under way at a time", async () => {
  const first = Promise.withResolvers<void>();
  const { sink, take } = start(new ScriptedSink(() => first.promise));
  take("a");
  await pass(50);
  take("b");
  await pass(10_000);
  expect(sink.writes).toBe(1);
  first.resolve();
  await pass(50);
  expect(sink.ids).toEqual(["a", "b"]);
});

test("usage goes with captures, and alone within a second", async () => {
  const { sink, queue, take } = start();
  queue.skip(factsOf("quiet"));
  take("a");
  await pass(50);
  expect(sink.requests).toBe(2);
  queue.skip(factsOf("quiet"));
  await pass(999);
  expect(sink.requests).toBe(2);
  await pass(1);
  expect(sink.requests).toBe(3);
});

test("while the store fails captures wait, and nothing is counted twice", async () => {
  const { sink, queue, logs, take, metric } = start(new ScriptedSink(failing));
  take("a", "b");
  await pass(50);
  take("c");
  await pass(60_000);
  expect(queue.counts).toEqual({ accepted: 3, stored: 0, dropped: 0, queued: 3 });
  expect(await metric("crossover_capture_oldest_seconds")).toBeCloseTo(60.05);
  expect(await metric("crossover_capture_queue_requests")).toBe(3);
  const tries = sink.writes;
  expect(tries).toBeGreaterThan(10);
  expect(tries).toBeLessThan(25); // the waits grow to five seconds
  sink.become(async () => {});
  await pass(5000);
  expect(sink.ids).toEqual(["a", "b", "c"]);
  expect(sink.requests).toBe(3);
  expect(logs).toEqual(["captures can't be stored now, and wait", "captures are stored again"]);
  expect(await metric("crossover_capture_queue_bytes")).toBe(0);
  expect(await metric("crossover_capture_oldest_seconds")).toBe(0);
});

test("usage whose answer was lost is told again as it was, so that it can be known", async () => {
  const { sink, take } = start(new ScriptedSink(failing));
  const told: RawBatch[] = [];
  sink.become(async (batch) => {
    told.push(batch);
    throw new StoreError("nobody told that it was stored", true);
  });
  take("a");
  await pass(50);
  take("b");
  await pass(100);
  sink.become(async (batch) => void told.push(batch));
  await pass(5000);
  const usage = told.map(({ usage, usageId }) => [usageId, usage.map(({ requests }) => requests)]);
  const [first, last] = [usage[0], usage.at(-1)];
  expect(first).toEqual([expect.any(String), [1]]);
  expect(usage.slice(0, -1)).toEqual(usage.slice(0, -1).map(() => first));
  expect(last?.[1]).toEqual([1]);
  expect(last?.[0]).not.toBe(first?.[0]);
});

test("what can't be stored is dropped alone", async () => {
  const { sink, queue, logs, take, metric } = start(new ScriptedSink(refusesBad));
  take("a", "bad 1", "b", "bad 2", "c");
  await pass(50);
  expect(sink.ids).toEqual(["a", "b", "c"]);
  expect(sink.requests).toBe(5);
  expect(queue.counts).toEqual({ accepted: 5, stored: 3, dropped: 2, queued: 0 });
  expect(await metric("crossover_captures_total", "dropped")).toBe(2);
  expect(logs).toEqual(["captures are dropped"]);
});

test("usage that can't be stored is told of, and captures are stored all the same", async () => {
  const { sink, logs, take } = start();
  sink.become(async ({ usage }) => {
    if (usage.length > 0) throw new StoreError("out of range", false);
  });
  take("a", "b");
  await pass(50);
  take("c");
  await pass(1000);
  expect(sink.ids).toEqual(["a", "b", "c"]);
  expect(logs).toEqual(["usage is lost"]);
});

test("beyond the bound the oldest go", async () => {
  const most = 10;
  const { sink, queue, logs, take } = start(new ScriptedSink(failing), most * sizeOf("0"));
  take(...Array.from({ length: 25 }, (_, index) => String(index)));
  await pass(10_000);
  const { accepted, stored, dropped, queued } = queue.counts;
  expect([accepted, stored, dropped + queued]).toEqual([25, 0, 25]);
  expect(queued).toBeLessThanOrEqual(most);
  expect(queued).toBeGreaterThan(most - 3);
  sink.become(async () => {});
  await pass(5000);
  expect(sink.ids.at(-1)).toBe("24");
  expect(sink.ids).toEqual(Array.from({ length: queued }, (_, index) => String(25 - queued + index)));
  expect(logs.filter((line) => line === "captures are dropped")).toHaveLength(1);
});

test("what is being written is not dropped beside it", async () => {
  const first = Promise.withResolvers<void>();
  const { sink, queue, take } = start(new ScriptedSink(() => first.promise), 5 * sizeOf("0"));
  take("a", "b");
  await pass(50);
  take(...Array.from({ length: 20 }, (_, index) => `${index}`));
  first.resolve();
  await pass(1000);
  expect(sink.ids.slice(0, 2)).toEqual(["a", "b"]);
  expect(sink.ids.at(-1)).toBe("19");
  const { accepted, stored, dropped, queued } = queue.counts;
  expect([accepted, stored + dropped, queued]).toEqual([22, 22, 0]);
  expect(sink.ids).toHaveLength(stored);
});

describe("flush", () => {
  const resolved = async (promise: Promise<boolean>): Promise<() => boolean> => {
    let done = false;
    void promise.then(() => {
      done = true;
    });
    await pass(0);
    return () => done;
  };

  test("writes at once, and resolves when all is stored", async () => {
    const { sink, queue, take } = start();
    take("a", "b");
    const flushed = queue.flush(1000);
    const done = await resolved(flushed);
    expect([sink.ids, done()]).toEqual([["a", "b"], true]);
    expect(await flushed).toBe(true);
  });

  test("waits for what is under way and for what waits behind it", async () => {
    const writes: (() => void)[] = [];
    const { sink, queue, take } = start(
      new ScriptedSink(() => new Promise((resolve) => writes.push(resolve))),
    );
    take("a");
    await pass(50);
    take("b");
    const done = await resolved(queue.flush(10_000));
    writes[0]?.();
    await pass(0);
    expect([sink.ids, done()]).toEqual([["a"], false]);
    writes[1]?.();
    await pass(0);
    expect([sink.ids, done()]).toEqual([["a", "b"], true]);
  });

  test("does not wait for a store that fails, and tries it at once", async () => {
    const { sink, queue, take } = start(new ScriptedSink(failing));
    take("a");
    await pass(30_000);
    const before = sink.writes;
    const flushed = queue.flush(60_000);
    const done = await resolved(flushed);
    expect([sink.writes, done()]).toEqual([before + 1, true]);
    expect(await flushed).toBe(false);
  });

  test("is known not to help while the store fails", async () => {
    const { sink, queue, take } = start(new ScriptedSink(failing));
    expect(queue.failing).toBe(false);
    take("a");
    await pass(50);
    expect(queue.failing).toBe(true);
    sink.become(async () => {});
    await pass(5000);
    expect(queue.failing).toBe(false);
  });

  test("waits for a store that hangs no longer than it may", async () => {
    const { queue, take } = start(new ScriptedSink(never));
    take("a");
    const flushed = queue.flush(1000);
    const done = await resolved(flushed);
    await pass(999);
    expect(done()).toBe(false);
    await pass(1);
    expect(await flushed).toBe(false);
  });

  test("with nothing to write resolves at once", async () => {
    expect((await resolved(start().queue.flush(1000)))()).toBe(true);
  });
});

describe("close", () => {
  test("writes what waits, usage too", async () => {
    const { sink, queue, take } = start();
    take(...Array.from({ length: 350 }, (_, index) => String(index)));
    queue.skip(factsOf("quiet"));
    await Promise.all([queue.close(5000), pass(1000)]);
    expect([sink.ids.length, sink.requests]).toEqual([350, 351]);
  });

  test("tries a failing store until its time is over, then counts what is lost", async () => {
    const { sink, queue, logs, take } = start(new ScriptedSink(failing));
    take("a", "b");
    const closed = queue.close(2000);
    await pass(1000);
    const tries = sink.writes;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(15);
    await pass(1100);
    await closed;
    expect(queue.counts).toEqual({ accepted: 2, stored: 0, dropped: 2, queued: 0 });
    expect(logs).toContain("captures were lost");
    const after = sink.writes;
    await pass(60_000);
    expect(sink.writes).toBe(after);
  });

  test("waits for a store that comes back in time", async () => {
    const { sink, queue, take } = start(new ScriptedSink(failing));
    take("a");
    const closed = queue.close(2000);
    await pass(1000);
    sink.become(async () => {});
    await pass(200);
    await closed;
    expect(sink.ids).toEqual(["a"]);
  });
});

test("accepted = stored + dropped + queued at every moment, whatever the store does", async () => {
  const behaviours = {
    good: async () => {},
    failing,
    refusing: async () => {
      throw new StoreError("refused", false);
    },
    broken: async () => {
      throw new TypeError("a bug");
    },
    "refusing the bad": refusesBad,
    slow: () => new Promise<void>((resolve) => setTimeout(resolve, 200)),
  };
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 150 }), bad: fc.boolean(), length: fc.nat(3000) }),
    fc.record({ pass: fc.nat(3000) }),
    fc.record({
      become: fc.constantFrom(...Object.keys(behaviours)),
    }),
    fc.record({ flush: fc.nat(1000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      let taken = 0;
      const { queue, sink } = start(new ScriptedSink(), 300_000);
      const check = (): void => {
        const { accepted, stored, dropped, queued } = queue.counts;
        expect(stored + dropped + queued).toBe(accepted);
        expect(accepted).toBe(taken);
        expect(sink.ids).toHaveLength(stored);
      };
      const acts = new Map<string, () => Promise<void>>(
        Object.entries(behaviours).map(([name, act]) => [
          name,
          async (batch?: RawBatch): Promise<void> => {
            check();
            await act(batch ?? { captures: [], usage: [] });
          },
        ]),
      );
      for (const one of steps) {
        if ("take" in one) {
          for (let i = 0; i < one.take; i++) {
            const id = `${one.bad && i % 3 === 0 ? "bad" : "good"} ${taken++}`;
            queue.take(rawOf(id, { request: "x".repeat(one.length) }), true);
            check();
          }
        } else if ("pass" in one) await pass(one.pass);
        else if ("become" in one) sink.become(acts.get(one.become) ?? failing);
        else void queue.flush(one.flush);
        check();
      }
      sink.become(async () => {});
      await pass(20_000);
      check();
      expect(queue.counts.queued).toBe(0);
      expect(new Set(sink.ids).size).toBe(sink.ids.length);
    }),
    { numRuns: 100 },
  );
});
