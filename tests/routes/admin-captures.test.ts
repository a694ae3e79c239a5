import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { captureList, wholeCapture } from "../../routes/admin/capture-fields.ts";
import type { Capture } from "../../src/domain/capture.ts";
import { type Store, StoreError } from "../../src/store/store.ts";
import { contentOf } from "../store/samples.ts";
import { captured, given, newId } from "../support/captured.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startStored } from "../support/stored-gateway.ts";
import { chunk, DONE, startStream, startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused, refused400 } from "./black-box.ts";

const TOKEN = "admin-token-of-the-test";
const BLNS = z
  .array(z.string())
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/blns.json"), "utf8")));

interface Started {
  readonly gateway: TestGateway;
  readonly store: Store;
  admin(path: string, method?: string): Promise<Response>;
  /** The ids of a list. */
  ids(query: string): Promise<readonly string[]>;
  write(...captures: readonly Capture[]): Promise<void>;
}

async function start(upstreamUrl = "http://127.0.0.1:9", more = {}, held?: Promise<void>): Promise<Started> {
  const server = { port: 0, adminToken: TOKEN };
  const { gateway, store } = await startStored(twoPaths(upstreamUrl, { server, ...more }), held);
  const admin: Started["admin"] = (path, method = "GET") =>
    fetch(`${gateway.url}/admin/api${path}`, { method, headers: { authorization: `Bearer ${TOKEN}` } });
  return {
    gateway,
    store,
    admin,
    ids: async (query) => {
      const answer = await admin(`/captures?${query}`);
      expect([query, answer.status]).toEqual([query, 200]);
      return captureList.parse(await answer.json()).data.map(({ id }) => id);
    },
    write: (...captures) => store.write({ captures, recipes: [], usage: [] }),
  };
}

