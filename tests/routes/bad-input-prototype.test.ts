import { afterEach, expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused } from "./black-box.ts";

const OBJECT_KEYS = Object.getOwnPropertyNames(Object.prototype).toSorted();

afterEach(() => {
  expect(Reflect.get({}, "x")).toBeUndefined();
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(Object.getOwnPropertyNames(Object.prototype).toSorted()).toEqual(OBJECT_KEYS);
});

const EVIL = '{"x":1,"polluted":true,"toString":null,"model":"enriched"}';

test.each([
  ["in the body", `"__proto__":${EVIL},`, `"role":"user"`],
  ["as constructor.prototype", `"constructor":{"prototype":${EVIL}},"prototype":${EVIL},`, `"role":"user"`],
  ["in escapes", `"\\u005f_proto__":${EVIL},`, `"role":"user"`],
  ["in an unknown member", `"extra":{"deep":[{"__proto__":${EVIL}}]},`, `"role":"user"`],
  ["in a message", "", `"__proto__":${EVIL},"role":"user"`],
  ["of another name in metadata", `"metadata":{"constructor":"y","a":"b"},`, `"role":"user"`],
  ["in stream_options", `"stream_options":{"__proto__":${EVIL}},`, `"role":"user"`],
])("a __proto__ key %s changes no prototype and goes on as it came", async (_name, member, message) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(`{"model":"bare",${member}"messages":[{${message},"content":"Hi"}]}`);
  expect([answer.status, answer.headers.get("x-crossover-route")]).toEqual([200, "bare"]);
  const sent = `{"model":"base-model-tuned",${member}"messages":[{${message},"content":"Hi"}]}`;
  expect(upstream.received[0]?.text).toBe(sent.replace("\\u005f", "_"));
  await expectCalm(gateway);
});

test("an inherited model, messages or role counts as none", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const hi = '[{"role":"user","content":"Hi"}]';
  const missing = (param: string) => ({ status: 400, code: "missing_required_parameter", param });
  const post = (body: string): Promise<Response> => gateway.post(body);
  await expectRefused(await post(`{"__proto__":{"model":"bare"},"messages":${hi}}`), missing("model"));
  await expectRefused(await post(`{"model":"bare","__proto__":{"messages":${hi}}}`), missing("messages"));
  await expectRefused(
    await post('{"model":"bare","messages":[{"__proto__":{"role":"user"},"content":"Hi"}]}'),
    missing("messages[0].role"),
  );
  await expectCalm(gateway, upstream);
});

test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
  "a route is not found among the members of every object: %s",
  async (model) => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url));
    const refusal = { status: 404, code: "model_not_found", param: "model" };
    await expectRefused(await gateway.post({ model, messages: [{ role: "user", content: "Hi" }] }), refusal);
    await expectRefused(await fetch(`${gateway.url}/v1/models/${model}`), refusal);
    await expectRefused(
      await gateway.post(
        { model: "bare", messages: [{ role: "user", content: "Hi" }] },
        { "x-crossover-variant": model },
      ),
      { status: 400, code: "invalid_value", param: "x-crossover-variant" },
    );
    await expectCalm(gateway, upstream);
  },
);

test("conditions see no inherited metadata, and headers named __proto__ do no harm", async () => {
  const upstream = await startUpstream();
  const rules = [
    { name: "inherited", when: 'has(metadata.tier) && metadata.tier == "vip"', use: "tuned" },
    { name: "rest", use: "prompted" },
  ];
  const gateway = await startGateway(twoPaths(upstream.url, { routes: { tiers: { rules } } }));
  const answer = await gateway.post(
    '{"model":"tiers","metadata":{"constructor":"x"},"__proto__":{"metadata":{"tier":"vip"}},"messages":[{"role":"user","content":"Hi"}]}',
    { ["__proto__"]: "x", constructor: "y" },
  );
  expect([answer.status, answer.headers.get("x-crossover-rule")]).toEqual([200, "rest"]);
  await expectCalm(gateway);
});
