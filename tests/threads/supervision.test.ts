import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RedactionSettings } from "../../src/domain/redactor.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import { StoreError } from "../../src/store/store.ts";
import { ThreadedStore, type ThreadedStoreOptions } from "../../src/threads/threaded-store.ts";
import { batch, capture } from "../store/samples.ts";
import { type FakeThread, fakeThreads } from "./fake-thread.ts";

const NOTHING: RedactionSettings = { secrets: [], personal: [], patterns: [] };
const redactors = { secrets: newRedactor(), stored: newRedactor() };
const settings = { url: "file:none.db", retention: { maxAgeMs: 1000, maxBytes: 2000 } };

function started(more: Partial<ThreadedStoreOptions> = {}) {
  const { start, threads } = fakeThreads();
  const troubles: (string | undefined)[] = [];
  const store = new ThreadedStore({
    settings,
    redaction: NOTHING,
    start,
    onTrouble: (trouble) => troubles.push(trouble?.message),
    ...more,
  });
  const last = (): FakeThread => {
    const thread = threads.at(-1);
    if (thread === undefined) throw new RangeError("no thread was started");
    return thread;
  };
  return { store, threads, troubles, last };
}

const failure = (message: string, temporary = true) => ({ message, temporary, invalid: false });
const refused = (message: string) =>
  expect.objectContaining({ name: "StoreError", message, temporary: true });
const fail = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no error",
    (error) => error,
  );

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("no thread is started before it is opened or used, and the reader by the first read alone", async () => {
  const { store, threads, last } = started();
  expect(threads).toHaveLength(0);
  store.open();
  store.open();
  const written = store.write(batch({}));
  expect(threads).toHaveLength(1);
  last().says({ kind: "opened" });
  last().answers(undefined);
  await written;
  expect(threads).toHaveLength(1);
  const found = store.find("a");
  await vi.waitFor(() => expect(threads).toHaveLength(2));
  last().says({ kind: "opened" });
  last().answers(capture("a"));
  expect(await found).toEqual(capture("a"));
});

test("answers go to the calls that asked, in whatever order", async () => {
  const { store, last } = started();
  const feedback = [store.delete({ id: "a" }), store.delete({ id: "b" })];
  last().says({ kind: "opened" });
  const [first, second] = last().posted.flatMap((message) => (message.kind === "call" ? [message.id] : []));
  last().says({ kind: "done", id: second ?? 0, result: "second" });
  last().says({
    kind: "failed",
    id: first ?? 0,
    failure: { message: "no", temporary: false, invalid: true },
  });
  expect(await feedback[1]).toBe("second");
  const error = await fail(feedback[0] ?? Promise.resolve());
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ message: "no", temporary: false, invalid: true });
});

test("while the store can't be opened calls are refused at once; it is tried after 1, 2, 4, 8, 10 and 10 s", async () => {
  const { store, threads, troubles, last } = started();
  const waiting = fail(store.write(batch({})));
  const waits: number[] = [];
  for (let round = 0; round < 6; round++) {
    last().says({ kind: "unopened", failure: failure("locked") });
    expect(last().abandoned).toBe(true);
    last().dies();
    if (round === 0) expect(await waiting).toEqual(refused("locked"));
    expect(await fail(store.write(batch({})))).toEqual(refused("locked"));
    expect(await fail(store.find("a"))).toEqual(refused("locked"));
    const from = Date.now();
    const count = threads.length;
    while (threads.length === count) await vi.advanceTimersByTimeAsync(100);
    waits.push((Date.now() - from) / 1000);
    // Being tried is not yet being there.
    expect(await fail(store.write(batch({})))).toEqual(refused("locked"));
  }
  expect(waits).toEqual([1, 2, 4, 8, 10, 10]);
  expect([store.state, troubles]).toEqual(["degraded", ["locked"]]);
  last().says({ kind: "opened" });
  expect([store.state, troubles]).toEqual(["ok", ["locked", undefined]]);
  const written = store.write(batch({}));
  last().answers(undefined);
  await written;
  const found = store.find("a"); // the reader can come now
  await vi.waitFor(() => expect(threads).toHaveLength(8));
  last().answers(undefined);
  expect(await found).toBeUndefined();
  threads[6]?.dies();
  await vi.advanceTimersByTimeAsync(1000); // the waits begin anew
  expect(threads).toHaveLength(9);
});

test("a store that does not get better by itself is tried each minute", async () => {
  const { store, threads, last } = started();
  store.open();
  last().says({ kind: "unopened", failure: failure("of a newer version", false) });
  last().dies();
  await vi.advanceTimersByTimeAsync(59_000);
  expect(threads).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(threads).toHaveLength(2);
});