describe("the list", () => {
  test("has the facts, the beginnings of the texts and the feedback, newest first", async () => {
    const { store, admin, write } = await start();
    const older = captured({
      content: undefined,
      outcome: "timeout",
      status: 504,
      errorCode: "upstream_timeout",
    });
    const newer = captured({
      content: contentOf("👩‍🚀".repeat(200), "a".repeat(201)),
    });
    await write(older, newer);
    const thumb = given(newer.id, "thumbs", true);
    await store.addFeedback(thumb);
    const answer = await admin("/captures");
    expect(await answer.json()).toEqual({
      object: "list",
      data: [
        {
          object: "crossover.capture",
          id: newer.id,
          created_at: new Date(newer.at).toISOString(),
          route: "recipes",
          rule: "default",
          variant: "prompted",
          decided_variant: "prompted",
          path: "enriched",
          model: "gpt-4o-mini",
          provider: "openai",
          propensity: 0.5,
          sticky_by: "user",
          sticky_key: "hash",
          rollout: null,
          stage: null,
          run: null,
          epoch: null,
          share: null,
          table_version: "t1",
          key: "app",
          user: "ada",
          metadata: { team: "kitchen" },
          status: 200,
          outcome: "success",
          error_code: null,
          attempts: 1,
          calls: [],
          stream: true,
          cached: false,
          simulated: false,
          input_tokens: 100,
          cached_input_tokens: 0,
          output_tokens: 20,
          added_tokens: 80,
          cost_usd: 0.000123,
          first_token_ms: 12.5,
          duration_ms: 230.25,
          prompt: "chef",
          prompt_version: "v1",
          recipe: "r1",
          query: `${[..."👩‍🚀".repeat(200)].slice(0, 200).join("")}…`,
          answer_text: `${"a".repeat(200)}…`,
          finish_reason: "stop",
          truncated: false,
          feedback: [
            {
              object: "crossover.feedback",
              id: thumb.id,
              request_id: newer.id,
              name: "thumbs",
              value: true,
              comment: null,
              created_at: new Date(thumb.at).toISOString(),
            },
          ],
        },
        expect.objectContaining({
          id: older.id,
          outcome: "timeout",
          error_code: "upstream_timeout",
          query: null,
          answer_text: null,
          feedback: [],
        }),
      ],
      has_more: false,
      next_cursor: null,
    });
  });

  test("is narrowed by each parameter", async () => {
    const { store, ids, write } = await start();
    const odd = captured({
      at: Date.UTC(2026, 5, 15, 12),
      route: "r/1",
      rule: "vip",
      variant: "v1",
      decided: "d1",
      run: "run_1",
      path: "bare",
      model: "m1",
      promptVersion: "p1",
      key: "web",
      user: "ada & co",
      outcome: "interrupted",
      status: 502,
      cached: true,
      simulated: true,
      content: undefined,
    });
    const plain = captured({
      at: Date.UTC(2026, 5, 10),
      content: contentOf("Tomato soup", "Boil the tomatoes"),
    });
    await write(odd, plain);
    for (const [id, name, value] of [
      [odd.id, "thumbs", false],
      [odd.id, "thumbs", true],
      [odd.id, "score", 0.5],
      [plain.id, "score", 0.25],
      [plain.id, "thumbs", false],
      [plain.id, "label", "5"],
    ] as const)
      await store.addFeedback(given(id, name, value));
    const queries: Readonly<Record<string, readonly string[]>> = {
      "route=r/1": [odd.id],
      "rule=vip": [odd.id],
      "variant=v1": [odd.id],
      "decided=d1": [odd.id],
      "run=run_1": [odd.id],
      "path=bare": [odd.id],
      "model=m1": [odd.id],
      "prompt_version=p1": [odd.id],
      "key=web": [odd.id],
      "user=ada+%26+co": [odd.id],
      "outcome=interrupted": [odd.id],
      "status=502": [odd.id],
      "cached=true": [odd.id],
      "cached=false": [plain.id],
      "simulated=true": [odd.id],
      "simulated=false": [plain.id],
      "content=true": [plain.id],
      "content=false": [odd.id],
      "from=2026-06-15": [odd.id],
      "from=2026-06-15T12:00:00.001Z": [],
      "to=2026-06-14": [plain.id],
      "to=2026-06-15": [odd.id, plain.id],
      "to=2026-06-15T12:00:00Z": [plain.id],
      "q=TOMATOES+soup": [plain.id],
      "q=tomatoes+onion": [],
      "feedback=label": [plain.id],
      'feedback=label:"5"': [plain.id],
      "feedback=label:5": [],
      "feedback=thumbs:true": [odd.id],
      "feedback=thumbs:false": [plain.id],
      "feedback=score>=0.3": [odd.id],
      "feedback=score>=0.25": [odd.id, plain.id],
      "order=oldest": [plain.id, odd.id],
      "limit=1": [odd.id],
      "limit=1&order=oldest": [plain.id],
      "route=r/1&rule=all": [],
    };
    for (const [query, found] of Object.entries(queries))
      expect([query, await ids(query)]).toEqual([query, found]);
  });

  test("is refused for what is no parameter or no value, by its name", async () => {
    const { gateway, admin } = await start();
    const refused = [
      ["rute=x", "rute", "unknown_parameter"],
      ["__proto__=x", "__proto__", "unknown_parameter"],
      ["user=a&user=b", "user", "invalid_value"],
      ["route=", "route", "invalid_value"],
      ["path=Bare", "path", "invalid_value"],
      ["outcome=fine", "outcome", "invalid_value"],
      ["status=20", "status", "invalid_value"],
      ["status=2e2", "status", "invalid_value"],
      ["cached=yes", "cached", "invalid_value"],
      ["content=1", "content", "invalid_value"],
      ["from=yesterday", "from", "invalid_value"],
      ["from=2026-02-30", "from", "invalid_value"],
      ["to=1798761600", "to", "invalid_value"],
      [`q=${"a".repeat(1025)}`, "q", "invalid_value"],
      ["feedback=:true", "feedback", "invalid_value"],
      ["feedback=score>=high", "feedback", "invalid_value"],
      ["limit=0", "limit", "invalid_value"],
      ["limit=101", "limit", "invalid_value"],
      ["limit=1.5", "limit", "invalid_value"],
      ["order=random", "order", "invalid_value"],
      ["cursor=", "cursor", "invalid_value"],
      ["cursor=no+cursor", "cursor", "invalid_value"],
      ["cursor=%21", "cursor", "invalid_value"],
    ] as const;
    for (const [query, param, code] of refused)
      await expectRefused(await admin(`/captures?${query}`), refused400(param, code), query);
    const { error } = await (await admin("/captures?limt=1")).json();
    expect(error.message).toMatch(
      /^There is no parameter `limt` here\. Known: route, .*, limit, cursor, order\.$/,
    );
    await expectCalm(gateway);
  });

  test("searches for whatever it is given", { timeout: 60_000 }, async () => {
    const { gateway, admin, write } = await start();
    await write(captured({ content: contentOf("Tomato soup", 'with "quotes" and * and \0') }));
    const rubbish = [
      ...BLNS,
      '"',
      '"""',
      "'; DROP TABLE captures; --",
      "*",
      "soup*",
      "AND",
      "NEAR(a b)",
      "query:soup",
      "^soup",
      "-soup",
      "a OR",
      "(",
      "\0",
      "soup\0",
      "\ud800",
      "%",
      "_",
      "\\",
      ":*",
      "a & b | !c",
      "👩🏽‍🚀",
      "a ".repeat(512),
    ].filter((text) => text !== "");
    const statusOf = async (parameter: string, text: string): Promise<number> =>
      (await admin(`/captures?${parameter}=${encodeURIComponent(text.toWellFormed())}`)).status;
    for (const text of rubbish) {
      const found = await Promise.all(
        ["q", "user", "feedback", "cursor"].map((name) => statusOf(name, text)),
      );
      expect([text, found.filter((status) => status !== 200 && status !== 400)]).toEqual([text, []]);
    }
    expect((await admin(`/captures?q=${"a".repeat(64 * 1024)}`)).status).toBe(431);
    await expectCalm(gateway);
  });

  test("is paged: each capture comes once, whatever comes in meanwhile", { timeout: 60_000 }, async () => {
    const { admin, write } = await start();
    const shape = fc.record({
      // Few times for many captures, so that ids must part them.
      before: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 30 }),
      between: fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 12 }),
      limit: fc.integer({ min: 1, max: 7 }),
      order: fc.constantFrom("newest", "oldest"),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ before, between, limit, order }) => {
        const route = newId("route");
        const one = (at: number): Capture => captured({ route, at: Date.UTC(2026, 2, 1) + at });
        const first = before.map(one);
        await write(...first);
        const late = between.map(one);
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const query: string = `route=${route}&limit=${limit}&order=${order}`;
          const answer = await admin(`/captures?${query}${cursor === null ? "" : `&cursor=${cursor}`}`);
          const page = captureList.parse(await answer.json());
          expect(page.has_more).toBe(page.next_cursor !== null);
          expect(page.data.length === limit || page.next_cursor === null).toBe(true);
          seen.push(...page.data.map(({ id }) => id));
          cursor = page.next_cursor;
          const next = late.pop();
          if (next !== undefined) await write(next);
        } while (cursor !== null);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(expect.arrayContaining(first.map(({ id }) => id)));
      }),
      { numRuns: 15 },
    );
  });
});

