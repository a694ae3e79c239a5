import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { batched, jsonLog } from "../../src/metrics/log.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";

test("a line is one JSON object with time, level, message and fields", () => {
  const lines: string[] = [];
  const log = jsonLog((line) => lines.push(line));
  log("warn", "two\nlines", { status: 500, note: 'quote " and \u2028', absent: undefined, none: null });
  log("info", "no fields");
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^\{[^\n]*\}\n$/);
  const { time, ...rest } = JSON.parse(lines[0] ?? "");
  expect(rest).toEqual({
    level: "warn",
    message: "two\nlines",
    status: 500,
    note: 'quote " and \u2028',
    none: null,
  });
  expect(new Date(time).toISOString()).toBe(time);
});

test("lines of one turn are written together and in order", async () => {
  const written: string[] = [];
  const write = batched((text) => written.push(text));
  write("one\n");
  write("two\n");
  expect(written).toEqual([]);
  await setImmediate();
  expect(written).toEqual(["one\ntwo\n"]);
  write("three\n");
  await setImmediate();
  expect(written).toEqual(["one\ntwo\n", "three\n"]);
});

test("each request is one line with what was decided and how it went", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post({ model: "enriched", messages: [{ role: "user", content: "Why?" }] });
  await answer.text();
  const lines = gateway.logs.filter((line) => line.message === "request");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.level).toBe("info");
  expect(lines[0]?.fields).toMatchObject({
    request_id: answer.headers.get("x-crossover-request-id"),
    status: 200,
    route: "enriched",
    rule: "all",
    variant: "prompted",
    path: "enriched",
    model: "base",
    provider: "up",
    attempts: 1,
    input_tokens: 10,
    output_tokens: 5,
    cost_usd: 0.00002,
  });
  expect(lines[0]?.fields["duration_ms"]).toBeGreaterThan(0);
  expect(lines[0]?.fields["enrichment_tokens"]).toBeGreaterThan(0);
});

test("requestLog: false keeps requests out of the log", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway({ ...twoPaths(upstream.url), server: { port: 0, requestLog: false } });
  await (await gateway.post({ model: "bare", messages: [{ role: "user", content: "Why?" }] })).text();
  expect(gateway.logs).toEqual([]);
});