test("a thread that can't be started at all is a lost store too", async () => {
  const { store, troubles } = started({
    start: () => {
      throw new Error("no right");
    },
  });
  store.open();
  await store.settled;
  expect(troubles).toEqual(["the store's thread can't be started: no right"]);
  expect(await fail(store.size())).toEqual(refused("the store's thread can't be started: no right"));
});

test("a thread that dies fails what it was asked, and is started again", async () => {
  const { store, threads, troubles, last } = started();
  const written = fail(store.write(batch({})));
  last().says({ kind: "opened" });
  last().dies(new Error("out of memory"));
  expect(await written).toEqual(refused("the store's thread ended: out of memory"));
  await vi.advanceTimersByTimeAsync(1000);
  expect(threads).toHaveLength(2);
  last().says({ kind: "opened" });
  expect(troubles).toEqual(["the store's thread ended: out of memory", undefined]);
});

test("reads end after five seconds without an answer, and no more than a thousand wait", async () => {
  const { store, threads, troubles, last } = started();
  store.open();
  last().says({ kind: "opened" });
  const first = fail(store.count({})); // waits for a thread to start
  await vi.advanceTimersByTimeAsync(14_000);
  last().answers(1);
  expect(await first).toBe("no error");
  const reads = Array.from({ length: 1000 }, () => fail(store.count({})));
  expect(await fail(store.count({}))).toEqual(refused("too many wait for the store to answer"));
  await vi.advanceTimersByTimeAsync(4900);
  expect(await Promise.race([reads[0], "still waiting"])).toBe("still waiting");
  await vi.advanceTimersByTimeAsync(200);
  for (const read of reads) expect(await read).toEqual(refused("the store has not answered for 5 s"));
  expect(threads).toHaveLength(2);
  expect(troubles).toEqual([]); // a long search is no trouble
});

test("a write waits for as long as it takes; from the tenth second on the store is in trouble", async () => {
  const { store, troubles, last } = started();
  store.open();
  last().says({ kind: "opened" });
  const written = store.write(batch({}));
  const given = fail(
    store.addFeedback({
      id: "f",
      requestId: "a",
      name: "thumbs",
      value: true,
      comment: undefined,
      key: undefined,
      at: 1,
    }),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await given).toEqual(refused("the store has not answered for 10 s"));
  expect([store.state, troubles]).toEqual(["degraded", ["the store has not answered for 10 s"]]);
  const call = last().posted.find((message) => message.kind === "call" && message.method === "write");
  last().says({ kind: "done", id: call?.kind === "call" ? call.id : 0, result: undefined });
  await written;
  expect([store.state, troubles]).toEqual(["ok", ["the store has not answered for 10 s", undefined]]);
});

test("retention and deletions that take minutes are no trouble", async () => {
  const { store, troubles, last } = started({
    settings: { ...settings, retention: { maxAgeMs: 1e12, maxBytes: 1e12 } },
  });
  store.open();
  last().says({ kind: "opened" });
  const retained = store.retain({ before: 1, maxBytes: undefined });
  const deleted = fail(store.delete({ user: "ada" }));
  await vi.advanceTimersByTimeAsync(50_000);
  expect([store.state, troubles]).toEqual(["ok", []]);
  await vi.advanceTimersByTimeAsync(11_000);
  expect(await deleted).toEqual(refused("the store has not answered for 60 s"));
  expect(store.state).toBe("ok");
  const calls = last().posted.flatMap((message) => (message.kind === "call" ? [message.id] : []));
  last().says({ kind: "done", id: calls[0] ?? 0, result: 7 });
  expect(await retained).toBe(7);
});

test("a failed write is trouble until one succeeds; a caller's own mistake is none", async () => {
  const { store, troubles, last } = started();
  const fails = async (message: string, invalid: boolean): Promise<void> => {
    const failed = fail(store.write(batch({})));
    const call = last().posted.at(-1);
    last().says({
      kind: "failed",
      id: call?.kind === "call" ? call.id : 0,
      failure: { message, temporary: true, invalid },
    });
    await failed;
  };
  store.open();
  last().says({ kind: "opened" });
  await fails("wrong cursor", true);
  await fails("disk full", false);
  await fails("disk full", false);
  const written = store.write(batch({}));
  last().answers(undefined);
  await written;
  expect(troubles).toEqual(["disk full", undefined]);
});

