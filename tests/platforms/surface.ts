import { describe, expect, test } from "vitest";
import { comparisonAnswer } from "../../src/comparison/document.ts";
import { until } from "../support/gateway.ts";
import { streams } from "./streams.ts";
import { ask, type Running, startSuite } from "./suite.ts";

/** What must be the same on every platform. @param start starts a gateway with this configuration */
export function surface(platform: string, start: (config: unknown) => Promise<Running>): void {
  describe(`the surface on ${platform}`, () => {
    const suite = startSuite(start, { adminToken: "admin-token-for-tests", maxBodyBytes: 200_000 });
    const { post, metric } = suite;
    const refusal = async (response: Response): Promise<readonly unknown[]> => {
      const { error } = await response.json();
      return [response.status, error.type, error.param, error.code];
    };

    test("the enriched path builds the prompt around the query", async () => {
      const answer = await post(ask("enriched", { seed: 7, unknown_member: { a: [1.0] } }));
      expect(answer.status).toBe(200);
      expect(answer.headers.get("x-crossover-path")).toBe("enriched");
      expect(answer.headers.get("x-crossover-variant")).toBe("prompted");
      expect((await answer.json()).choices[0].message.content).toBe("ok");
      expect(suite.upstream.received[0]?.url).toBe("/v1/chat/completions");
      expect(suite.upstream.received[0]?.headers.authorization).toBe("Bearer sk-upstream-secret-0001");
      expect(suite.upstream.received[0]?.body).toEqual({
        model: "base-model",
        messages: [
          { role: "system", content: expect.stringMatching(/^You are a helper\.\s+Old instructions$/) },
          { role: "user", content: "Example question" },
          { role: "assistant", content: "Example answer" },
          { role: "user", content: "Question: Why? ¿Por qué? 🤔" },
        ],
        seed: 7,
        unknown_member: { a: [1] },
      });
    });

    test("the bare path forwards the query alone", async () => {
      const answer = await post(ask("bare"));
      expect(answer.headers.get("x-crossover-path")).toBe("bare");
      expect(answer.headers.get("x-crossover-request-id")).toMatch(/^cx_[0-9a-f]{32}$/);
      expect(suite.upstream.received[0]?.body).toEqual({
        model: "base-model-tuned",
        messages: [{ role: "user", content: "Why? ¿Por qué? 🤔" }],
      });
    });

    test("bad requests get errors in OpenAI's shape", async () => {
      const invalid = "invalid_request_error";
      expect(await refusal(await post("{"))).toEqual([400, invalid, null, "invalid_json"]);
      expect(await refusal(await post(""))).toEqual([400, invalid, null, "invalid_json"]);
      expect(await refusal(await post(ask("nothing")))).toEqual([404, invalid, "model", "model_not_found"]);
      expect(await refusal(await post({ model: "bare" }))).toEqual([
        400,
        invalid,
        "messages",
        "missing_required_parameter",
      ]);
      expect(await refusal(await post("x", { headers: { "content-type": "text/plain" } }))).toEqual([
        415,
        invalid,
        null,
        "unsupported_media_type",
      ]);
      expect(await refusal(await post(ask("bare", { pad: "x".repeat(210_000) })))).toEqual([
        413,
        invalid,
        null,
        "request_body_too_large",
      ]);
      const wrongMethod = await fetch(`${suite.url}/v1/chat/completions`);
      expect(wrongMethod.headers.get("allow")).toBe("POST");
      expect(await refusal(wrongMethod)).toEqual([405, invalid, null, "method_not_allowed"]);
      expect(await refusal(await fetch(`${suite.url}/v1/nothing`))).toEqual([
        404,
        invalid,
        null,
        "unknown_url",
      ]);
      expect(suite.upstream.received).toHaveLength(0);
    });

    test("an upstream's own error passes with its status, its refusal of our key does not", async () => {
      const error = { message: "slow down", type: "requests", param: null, code: "rate_limit_exceeded" };
      suite.upstream.respond = (_received, response) => {
        response.writeHead(429, { "content-type": "application/json", "retry-after": "3" });
        response.end(JSON.stringify({ error }));
      };
      const limited = await post(ask("bare"));
      expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "3"]);
      expect(await limited.json()).toEqual({ error });
      suite.upstream.respond = (_received, response) => {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { message: "Incorrect API key sk-upstream-secret-0001" } }));
      };
      expect(await refusal(await post(ask("bare")))).toEqual([
        502,
        "server_error",
        null,
        "upstream_auth_failed",
      ]);
    });

    test("files and fine-tuning pass on to a provider, with the admin's right", async () => {
      const headers = { authorization: "Bearer admin-token-for-tests", "content-type": "application/json" };
      const jobs = `${suite.url}/v1/fine_tuning/jobs`;
      const body = JSON.stringify({ model: "m", pad: "é".repeat(60_000) });
      expect((await fetch(jobs, { method: "POST", body })).status).toBe(401);
      expect(suite.upstream.received).toHaveLength(0);
      const answer = await fetch(jobs, { method: "POST", headers, body });
      expect([answer.status, (await answer.json()).object]).toEqual([200, "chat.completion"]);
      expect(suite.upstream.received[0]?.text).toBe(body);
      expect(suite.upstream.received[0]?.headers.authorization).toBe("Bearer sk-passing-secret-0001");
      suite.upstream.respond = (_received, response) => {
        response.writeHead(204).end();
      };
      const gone = await fetch(`${suite.url}/v1/files/file-1`, { method: "DELETE", headers });
      expect([gone.status, await gone.text()]).toEqual([204, ""]);
      suite.upstream.respond = (_received, response) => {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { message: "no sk-passing-secret-0001" } }));
      };
      const refused = await fetch(jobs, { method: "POST", headers, body: "{}" });
      expect([refused.status, (await refused.json()).error.message]).toEqual([400, "no [redacted:secret]"]);
    });

    test("fine-tuning jobs need a store", async () => {
      const headers = { authorization: "Bearer admin-token-for-tests" };
      const answer = await fetch(`${suite.url}/admin/api/tuning-jobs`, { headers });
      expect(platform === "a Worker" ? await refusal(answer) : answer.status).toEqual(
        platform === "a Worker" ? [503, "server_error", null, "store_unavailable"] : 200,
      );
    });

    test("variants are compared", async () => {
      const answer = await fetch(`${suite.url}/v1/compare`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...ask("bare"), variants: ["prompted", "tuned"] }),
      });
      const { results, agreement } = comparisonAnswer.parse(await answer.json());
      expect(results.map(({ variant, message }) => [variant, message?.["content"]])).toEqual([
        ["prompted", "one two"],
        ["tuned", "one two"],
      ]);
      expect(agreement).toMatchObject([{ variant: "tuned", against: "prompted", exact: true }]);
    });

    test("a dry run answers with the decision and calls nobody", async () => {
      const answer = await post(ask("enriched"), { headers: { "x-crossover-dry-run": "true" } });
      const decision = await answer.json();
      expect(decision).toMatchObject({ object: "crossover.decision", variant: "prompted", path: "enriched" });
      expect(decision.request.messages).toHaveLength(4);
      expect(suite.upstream.received).toHaveLength(0);
    });

    test("models, health and the OpenAPI document", async () => {
      const get = async (path: string) => (await fetch(`${suite.url}${path}`)).json();
      const list = await get("/v1/models");
      expect(list.data.map((model: { id: string }) => model.id)).toEqual(["enriched", "bare"]);
      expect(await get("/v1/models/bare")).toMatchObject({ id: "bare", object: "model" });
      expect(await get("/health/live")).toEqual({ status: "ok" });
      const store = platform === "a Worker" ? "off" : "ok";
      await until(async () => (await get("/health/ready")).store === store); // a slow machine opens it late
      expect(await get("/health/ready")).toEqual({ status: "ready", config: "current", store });
      expect(await get("/openapi.json")).toMatchObject({ openapi: "3.1.0" });
    });

    test("the page that the admin pages begin with is there, for those with the token", async () => {
      const open = (headers: Record<string, string>) => fetch(`${suite.url}/admin`, { headers });
      expect((await open({})).status).toBe(401);
      const answer = await open({ authorization: "Bearer admin-token-for-tests" });
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(await answer.text()).toContain("<h2>Who gets what</h2>");
    });

    test("the admin API wants its token", async () => {
      const open = (headers: Record<string, string>) => fetch(`${suite.url}/admin/api/config`, { headers });
      expect((await open({})).status).toBe(401);
      expect((await open({ authorization: "Bearer wrong" })).status).toBe(401);
      const answer = await open({ authorization: "Bearer admin-token-for-tests" });
      expect(answer.status).toBe(200);
      expect((await answer.json()).routes).toHaveLength(2);
    });

    test("metrics count both paths", async () => {
      const count = (path: string) => metric("crossover_requests_total", { path, status: "200" });
      const before = [await count("enriched"), await count("bare")];
      const [cost, added] = [
        await metric("crossover_cost_usd_total"),
        await metric("crossover_enrichment_tokens_total", { path: "enriched" }),
      ];
      for (const model of ["enriched", "bare", "bare"]) await (await post(ask(model))).text();
      await until(async () => (await count("bare")) === Number(before[1]) + 2);
      expect(await count("enriched")).toBe(Number(before[0]) + 1);
      // 10 tokens in and 5 out, at 1 and 2 USD a million, then twice at 3 and 6.
      expect((await metric("crossover_cost_usd_total")) - cost).toBeCloseTo((20 + 2 * 60) / 1e6, 12);
      expect(await metric("crossover_enrichment_tokens_total", { path: "enriched" })).toBeGreaterThan(added);
      expect(await metric("crossover_enrichment_tokens_total", { path: "bare" })).toBe(0);
      expect(await metric("crossover_build_info")).toBe(1);
    });

    streams(suite);
  });
}