describe("a whole capture", () => {
  test("has both requests and the answer, as they were", async () => {
    const upstream = await startUpstream();
    const { gateway, admin } = await start(upstream.url);
    const body = `{"model":"enriched","messages":[{"role":"user","content":"Why?"}],"seed":12345678901234567890,"temperature":1.0}`;
    const asked = await gateway.post(body);
    const completion = await asked.json();
    const id = asked.headers.get("x-crossover-request-id");
    await gateway.gateway.flushCaptures();
    const text = await (await admin(`/captures/${id}`)).text();
    const whole = wholeCapture.parse(JSON.parse(text));
    expect(whole).toMatchObject({
      id,
      path: "enriched",
      variant: "prompted",
      prompt: "helper",
      query: "Why?",
      answer_text: "ok",
      answer: completion,
      request: { model: "enriched" },
    });
    expect(text).toContain(`"request":${body}`);
    expect(text).toContain(`"upstream_request":${upstream.received[0]?.text}`);
    await expectCalm(gateway);
  });

  test("of a stream has its answer in one piece", async () => {
    const upstream = await startUpstream((_received, response) => {
      startStream(response);
      response.end([chunk({ content: "Hel" }), chunk({ content: "lo" }), chunk({}, "stop"), DONE].join(""));
    });
    const { gateway, admin } = await start(upstream.url);
    const asked = await gateway.post({
      model: "bare",
      stream: true,
      messages: [{ role: "user", content: "Say hello" }],
    });
    await asked.text();
    await gateway.gateway.flushCaptures();
    const whole = await (await admin(`/captures/${asked.headers.get("x-crossover-request-id")}`)).json();
    expect(whole).toMatchObject({ stream: true, answer: { choices: [{ message: { content: "Hello" } }] } });
  });

  test("without texts has nulls in their place", async () => {
    const { admin, write } = await start();
    const facts = captured({ content: undefined });
    await write(facts);
    expect(await (await admin(`/captures/${facts.id}`)).json()).toMatchObject({
      request: null,
      answer: null,
      upstream_request: null,
    });
  });

  test("of an unknown id is not found", async () => {
    const { gateway, admin } = await start();
    const refusal = { status: 404, code: "capture_not_found", param: "id" };
    for (const id of ["cx_00000000000000000000000000000000", "%00", "a%2Fb", "'--", "x".repeat(2000)]) {
      await expectRefused(await admin(`/captures/${id}`), refusal, id);
      await expectRefused(await admin(`/captures/${id}`, "DELETE"), refusal, id);
    }
    await expectCalm(gateway);
  });

  test("with a page in it comes as JSON that no browser takes for one", async () => {
    const { admin, write } = await start();
    const html = "<!doctype html><script>alert(1)</script>";
    const page = captured({ content: contentOf(html, html), user: html });
    await write(page);
    for (const path of [`/captures/${page.id}`, "/captures", `/captures?user=${encodeURIComponent(html)}`]) {
      const { headers } = await admin(path);
      expect(headers.get("content-type")).toMatch(/^application\/json/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("deletion", () => {
  test("takes one capture with its feedback and nothing else", async () => {
    const { store, admin, ids, write } = await start();
    const [gone, kept] = [captured(), captured()];
    await write(gone, kept);
    await store.addFeedback(given(gone.id, "thumbs", true));
    await store.addFeedback(given(kept.id, "thumbs", true));
    const answer = await admin(`/captures/${gone.id}`, "DELETE");
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { object: "crossover.deletion", captures: 1, feedback: 1, comparison_rows: 0 },
    ]);
    expect(await ids("feedback=thumbs")).toEqual([kept.id]);
    expect((await admin(`/captures/${gone.id}`)).status).toBe(404);
  });

  test("takes all of a user, also what is not written yet", async () => {
    const upstream = await startUpstream();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { gateway, admin, ids } = await start(upstream.url, {}, held);
    const flush = gateway.gateway.flushCaptures.bind(gateway.gateway);
    vi.spyOn(gateway.gateway, "flushCaptures").mockImplementation(() => {
      release();
      return flush();
    });
    for (const user of ["ada", "ada", "ad"])
      await (
        await gateway.post({ model: "bare", user, messages: [{ role: "user", content: `I am ${user}` }] })
      ).text();
    const answer = await admin("/captures?user=ada", "DELETE");
    expect(await answer.json()).toMatchObject({ captures: 2 });
    expect(await ids("user=ada")).toEqual([]);
    expect((await ids("")).length).toBe(1);
    expect(await (await admin("/captures?user=ada", "DELETE")).json()).toMatchObject({ captures: 0 });
    expect(
      JSON.stringify(gateway.logs.filter(({ message }) => message === "captures deleted")),
    ).not.toContain("ada");
  });

  test("nothing is deleted while captures can't be written, as they would be there after it", async () => {
    const upstream = await startUpstream();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { gateway, admin, ids, write } = await start(upstream.url, {}, held);
    await write(captured({ user: "ada" }));
    await (
      await gateway.post({ model: "bare", user: "ada", messages: [{ role: "user", content: "Hi" }] })
    ).text();
    const flush = vi.spyOn(gateway.gateway, "flushCaptures").mockImplementation(async () => {
      return (await gateway.gateway.captures?.flush(20)) ?? true;
    });
    await expectRefused(await admin("/captures?user=ada", "DELETE"), UNAVAILABLE);
    expect(await ids("user=ada")).toHaveLength(1);
    release();
    flush.mockRestore();
    expect(await (await admin("/captures?user=ada", "DELETE")).json()).toMatchObject({ captures: 2 });
  });

  test("forgets the texts that would still be kept should feedback come", async () => {
    const upstream = await startUpstream();
    const { gateway, admin } = await start(upstream.url, { capture: { sample: 0 } });
    const ids = [];
    for (const user of ["ada", "bob", "cyd"]) {
      const asked = await gateway.post({
        model: "bare",
        user,
        messages: [{ role: "user", content: "Why?" }],
      });
      await asked.text();
      ids.push(asked.headers.get("x-crossover-request-id") ?? "");
    }
    await admin("/captures?user=ada", "DELETE");
    await admin(`/captures/${ids[1]}`, "DELETE");
    const { captures } = gateway.gateway;
    const kept = ids.map((id) => captures?.contentOf(id)?.facts.user);
    expect(kept).toEqual([undefined, undefined, "cyd"]);
  });

  test("of everything is refused", async () => {
    const { admin, ids, write } = await start();
    await write(captured({ user: "ada" }), captured({ user: "bob" }));
    for (const [query, param, code] of [
      ["", "user", "missing_required_parameter"],
      ["?user=", "user", "invalid_value"],
      ["?route=bare", "user", "missing_required_parameter"],
      ["?user=ada&route=bare", "route", "unknown_parameter"],
      ["?user=ada&user=bob", "user", "invalid_value"],
    ] as const)
      await expectRefused(await admin(`/captures${query}`, "DELETE"), refused400(param, code), query);
    expect((await ids("")).length).toBe(2);
  });

  test("of a user whose name is redacted says so", async () => {
    const { admin, ids, write } = await start("http://127.0.0.1:9", { redaction: { pii: ["email"] } });
    const before = captured({ user: "ada@example.com" });
    await write(before, captured({ user: "[redacted:email]" }));
    // From before it was redacted.
    expect(await (await admin("/captures?user=ada%40example.com", "DELETE")).json()).toMatchObject({
      captures: 1,
    });
    await expectRefused(
      await admin("/captures?user=ada%40example.com", "DELETE"),
      refused400("user", "invalid_value"),
    );
    expect((await ids("")).length).toBe(1);
  });
});

test("nobody gets in without the token", async () => {
  const { gateway, write } = await start();
  const one = captured({ user: "ada" });
  await write(one);
  for (const [method, path] of [
    ["GET", "/captures"],
    ["GET", "/captures?rute=x"],
    ["GET", `/captures/${one.id}`],
    ["DELETE", `/captures/${one.id}`],
    ["DELETE", "/captures?user=ada"],
    ["GET", "/feedback"],
  ] as const) {
    const answer = await fetch(`${gateway.url}/admin/api${path}`, { method });
    expect([method, path, answer.status]).toEqual([method, path, 401]);
  }
});

test("while the store fails all of it says so, and only the log says why", async () => {
  const { store } = await start();
  const failing = new Proxy(store, {
    get: () => () => Promise.reject(new StoreError("no space left on /var/lib", true)),
  });
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"), { openedStore: failing });
  for (const [method, path] of STORE_PATHS) {
    const answer = await fetch(`${gateway.url}/admin/api${path}`, { method });
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.clone().text()).not.toContain("/var/lib");
    await expectRefused(answer, UNAVAILABLE);
  }
  const told = gateway.logs.filter(({ message }) => message === "the store failed");
  expect(told.map(({ fields }) => fields["problem"])).toEqual(
    STORE_PATHS.map(() => "no space left on /var/lib"),
  );
});

const UNAVAILABLE = { status: 503, type: "server_error", code: "store_unavailable", param: null } as const;
const STORE_PATHS = [
  ["GET", "/captures"],
  ["GET", "/captures/x"],
  ["DELETE", "/captures/x"],
  ["DELETE", "/captures?user=ada"],
  ["GET", "/feedback"],
] as const;

test("without a store all of it says so", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { store: false }));
  for (const [method, path] of STORE_PATHS)
    await expectRefused(await fetch(`${gateway.url}/admin/api${path}`, { method }), UNAVAILABLE);
  await expectCalm(gateway);
});