test("a store that has failed for half a minute is opened anew", async () => {
  const { store, threads, last } = started();
  store.open();
  last().says({ kind: "opened" });
  const fails = async (): Promise<void> => {
    const failed = fail(store.write(batch({})));
    const call = last().posted.at(-1);
    const id = call?.kind === "call" ? call.id : 0;
    last().says({ kind: "failed", id, failure: failure("the disk fails") });
    await failed;
  };
  await fails();
  await vi.advanceTimersByTimeAsync(29_000);
  await fails();
  expect(last().abandoned).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  await fails();
  expect(last().abandoned).toBe(true);
  last().dies();
  await vi.advanceTimersByTimeAsync(1000);
  expect(threads).toHaveLength(2);
  last().says({ kind: "opened" });
  await fails(); // the half minute begins anew
  expect([store.state, last().abandoned]).toEqual(["degraded", false]);
});

test("reads that have failed for half a minute open the store anew for them", async () => {
  const { store, threads, last } = started();
  store.open();
  last().says({ kind: "opened" });
  const reads = async (answer: (id: number) => void): Promise<unknown> => {
    const before = threads.length === 2 ? last().posted.length : 0;
    const failed = fail(store.find("a"));
    await vi.waitFor(() => expect(threads.length === 2 && last().posted.length).toBe(before + 1));
    const call = last().posted.at(-1);
    answer(call?.kind === "call" ? call.id : 0);
    return failed;
  };
  const fails = (id: number) => last().says({ kind: "failed", id, failure: failure("the disk fails") });
  const finds = (id: number) => last().says({ kind: "done", id, result: undefined });
  await reads(fails);
  await vi.advanceTimersByTimeAsync(29_000);
  await reads(finds); // the half minute begins anew
  await reads(fails);
  await vi.advanceTimersByTimeAsync(29_000);
  await reads(fails);
  expect(last().abandoned).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  await reads(fails);
  expect(last().abandoned).toBe(true);
  expect(threads[0]?.abandoned).toBe(false);
});

test("a lost store that takes half a minute to open is left to it", async () => {
  const { store, threads, last } = started();
  store.open();
  last().dies();
  await fail(store.write(batch({})));
  await vi.advanceTimersByTimeAsync(31_000);
  await fail(store.write(batch({})));
  expect([threads.length, last().abandoned]).toEqual([2, false]);
});

test("what is redacted by reaches the writing thread at its start, before later captures, and when it starts again", async () => {
  const { store, threads, last } = started();
  const later = { ...NOTHING, secrets: ["new-secret"] };
  void fail(store.write(batch({})));
  expect(last().start).toEqual({ url: "file:none.db", redaction: NOTHING });
  store.use({ store: undefined, redaction: { settings: later, ...redactors } });
  void fail(store.write(batch({})));
  expect(last().posted.map(({ kind }) => kind)).toEqual(["call", "redaction", "call"]);
  last().dies();
  await vi.advanceTimersByTimeAsync(1000);
  expect(threads).toHaveLength(2);
  expect(last().start.redaction).toEqual(later);
});

test("retention runs each minute by the settings in force", async () => {
  const { store, last } = started();
  store.open();
  last().says({ kind: "opened" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(last().posted.at(-1)).toMatchObject({
    method: "retain",
    args: [{ before: Date.now() - 1000, maxBytes: 2000 }],
  });
  await vi.advanceTimersByTimeAsync(120_000); // one at a time
  expect(last().posted).toHaveLength(1);
  last().answers(3);
  const retention = { maxAgeMs: 5, maxBytes: 6 };
  store.use({
    store: { url: "", isStated: true, retention },
    redaction: { settings: NOTHING, ...redactors },
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(last().posted.at(-1)).toMatchObject({ args: [{ before: Date.now() - 5, maxBytes: 6 }] });
});

test("closing waits for what was asked, but not for ever", async () => {
  const { store, last } = started();
  const written = fail(store.write(batch({})));
  last().says({ kind: "opened" });
  const closed = store.close();
  expect(last().posted.at(-1)).toEqual({ kind: "close" });
  expect(await fail(store.write(batch({})))).toEqual(refused("the store is closed"));
  await vi.advanceTimersByTimeAsync(5000);
  await closed;
  expect(last().abandoned).toBe(true);
  expect(await written).toEqual(refused("the store was closed before it was done"));
  expect(await fail(store.find("a"))).toEqual(refused("the store is closed"));
  expect(vi.getTimerCount()).toBe(0);
});

test("closing ends as soon as the threads have", async () => {
  const { store, last } = started();
  store.open();
  last().says({ kind: "opened" });
  const closed = store.close();
  last().dies();
  await closed;
  expect(vi.getTimerCount()).toBe(0);
});

test("closing a lost store takes no time, and it is not tried again", async () => {
  const { store, threads, last } = started();
  store.open();
  last().dies();
  await store.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(threads).toHaveLength(1);
});
