import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../src/store/store.ts";
import { captured, given } from "../support/captured.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startStored } from "../support/stored-gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused, type Refusal, refused400 } from "./black-box.ts";

const WEB = "key-of-the-web-client";
const OTHER = "key-of-another-client";
const ADMIN = "key-of-the-administrator";
const KEYS = { web: { secret: WEB }, other: { secret: OTHER }, ops: { secret: ADMIN, admin: true } };
const NOT_FOUND: Refusal = { status: 404, code: "request_not_found", param: "request_id" };

const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });

interface Started {
  readonly gateway: TestGateway;
  /** Asks a model. @returns the request's id */
  ask(headers?: Readonly<Record<string, string>>): Promise<string>;
  give(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** What the store has of a request's feedback: names, values, comments. */
  kept(id: string): Promise<unknown>;
}

async function start(more = {}): Promise<Started> {
  const upstream = await startUpstream();
  const { gateway } = await startStored(twoPaths(upstream.url, more));
  return {
    gateway,
    ask: async (headers = {}) => {
      const answer = await gateway.post(
        { model: "bare", messages: [{ role: "user", content: "Why?" }] },
        headers,
      );
      await answer.text();
      return answer.headers.get("x-crossover-request-id") ?? "";
    },
    give: (body, headers = {}) =>
      fetch(`${gateway.url}/v1/feedback`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    kept: async (id) =>
      (await gateway.gateway.store?.find(id))?.feedback.map(({ name, value, comment }) => [
        name,
        value,
        comment,
      ]),
  };
}

test("is kept and answered as it is kept, right after the answer that it is for", async () => {
  const { gateway, ask, give, kept } = await start();
  const id = await ask();
  const before = Date.now();
  const answer = await give({ request_id: id, name: "thumbs", value: true, comment: "Just right." });
  expect([answer.status, answer.headers.get("cache-control")]).toEqual([201, "no-store"]);
  const told = await answer.json();
  expect(told).toEqual({
    object: "crossover.feedback",
    id: expect.stringMatching(/^fb_[0-9a-f]{32}$/),
    request_id: id,
    name: "thumbs",
    value: true,
    comment: "Just right.",
    created_at: expect.any(String),
  });
  expect(Date.parse(told.created_at)).toBeGreaterThanOrEqual(before);
  expect(await kept(id)).toEqual([["thumbs", true, "Just right."]]);
  expect(await gateway.metric("crossover_feedback_total", { route: "bare", variant: "tuned" })).toBe(1);
  await expectCalm(gateway);
});

test("may be a number, a text, and of any name", async () => {
  const { ask, give } = await start();
  const id = await ask();
  const values = [
    ["score", 0.5],
    ["score", -1e300],
    ["label", "too long"],
    ["correction", "c".repeat(256 * 1024)],
    ["label", "é".repeat(8 * 1024)],
    ["team/quality.v2", '\u0000 and "quotes" and \'; DROP TABLE feedback; --'],
  ] as const;
  for (const [name, value] of values) {
    const answer = await give({ request_id: id, name, value });
    expect([name, answer.status]).toEqual([name, 201]);
    expect((await answer.json()).value === value).toBe(true);
  }
});

test("of the same name again replaces the first, and both are kept", async () => {
  const { gateway, ask, give, kept } = await start();
  const id = await ask();
  for (const value of [true, false]) await give({ request_id: id, name: "thumbs", value });
  expect(await kept(id)).toEqual([
    ["thumbs", true, undefined],
    ["thumbs", false, undefined],
  ]);
  const summary = await (await fetch(`${gateway.url}/admin/api/feedback`)).json();
  expect(summary.data).toMatchObject([{ name: "thumbs", count: 1, mean: 0 }]);
});

test("keeps the texts of a request that the sample left out", async () => {
  const { gateway, ask, give } = await start({ capture: { sample: 0 } });
  const [liked, other] = [await ask(), await ask()];
  await give({ request_id: liked, name: "thumbs", value: true });
  await gateway.gateway.flushCaptures();
  const texts = async (id: string): Promise<string | undefined> =>
    (await gateway.gateway.store?.find(id))?.content?.answerText;
  expect([await texts(liked), await texts(other)]).toEqual(["ok", undefined]);
});

test("is stored without what redaction takes out", async () => {
  const { ask, give, kept } = await start({ redaction: { pii: ["email"] } });
  const id = await ask();
  const secret = `sk-proj-${"aB3dE5fG7h".repeat(6)}`;
  const correction = await give({
    request_id: id,
    name: "correction",
    value: `Write to ada@example.com`,
    comment: secret,
  });
  const redacted = ["correction", "Write to [redacted:email]", "[redacted:api-key]"];
  expect(await kept(id)).toEqual([redacted]);
  const { name, value, comment } = await correction.json();
  expect([name, value, comment]).toEqual(redacted);
});

describe("where there are keys", () => {
  test("a key gives it to its own requests, an admin key to all", async () => {
    const { ask, give, kept } = await start({ keys: KEYS });
    const id = await ask(bearer(WEB));
    for (const [secret, status] of [
      [WEB, 201],
      [ADMIN, 201],
      [OTHER, 404],
    ] as const)
      expect([
        secret,
        (await give({ request_id: id, name: "thumbs", value: true }, bearer(secret))).status,
      ]).toEqual([secret, status]);
    expect(await kept(id)).toHaveLength(2);
  });

  test("another key's request and one that never was get the same answer", async () => {
    const { ask, give } = await start({ keys: KEYS });
    const ids = [await ask(bearer(WEB)), "cx_00000000000000000000000000000000", "nonsense\u0000"];
    const answers = await Promise.all(
      ids.map((id) => give({ request_id: id, name: "thumbs", value: true }, bearer(OTHER))),
    );
    const seen = await Promise.all(
      answers.map(async (answer) => ({
        status: answer.status,
        names: [...answer.headers.keys()].sort(),
        body: await answer.json(),
      })),
    );
    expect(seen[0]?.status).toBe(404);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  test("one is asked for", async () => {
    const { give } = await start({ keys: KEYS });
    const body = { request_id: "x", name: "thumbs", value: true };
    await expectRefused(await give(body), { status: 401, code: "missing_api_key", param: null });
    await expectRefused(await give(body, bearer("unknown")), {
      status: 401,
      code: "invalid_api_key",
      param: null,
    });
    await expectRefused(await give("{", bearer("unknown")), {
      status: 401,
      code: "invalid_api_key",
      param: null,
    });
  });

  test("as much a minute is taken as a key may ask, beside what it asks", async () => {
    const { ask, give } = await start({ keys: { web: { secret: WEB, limits: { requestsPerMinute: 2 } } } });
    const [first, second] = [await ask(bearer(WEB)), await ask(bearer(WEB))];
    const statuses = [];
    for (const id of [first, second, first])
      statuses.push((await give({ request_id: id, name: "thumbs", value: true }, bearer(WEB))).status);
    expect(statuses).toEqual([201, 201, 429]);
  });
});

test("for what is left out of capture or deleted is told so", async () => {
  const { gateway, ask, give } = await start();
  const left = await ask({ "x-crossover-no-capture": "true" });
  await expectRefused(await give({ request_id: left, name: "thumbs", value: true }), NOT_FOUND);
  const deleted = await ask();
  expect((await give({ request_id: deleted, name: "thumbs", value: true })).status).toBe(201);
  await fetch(`${gateway.url}/admin/api/captures/${deleted}`, { method: "DELETE" });
  await expectRefused(await give({ request_id: deleted, name: "thumbs", value: true }), NOT_FOUND);
  await expectCalm(gateway);
});

const GOOD = { request_id: "cx_1", name: "thumbs", value: true };

const REFUSED: readonly (readonly [string, unknown, Refusal])[] = [
  ["no object", "[]", refused400(null, "invalid_type")],
  ["no JSON", "{", refused400(null, "invalid_json")],
  ["nothing", "", refused400(null, "invalid_json")],
  ["no id", { name: "thumbs", value: true }, refused400("request_id", "missing_required_parameter")],
  ["an empty id", { ...GOOD, request_id: "" }, refused400("request_id", "invalid_value")],
  ["a long id", { ...GOOD, request_id: "x".repeat(129) }, refused400("request_id", "invalid_value")],
  ["no name", { request_id: "cx_1", value: true }, refused400("name", "missing_required_parameter")],
  ["a name with a colon", { ...GOOD, name: "a:b" }, refused400("name", "invalid_value")],
  ["a long name", { ...GOOD, name: "n".repeat(65) }, refused400("name", "invalid_value")],
  ["no value", { request_id: "cx_1", name: "thumbs" }, refused400("value", "missing_required_parameter")],
  ["null", { ...GOOD, value: null }, refused400("value", "invalid_value")],
  ["an object as value", { ...GOOD, value: {} }, refused400("value", "invalid_value")],
  ["an empty text", { ...GOOD, value: "" }, refused400("value", "invalid_value")],
  ["infinity", '{"request_id":"cx_1","name":"score","value":1e999}', refused400("value", "invalid_value")],
  ["a long label", { ...GOOD, name: "label", value: "é".repeat(8193) }, refused400("value", "invalid_value")],
  [
    "a long correction",
    { ...GOOD, name: "correction", value: "c".repeat(256 * 1024 + 1) },
    refused400("value", "invalid_value"),
  ],
  ["a long comment", { ...GOOD, comment: "c".repeat(4097) }, refused400("comment", "invalid_value")],
  ["an unknown member", { ...GOOD, rating: 5 }, refused400("rating", "unknown_parameter")],
  [
    "a member that stands twice",
    '{"request_id":"a","name":"b","value":1,"value":2}',
    refused400("value", "invalid_value"),
  ],
  [
    "a large body",
    `{"request_id":"${"x".repeat(1024 * 1024)}"}`,
    { status: 413, code: "request_body_too_large" },
  ],
];

test("is refused where the body is not as it should be", async () => {
  const { gateway, give } = await start();
  for (const [name, body, refusal] of REFUSED) await expectRefused(await give(body), refusal, name);
  await expectCalm(gateway);
});

test("well-known names take values of their own type, others any", async () => {
  const { ask, give } = await start();
  const request_id = await ask();
  const values = [true, 0.5, "a text"];
  for (const [name, type] of Object.entries({
    thumbs: "boolean",
    score: "number",
    label: "string",
    correction: "string",
  }))
    for (const value of values) {
      const answer = await give({ request_id, name, value });
      if (typeof value === type) expect(answer.status).toBe(201);
      else {
        expect((await answer.clone().json()).error.message).toMatch(
          /`thumbs` takes true or false, .*text\.$/,
        );
        await expectRefused(answer, refused400("value", "invalid_value"), name);
      }
    }
  for (const value of values) expect((await give({ request_id, name: "valueOf", value })).status).toBe(201);
});

test("is taken as JSON by POST alone", async () => {
  const { gateway, give } = await start();
  await expectRefused(await give(GOOD, { "content-type": "text/plain" }), {
    status: 415,
    code: "unsupported_media_type",
    param: null,
  });
  expect((await fetch(`${gateway.url}/v1/feedback`)).status).toBe(405);
});

test("without a store it can't be kept, and the answer says so", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { store: false }));
  const answer = await fetch(`${gateway.url}/v1/feedback`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(GOOD),
  });
  await expectRefused(answer, {
    status: 503,
    type: "server_error",
    code: "store_unavailable",
    param: null,
  });
});

