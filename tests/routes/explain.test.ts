import { request as httpRequest } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";

/** Routes with every kind of rule; what is left to chance is sticky, so that two looks see the same. */
function config(upstreamUrl: string): Record<string, unknown> {
  return twoPaths(upstreamUrl, {
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft", params: { temperature: 0.7 } },
      kept: { model: "ft", bare: "keep" },
    },
    rollouts: { move: { control: "prompted", candidate: "tuned", stages: [30], stickyBy: "user" } },
    routes: {
      rules: {
        rules: [
          { name: "vip", when: 'metadata.tier == "vip"', use: "prompted" },
          { name: "long", when: "request.inputTokens > 40", use: "kept" },
          { name: "streamed", when: "request.stream", use: "tuned" },
          { name: "beta", when: '"x-beta" in headers && headers["x-beta"] == "on"', use: "kept" },
          { name: "split", use: { split: { prompted: 2, tuned: 1, kept: 1 }, stickyBy: "user" } },
        ],
      },
      "team/split": { rules: [{ use: { split: { prompted: 1, tuned: 1 }, stickyBy: "metadata.tenant" } }] },
      moving: { rules: [{ name: "move", use: { rollout: "move" } }] },
    },
  });
}

async function explain(
  { url }: TestGateway,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/admin/api/explain`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

const content = fc.oneof(fc.string(), fc.lorem({ maxCount: 60 }), fc.constant("¿Por qué? 🤔"));
const oneRequest = fc.record({
  body: fc.record(
    {
      model: fc.constantFrom("rules", "team/split", "moving"),
      messages: fc
        .array(fc.record({ role: fc.constantFrom("system", "user", "assistant"), content }), { maxLength: 4 })
        .chain((before) => content.map((last) => [...before, { role: "user", content: last }])),
      user: fc.string({ minLength: 1, maxLength: 20 }),
      metadata: fc
        .record(
          { tier: fc.constantFrom("vip", "free"), other: fc.string({ maxLength: 9 }) },
          { requiredKeys: [] },
        )
        .chain((more) => fc.string({ minLength: 1, maxLength: 9 }).map((tenant) => ({ ...more, tenant }))),
      stream: fc.boolean(),
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    },
    { requiredKeys: ["model", "messages", "user", "metadata"] },
  ),
  beta: fc.constantFrom("on", "off", undefined),
});

describe("explain and traffic", () => {
  test("agree about every request, and about what the upstream receives", async () => {
    const upstream = await startUpstream();
    const gateway = await startGateway(config(upstream.url));
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(oneRequest, async ({ body, beta }) => {
        const headers: Record<string, string> = beta === undefined ? {} : { "x-beta": beta };
        const explained = await (await explain(gateway, body, headers)).json();
        const called = upstream.received.length;
        const dry = await (await gateway.post(body, { ...headers, "x-crossover-dry-run": "true" })).json();
        expect(dry).toEqual(explained);
        expect(upstream.received).toHaveLength(called);

        const answer = await gateway.post(body, headers);
        await answer.text();
        const header = (name: string) => answer.headers.get(`x-crossover-${name}`);
        expect([header("route"), header("rule"), header("variant"), header("path")]).toEqual([
          explained.route,
          explained.rule,
          explained.variant,
          explained.path,
        ]);
        expect(upstream.received.at(-1)?.body).toEqual(explained.request);
        expect(explained.trace.at(-1)).toMatchObject({ rule: explained.rule, matched: true });
        seen.add(`${explained.rule} ${explained.variant}`);
      }),
      { numRuns: 300 },
    );
    // The requests were varied enough to say something.
    expect(seen.size).toBeGreaterThan(6);
  });

  test("the trace shows each rule tried, the values it saw and why it matched or not", async () => {
    const gateway = await startGateway(config("http://127.0.0.1:9"));
    const body = { model: "rules", user: "ada", messages: [{ role: "user", content: "Why?" }] };
    const { trace, ...decision } = await (await explain(gateway, body)).json();
    expect(trace).toEqual([
      {
        rule: "vip",
        when: 'metadata.tier == "vip"',
        matched: false,
        values: { "metadata.tier": null },
        why: expect.stringMatching(/could not be evaluated.*tier/),
      },
      {
        rule: "long",
        when: "request.inputTokens > 40",
        matched: false,
        values: { "request.inputTokens": expect.any(Number) },
        why: "the condition is false",
      },
      {
        rule: "streamed",
        when: "request.stream",
        matched: false,
        values: { "request.stream": false },
        why: "the condition is false",
      },
      expect.objectContaining({ rule: "beta", matched: false }),
      {
        rule: "split",
        when: null,
        matched: true,
        values: {},
        why: expect.stringMatching(/no condition; user chose (prompted|tuned|kept)/),
      },
    ]);
    expect(decision).toMatchObject({ sticky_by: "user", sticky_key: "ada", route: "rules", rule: "split" });
    expect(decision.propensity).toBe(decision.variant === "prompted" ? 0.5 : 0.25);
  });

  test("a rollout's stage and share are told; without a run there is none to tell", async () => {
    const gateway = await startGateway(config("http://127.0.0.1:9"));
    const body = { model: "moving", user: "ada", messages: [{ role: "user", content: "Why?" }] };
    const { trace, ...decision } = await (await explain(gateway, body)).json();
    expect(decision).toMatchObject({ rollout: "move", stage: 0, share: 0.3, run: null });
    expect(trace.at(-1).why).toMatch(/user chose the (control|candidate) at 30%$/);
    const other = await (await explain(gateway, { ...body, model: "team/split" })).json();
    expect(other).toMatchObject({ rollout: null, stage: null, share: null, run: null });
  });

  test("explain calls nobody, counts nothing and leaves no request line in the log", async () => {
    const upstream = await startUpstream();
    const gateway = await startGateway(config(upstream.url));
    await explain(gateway, { model: "moving", messages: [{ role: "user", content: "Why?" }] });
    expect(upstream.received).toHaveLength(0);
    expect(await gateway.metric("crossover_decisions_total")).toBe(0);
    expect(await gateway.metric("crossover_requests_total")).toBe(0);
    expect(gateway.logs).toEqual([]);
  });

  test("a request that traffic would refuse is refused alike", async () => {
    const gateway = await startGateway(config("http://127.0.0.1:9"));
    const user = [{ role: "user", content: "Why?" }];
    const forced = { "x-crossover-variant": "nobody" };
    for (const [body, headers] of [
      ["{", {}],
      ["", {}],
      [{ model: "nothing", messages: user }, {}],
      [{ model: "moving" }, {}],
      [{ model: "moving", messages: user }, forced],
      [{ model: "moving", messages: user }, { "content-type": "text/plain" }],
    ] as const) {
      const [one, other] = [await explain(gateway, body, headers), await gateway.post(body, headers)];
      expect(one.status).toBeGreaterThanOrEqual(400);
      expect(one.status).toBe(other.status);
      expect(await one.json()).toEqual(await other.json());
    }
  });

  test("a forced variant is explained as forced", async () => {
    const gateway = await startGateway(config("http://127.0.0.1:9"));
    const body = { model: "moving", messages: [{ role: "user", content: "Why?" }] };
    const explained = await (await explain(gateway, body, { "x-crossover-variant": "kept" })).json();
    expect(explained).toMatchObject({ rule: "forced", variant: "kept", propensity: 1 });
  });
});

describe("who may use the admin API", () => {
  const paths = [
    "/admin/api/explain",
    "/admin/api/config",
    "/admin/api/config/reload",
    "/admin/api/nothing",
    "/admin",
  ];
  const body = JSON.stringify({ model: "bare", messages: [{ role: "user", content: "Why?" }] });

  /** A request with a Host header of our choice. @returns the status */
  function statusFor(
    gateway: TestGateway,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<number> {
    const { port } = new URL(gateway.url);
    const method = path.endsWith("/config") || path === "/admin" ? "GET" : "POST";
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: "127.0.0.1",
          port,
          path,
          method,
          headers: { "content-type": "application/json", ...headers },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      request.once("error", reject);
      request.end(method === "POST" ? body : undefined);
    });
  }

  test("with an admin token: those who give it, under any name", async () => {
    const config = { ...twoPaths("http://127.0.0.1:9"), server: { port: 0, adminToken: "admin-token-1" } };
    const gateway = await startGateway(config, { env: { HOST: "0.0.0.0" } });
    for (const path of paths) {
      expect(await statusFor(gateway, path, {})).toBe(401);
      expect(await statusFor(gateway, path, { authorization: "Bearer admin-token-2" })).toBe(401);
      expect(await statusFor(gateway, path, { authorization: "Basic admin-token-1" })).toBe(401);
    }
    const authorization = "Bearer admin-token-1";
    expect(await statusFor(gateway, "/admin/api/explain", { authorization })).toBe(200);
    expect(await statusFor(gateway, "/admin/api/config", { authorization, host: "gateway.example" })).toBe(
      200,
    );
    const refused = await explain(gateway, body, { authorization: "Bearer no" });
    expect((await refused.json()).error.code).toBe("invalid_api_key");
  });

  test("the admin token opens it where clients have keys too, for the key that is named", async () => {
    const config = {
      ...twoPaths("http://127.0.0.1:9"),
      server: { port: 0, adminToken: "admin-token-1" },
      keys: { app: { secret: "client-key-of-the-test", routes: ["enriched"] } },
    };
    const gateway = await startGateway(config);
    const authorization = "Bearer admin-token-1";
    expect(await statusFor(gateway, "/admin/api/explain", { authorization })).toBe(200);
    expect(await statusFor(gateway, "/admin/api/explain?key=app", { authorization })).toBe(403);
    expect(await statusFor(gateway, "/admin/api/explain?key=nobody", { authorization })).toBe(400);
    const client = { authorization: "Bearer client-key-of-the-test" };
    expect(await statusFor(gateway, "/admin/api/explain", client)).toBe(403);
  });

  test("without one: nobody on an address that others can reach", async () => {
    const keys = { app: { secret: "client-key-of-the-test" } };
    const config = { ...twoPaths("http://127.0.0.1:9"), keys };
    const gateway = await startGateway(config, { env: { HOST: "0.0.0.0" } });
    for (const path of paths) {
      expect(await statusFor(gateway, path, {})).toBe(403);
      expect(await statusFor(gateway, path, { host: "localhost", authorization: "Bearer " })).toBe(403);
    }
  });

  test("without one: the machine itself, but not a web page under a name of its own", async () => {
    const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
    for (const host of [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "evil.example:80",
    ]) {
      for (const path of paths) expect(await statusFor(gateway, path, { host })).toBe(403);
      expect(await statusFor(gateway, "/admin/api/config", { host, "x-forwarded-host": "localhost" })).toBe(
        403,
      );
    }
    for (const host of ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:8787"])
      expect(await statusFor(gateway, "/admin/api/explain", { host })).toBe(200);
  });
});
