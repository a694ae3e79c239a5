import { expect } from "vitest";
import { sampleOf } from "../support/samples.ts";
import { until } from "../support/until.ts";
import type { Bench } from "./bench.ts";
import { expectCalm } from "./calm.ts";
import { ask, type Seen } from "./client.ts";
import { memoryOf } from "./gateway.ts";
import { misbehave } from "./misbehave.ts";
import { type Attempts, fallbackOf, type Row, type Sees, slugOf, sumOf } from "./row.ts";

/** Plays a fault and checks all that its row says, and then what holds after every fault. */
export async function checkRow(bench: Bench, row: Row): Promise<void> {
  const { seen, tookMs, grewMiB } = await watched(bench, row);
  expectSeen(seen, row.sees);
  const { counted } = row;
  const attempts = sumOf(counted.attempts) + sumOf(counted.fallback);
  if (attempts > 1 && seen.status !== 0)
    expect.soft(seen.headers.get("x-crossover-attempts"), "attempts told").toBe(String(attempts));
  await expectCounted(bench, row);
  expectCalled(bench, row);
  if (row.takesMs !== undefined) {
    expect(tookMs).toBeGreaterThanOrEqual(row.takesMs[0]);
    expect(tookMs).toBeLessThan(row.takesMs[1]);
  }
  if (row.growsMiB !== undefined) expect(grewMiB).toBeLessThan(row.growsMiB);
  await expectCalm(bench, [seen]);
}

interface Watched {
  readonly seen: Seen;
  readonly tookMs: number;
  /** Most by which resident memory grew meanwhile; 0 where the row does not ask. */
  readonly grewMiB: number;
}

async function watched(bench: Bench, row: Row): Promise<Watched> {
  const beganAt = performance.now();
  const seen =
    row.client === undefined
      ? ask(bench, row, () => bench.upstream.seen(slugOf(row)))
      : misbehave(bench, row, row.client);
  if (row.growsMiB === undefined)
    return { seen: await seen, tookMs: performance.now() - beganAt, grewMiB: 0 };
  const before = await memoryOf(bench.gateway);
  let [most, over] = [before, false];
  void seen.finally(() => {
    over = true;
  });
  while (!over) most = Math.max(most, await memoryOf(bench.gateway));
  return { seen: await seen, tookMs: performance.now() - beganAt, grewMiB: most - before };
}

function expectSeen(seen: Seen, sees: Sees): void {
  switch (sees.kind) {
    case "answer":
      expect(seen).toMatchObject({ status: 200, content: sees.content, error: undefined });
      break;
    case "stream":
      expect(seen).toMatchObject({ status: 200, content: sees.content, error: undefined });
      expect(seen.headers.get("content-type")).toMatch(/^text\/event-stream\b/);
      // The clients here ask for no usage chunk.
      expect(seen.body).not.toMatch(/"usage": ?\{/);
      expect(/^data: ?\[DONE\]/m.test(seen.body.replaceAll("\r", "\n"))).toBe(sees.ends === "[DONE]");
      break;
    case "cut":
      expect(seen).toMatchObject({ status: 200, error: { code: sees.code } });
      if (sees.content instanceof RegExp) expect(seen.content).toMatch(sees.content);
      else expect(seen.content).toBe(sees.content);
      expect(seen.body).not.toMatch(/\[DONE\]|\(broken off\)/);
      break;
    case "error": {
      const { status, code, type, param } = sees;
      expect(seen).toMatchObject({ status, error: { code } });
      if (type !== undefined) expect(seen.error?.type).toBe(type);
      if (param !== undefined) expect(seen.error?.param).toBe(param);
      expectErrorShape(seen);
      break;
    }
    case "bytes":
      expect([seen.status, seen.headers.get("content-type")]).toEqual([200, sees.contentType]);
      expect(seen.body).toBe(sees.body);
      break;
    case "nothing":
      return expect(seen.status).toBe(0);
  }
  for (const [name, value] of Object.entries(sees.headers ?? {})) {
    const header = seen.headers.get(name) ?? null;
    if (value instanceof RegExp) expect.soft(header, name).toMatch(value);
    else expect.soft(header, name).toBe(value);
  }
  // How bytes travel is between the gateway and its client.
  expect(seen.headers.has("content-encoding")).toBe(false);
}

/** Every error has OpenAI's shape and an id, whoever made it. */
function expectErrorShape({ body, headers }: Seen): void {
  expect(headers.get("content-type")).toMatch(/^application\/json\b/);
  expect(headers.get("x-request-id")).toMatch(/^cx_[0-9a-f]{32}$/);
  expect(headers.get("x-crossover-request-id")).toBe(headers.get("x-request-id"));
  const stringOrNull = expect.toSatisfy((value: unknown) => value === null || typeof value === "string");
  expect(JSON.parse(body)).toMatchObject({
    error: {
      message: expect.stringMatching(/\S/),
      type: expect.any(String),
      param: stringOrNull,
      code: stringOrNull,
    },
  });
  expect(body).not.toMatch(/\bat \w+ ?\(|node_modules|file:|127\.0\.0\.1|<html/i);
}

async function expectCounted({ gateway }: Bench, row: Row): Promise<void> {
  const { status, attempts, fallback, retries = 0, tokens = { input: 0, output: 0 } } = row.counted;
  const slug = slugOf(row);
  const ended = (text: string): number => sampleOf(text, "crossover_requests_total", { route: slug });
  const text = await until(async () => {
    const now = await gateway.metrics();
    return ended(now) > 0 ? now : undefined;
  });
  const sample = (name: string, labels: Readonly<Record<string, string>>): number =>
    sampleOf(text, `crossover_${name}`, labels);
  expect(ended(text)).toBe(1);
  expect(sample("requests_total", { route: slug, status: String(status) }), `status ${status}`).toBe(1);
  expect(outcomesOf(text, slug)).toEqual(attempts);
  expect(outcomesOf(text, fallbackOf(row))).toEqual(fallback ?? {});
  expect(sample("fallbacks_total", { route: slug })).toBe(fallback === undefined ? 0 : 1);
  const last = row.fallback === undefined ? slug : fallbackOf(row);
  expect(sample("retries_total", { model: last }), "retries").toBe(retries);
  expect({
    input: sample("tokens_total", { route: slug, type: "input" }),
    output: sample("tokens_total", { route: slug, type: "output" }),
  }).toEqual(tokens);
  const lines = () =>
    gateway.log().filter(({ message, ["route"]: route }) => message === "request" && route === slug);
  await until(() => lines().length > 0);
  const made = sumOf(attempts) + sumOf(fallback);
  expect(lines(), "a line of the log").toMatchObject([{ status, attempts: made }]);
}

/** The calls to a model by how they ended. */
function outcomesOf(text: string, model: string): Attempts {
  const samples = text.matchAll(
    /^crossover_upstream_attempts_total\{(.*?),?outcome="(\w+)",?(.*?)\} (\d+)$/gm,
  );
  return Object.fromEntries(
    [...samples]
      .filter(([, before, , after]) => `,${before},${after},`.includes(`,model="${model}",`))
      .map(([, , outcome, , count]) => [outcome, Number(count)]),
  );
}

/** What the upstream got agrees with what is counted, and no upstream gets the client's key. */
function expectCalled({ upstream }: Bench, row: Row): void {
  const calls = upstream.calls(slugOf(row));
  if (typeof row.upstream !== "string") expect(calls.length).toBe(sumOf(row.counted.attempts));
  const second = upstream.calls(fallbackOf(row));
  expect(second.length).toBe(sumOf(row.counted.fallback));
}
