import fc from "fast-check";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused, type Refusal } from "./black-box.ts";

const unknown: Refusal = { status: 404, code: "model_not_found", param: "model" };

const naughty = [
  "undefined",
  "null",
  "NaN",
  "../../../../etc/passwd",
  "C:\\windows\\win.ini",
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "'; DROP TABLE routes; --",
  "$(touch /tmp/x)",
  "{{ 7*7 }}<%= 7*7 %>#{7*7}",
  "%s%s%s%n %d",
  "bare\0",
  "bare\r\nx-injected: yes",
  "\u001b[31mred\u0007",
  "Ω≈ç√∫˜µ≤≥÷",
  "田中さんにあげて下さい",
  "👾 🙇 💁 👨‍👩‍👧‍👦 🇺🇸",
  "مُنَاقَشَةُ سُبُلِ اِسْتِخْدَامِ",
  "\u202Eerab",
  "a\u2028b\u2029",
  "\ufeffbare",
  "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
  "\ud800",
  "\udfff\ud800",
  "BARE",
  " bare ",
  "bare/",
  "a".repeat(100_000),
  `${"a".repeat(63)}👾tail`,
];

/** What the message shows of a name. */
const shown = (message: string): string => String(JSON.parse(/"(?:[^"\\]|\\.)*"/.exec(message)?.[0] ?? '""'));

test.each(naughty)("an unknown model is echoed in quotes, escaped and cut: %j", async (model) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post({ model, messages: [{ role: "user", content: "Hi" }] });
  const text = await answer.clone().text();
  const { message } = JSON.parse(text).error;
  await expectRefused(answer, unknown, model.slice(0, 64));
  expect(shown(message)).toBe(model.length > 64 ? `${model.slice(0, 64)}…` : model);
  expect(message.length).toBeLessThan(600);
  expect([...text].filter((letter) => letter < " " || letter === "\x7f")).toEqual([]);
  expect(answer.headers.get("x-injected")).toBeNull();
  expect(JSON.stringify([...answer.headers])).not.toContain(model.slice(0, 20));
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain('crossover_requests_total{route="none"');
  expect(metrics.split("\n").filter((line) => line.startsWith("crossover_requests_total{"))).toHaveLength(1);
  await expectCalm(gateway, upstream);
});

test("any text as a model is refused, and mints no series", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 80 }), async (model) => {
      fc.pre(/\S/.test(model) && model !== "bare" && model !== "enriched");
      const answer = await gateway.post({ model, messages: [{ role: "user", content: "Hi" }] });
      await expectRefused(answer, unknown, model);
    }),
    { numRuns: 100 },
  );
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics.split("\n").filter((line) => line.startsWith("crossover_requests_total{"))).toHaveLength(1);
  await expectCalm(gateway, upstream);
});

/** Can the name stand in an address? A line break can't be in an id. */
const fitsPath = (name: string): boolean =>
  name.length < 1000 && name.isWellFormed() && !/[\r\n\u2028]/.test(name);

test("a model in the address is refused like one in the body", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  for (const model of naughty.filter(fitsPath)) {
    const answer = await fetch(`${gateway.url}/v1/models/${encodeURIComponent(model)}`);
    await expectRefused(answer, unknown, model);
  }
  await expectCalm(gateway);
});
