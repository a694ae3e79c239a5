import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { batched, jsonLog, redactedLog } from "../../src/metrics/log.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
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

const CANARY = "canary-of-the-configuration";

test("warnings and errors are without secrets, lines of requests pass as they are", () => {
  const lines: string[] = [];
  const log = redactedLog(
    jsonLog((line) => lines.push(line)),
    () => newRedactor({ secrets: [CANARY] }),
  );
  const error = `Error: refused Bearer abcdefgh12345678\n    at ${CANARY}`;
  log("error", "internal error", { request_id: "abc-1", error, status: 500, none: null });
  log("warn", "attempt failed", `"cause":${JSON.stringify(error)}`);
  log("info", "request", `"route":"${CANARY}"`);
  const [first, second, third] = lines.map((line) => JSON.parse(line));
  const told = "Error: refused Bearer [redacted:token]\n    at [redacted:secret]";
  expect(first).toMatchObject({ request_id: "abc-1", error: told, status: 500, none: null });
  expect(second).toMatchObject({ level: "warn", cause: told });
  expect(third).toMatchObject({ route: CANARY });
});

test("an error within the gateway is told without the keys of the configuration in force", async () => {
  const key = "plain-key-of-the-upstream";
  const gateway = await startGateway({
    ...twoPaths("http://127.0.0.1:9"),
    providers: { up: { kind: "openai-compatible", baseURL: "http://127.0.0.1:9", apiKey: key } },
  });
  gateway.gateway.log("error", "internal error", { error: `fetch failed: ${key} at 127.0.0.1:9` });
  expect(gateway.logs.at(-1)?.fields).toEqual({ error: "fetch failed: [redacted:secret] at 127.0.0.1:9" });
  gateway.write({
    ...twoPaths("http://127.0.0.1:9"),
    providers: {
      up: { kind: "openai-compatible", baseURL: "http://127.0.0.1:9", apiKey: "another-key-after-reload" },
    },
  });
  gateway.reload();
  gateway.gateway.log("error", "internal error", { error: "another-key-after-reload" });
  expect(gateway.logs.at(-1)?.fields).toEqual({ error: "[redacted:secret]" });
});
