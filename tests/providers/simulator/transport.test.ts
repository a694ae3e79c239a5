import OpenAI from "openai";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { simulator } from "../../../src/providers/simulator.ts";
import { body, type Played, play, sdkOn, start } from "../simulated.ts";

const FAULTS = (kind: string, rate = 1) => ({ faults: { rate, kinds: [kind] } });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** An answer, with the clock run to its end. */
async function played(settings: object, more: object = {}, content = "Hi"): Promise<Played> {
  const answer = play({ ...settings }, body(content, { ...more }));
  await vi.runAllTimersAsync();
  return answer;
}

test("the head comes after the first token's time, each further event after its own", async () => {
  const settings = { latency: { firstTokenMs: 500, perTokenMs: 20 } };
  const { played: answer } = start(settings, body("Hi", { stream: true }));
  await vi.advanceTimersByTimeAsync(499);
  expect([answer.status, answer.chunks.length]).toEqual([0, 0]);
  await vi.advanceTimersByTimeAsync(1);
  expect([answer.status, answer.chunks.length]).toEqual([200, 1]);
  await vi.advanceTimersByTimeAsync(19);
  expect(answer.chunks).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(answer.chunks).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(60);
  expect(answer.chunks).toHaveLength(5);
  await vi.runAllTimersAsync();
  expect(answer.ended).toBe(true);
  expect(answer.chunks.at(-1)).toBe("data: [DONE]\n\n");
});

test("an unstreamed answer takes the time of all its tokens", async () => {
  const { usage } = JSON.parse((await played({})).text);
  expect(usage.completion_tokens).toBeGreaterThan(5);
  const { played: answer } = start({ latency: { firstTokenMs: 100, perTokenMs: 10 } }, body("Hi"));
  await vi.advanceTimersByTimeAsync(100 + 10 * usage.completion_tokens - 1);
  expect(answer.status).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(answer.ended).toBe(true);
});

test("a receiver that asks for a pause gets nothing until it resumes, and then everything once", async () => {
  const all = await played({}, { stream: true });
  const { played: answer, flow } = start({}, body("Hi", { stream: true }), () => false);
  for (let count = 1; count <= all.chunks.length; count++) {
    await vi.runAllTimersAsync();
    expect(answer.chunks).toHaveLength(count);
    flow.resume();
  }
  await vi.runAllTimersAsync();
  expect(answer).toEqual(all);
});

test("after an abort nothing more comes", async () => {
  const { played: answer, flow } = start({ latency: { perTokenMs: 10 } }, body("Hi", { stream: true }));
  await vi.advanceTimersByTimeAsync(25);
  const before = structuredClone(answer);
  expect(before.chunks.length).toBeGreaterThan(0);
  flow.abort();
  expect(vi.getTimerCount()).toBe(0);
  flow.resume();
  await vi.runAllTimersAsync();
  expect(answer).toEqual(before);
});

test("error and rate-limit are OpenAI's errors", async () => {
  vi.useRealTimers();
  const caught = (kind: string) =>
    sdkOn(FAULTS(kind))
      .chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hi" }] })
      .then(
        () => undefined,
        (problem: unknown) => problem,
      );
  expect(await caught("error")).toBeInstanceOf(OpenAI.InternalServerError);
  const limited = await caught("rate-limit");
  expect(limited).toBeInstanceOf(OpenAI.RateLimitError);
  expect(limited).toMatchObject({ code: "rate_limit_exceeded", type: "requests" });
});

test("a rate limit says when to come again, and that it is simulated", async () => {
  const answer = await played(FAULTS("rate-limit"));
  expect(answer).toMatchObject({ status: 429, headers: { "retry-after": "1", "x-simulated": "true" } });
});

test("a cut stream breaks off in the middle, without [DONE] and without an end", async () => {
  const whole = await played({}, { stream: true });
  const cut = await played(FAULTS("cut"), { stream: true });
  expect(cut).toMatchObject({ status: 200, failure: "interrupted", ended: false });
  expect(cut.chunks.length).toBeGreaterThan(1);
  expect(whole.text.startsWith(cut.text)).toBe(true);
  expect(cut.text).not.toContain("[DONE]");
  expect(cut.text).not.toContain('"finish_reason":"stop"');
});

test("a cut answer breaks off within its JSON", async () => {
  const cut = await played(FAULTS("cut"));
  expect(cut).toMatchObject({ status: 200, failure: "interrupted", ended: false });
  expect(cut.text).not.toBe("");
  expect(() => JSON.parse(cut.text)).toThrow();
});

test("a stall never answers", async () => {
  const { played: answer } = start(FAULTS("stall"), body("Hi"));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(answer).toMatchObject({ status: 0, chunks: [], ended: false, failure: undefined });
});

test("the rate is the share of requests that fail, always the same ones", async () => {
  const statuses = async () => {
    const all = Array.from({ length: 400 }, (_, i) => play({ faults: { rate: 0.3 } }, body(`question ${i}`)));
    await vi.runAllTimersAsync();
    return (await Promise.all(all)).map(({ status }) => status);
  };
  const first = await statuses();
  const failed = first.filter((status) => status === 500).length;
  expect(failed).toBeGreaterThan(80);
  expect(failed).toBeLessThan(160);
  expect(first.filter((status) => status === 200)).toHaveLength(400 - failed);
  expect(await statuses()).toEqual(first);
  expect((await played({ faults: { rate: 0 } })).status).toBe(200);
});

test("all kinds of fault that are named happen", async () => {
  const seen = new Set<number>();
  for (let i = 0; i < 40; i++) {
    seen.add(
      (await played({ faults: { rate: 1, kinds: ["error", "rate-limit"] } }, {}, `question ${i}`)).status,
    );
  }
  expect(seen).toEqual(new Set([500, 429]));
});

test.each([
  { latency: { firstTokenMs: -1 } },
  { latency: { perTokenMs: 0.5 } },
  { faults: { rate: 2 } },
  { faults: { kinds: ["error"] } },
  { faults: { rate: 1, kinds: [] } },
  { faults: { rate: 1, kinds: ["fire"] } },
  { seed: 1.5 },
])("settings that do not fit are refused: %j", (settings) => {
  expect(simulator.settings.safeParse({ kind: "simulator", ...settings }).success).toBe(false);
});