test("on a request that still waits for a failing store is to be given again, and not said to be unknown", async () => {
  const full = Promise.reject(new StoreError("full", true));
  full.catch(() => {}); // each write hears of it
  const { gateway } = await startStored(twoPaths("http://127.0.0.1:9"), full);
  const asked = await gateway.post({ model: "bare", messages: [{ role: "user", content: "Hi" }] });
  const request_id = asked.headers.get("x-crossover-request-id");
  const answer = await fetch(`${gateway.url}/v1/feedback`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...GOOD, request_id }),
  });
  expect(answer.headers.get("retry-after")).toBe("5");
  await expectRefused(answer, {
    status: 503,
    type: "server_error",
    code: "store_unavailable",
    param: null,
  });
});

test("is given with the official SDK as the pages show it", async () => {
  const { gateway, kept } = await start();
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "none-needed" });
  const { response } = await client.chat.completions
    .create({ model: "bare", messages: [{ role: "user", content: "Why?" }] })
    .withResponse();
  const id = response.headers.get("x-crossover-request-id") ?? "";
  await client.post("/feedback", { body: { request_id: id, name: "thumbs", value: true } });
  expect(await kept(id)).toEqual([["thumbs", true, undefined]]);
});

describe("by variant", () => {
  test("has counts, means with intervals, and labels", async () => {
    const { gateway } = await start();
    const { store } = gateway.gateway;
    const tuned = [0, 1, 2, 3].map(() =>
      captured({ route: "bare", variant: "tuned", at: Date.UTC(2026, 1, 1) }),
    );
    const prompted = captured({ variant: "prompted", route: "enriched", at: Date.UTC(2026, 1, 3) });
    await store?.write({ captures: [...tuned, prompted], recipes: [], usage: [] });
    for (const [index, { id }] of tuned.entries()) {
      await store?.addFeedback(given(id, "thumbs", index !== 0));
      await store?.addFeedback(given(id, "score", index));
      await store?.addFeedback(given(id, "label", index < 3 ? "good" : "bad"));
    }
    await store?.addFeedback(given(prompted.id, "thumbs", true));
    const list = async (query: string) =>
      (await (await fetch(`${gateway.url}/admin/api/feedback?${query}`)).json()).data;
    const common = { object: "crossover.feedback_summary", route: "bare", variant: "tuned", count: 4 };
    const close = (value: number) => expect.closeTo(value, 4);
    const reach = 1.959964 * Math.sqrt(5 / 3 / 4);
    expect(await list("route=bare&variant=tuned&from=2026-02-01&to=2026-02-01")).toEqual([
      { ...common, name: "label", mean: null, interval: null, labels: { good: 3, bad: 1 } },
      {
        ...common,
        name: "score",
        mean: 1.5,
        interval: { low: close(1.5 - reach), high: close(1.5 + reach), confidence: 0.95, method: "normal" },
        labels: {},
      },
      {
        ...common,
        name: "thumbs",
        mean: 0.75,
        interval: { low: close(0.30064), high: close(0.95441), confidence: 0.95, method: "wilson" },
        labels: {},
      },
    ]);
    expect(await list("from=2026-02-02")).toMatchObject([
      { route: "enriched", variant: "prompted", count: 1 },
    ]);
    expect(await list("")).toHaveLength(4);
    expect(await list("route=none")).toEqual([]);
  });

  test("is refused for what is no parameter or no value", async () => {
    const { gateway } = await start();
    for (const [query, param, code] of [
      ["rute=x", "rute", "unknown_parameter"],
      ["from=soon", "from", "invalid_value"],
      ["limit=5", "limit", "unknown_parameter"],
    ] as const)
      await expectRefused(
        await fetch(`${gateway.url}/admin/api/feedback?${query}`),
        refused400(param, code),
        query,
      );
  });
});
