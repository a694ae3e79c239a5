import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { StreamReader } from "../gateway/streaming.ts";
import { twoPaths } from "../support/config.ts";
import { sampleOf, until } from "../support/gateway.ts";
import { chunk, DONE, startStream, usageChunk, wantsUsage } from "../support/upstream.ts";
import { type SuiteUpstream, startSuiteUpstream } from "./upstream.ts";

/** A gateway that runs on some platform. */
export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

/** What must be the same on every platform. @param start starts a gateway with this configuration */
export function surface(platform: string, start: (config: unknown) => Promise<Running>): void {
  describe(`the surface on ${platform}`, () => {
    let upstream: SuiteUpstream;
    let gateway: Running;

    beforeAll(async () => {
      upstream = await startSuiteUpstream();
      gateway = await start({
        ...twoPaths(upstream.url),
        server: { host: "127.0.0.1", adminToken: "admin-token-for-tests", maxBodyBytes: 200_000 },
      });
    });
    afterEach(() => upstream.reset());
    afterAll(async () => {
      await gateway.stop();
      upstream.close();
    });

    const post = (body: unknown, more: RequestInit & { headers?: Record<string, string> } = {}) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...more,
        headers: { "content-type": "application/json", ...more.headers },
      });
    const ask = (model: string, more: Readonly<Record<string, unknown>> = {}) => ({
      model,
      messages: [
        { role: "system", content: "Old instructions" },
        { role: "user", content: "Why? ¿Por qué? 🤔" },
      ],
      ...more,
    });
    const metric = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> =>
      sampleOf(await (await fetch(`${gateway.url}/metrics`)).text(), name, labels);
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
      expect(upstream.received[0]?.url).toBe("/v1/chat/completions");
      expect(upstream.received[0]?.headers.authorization).toBe("Bearer sk-upstream-secret-0001");
      expect(upstream.received[0]?.body).toEqual({
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
      expect(upstream.received[0]?.body).toEqual({
        model: "ft:base-model:acme::1",
        messages: [{ role: "user", content: "Why? ¿Por qué? 🤔" }],
      });
    });

    test("a stream passes byte for byte, without the usage chunk that only the gateway asked for", async () => {
      const head = [
        ": a comment\n\n",
        chunk({ role: "assistant", content: "" }),
        chunk({ content: "Grüße 👩‍👩‍👧 " }),
        `event: custom\r\nid: 7\r\ndata: {"choices": [], "extra": 1}\r\n\r\n`,
      ];
      const tail = [chunk({ content: "end" }), chunk({}, "stop"), DONE];
      const sent = Buffer.from(head.join(""));
      upstream.respond = async (received, response) => {
        startStream(response);
        // Cut anywhere, also within a character.
        for (let at = 0; at < sent.length; at += 7) {
          if (!response.write(sent.subarray(at, at + 7))) await once(response, "drain");
        }
        response.write(tail.slice(0, -1).join(""));
        if (wantsUsage(received)) response.write(usageChunk());
        response.end(DONE);
      };
      const before = await metric("crossover_tokens_total", { path: "bare", type: "output" });
      const answer = await post(ask("bare", { stream: true }));
      expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
      expect(answer.headers.get("x-accel-buffering")).toBe("no");
      expect(await answer.text()).toBe(head.join("") + tail.join(""));
      expect(upstream.received.map(wantsUsage)).toEqual([true]);
      await until(
        async () => (await metric("crossover_tokens_total", { path: "bare", type: "output" })) === before + 5,
      );
    });

    test("a client that asks for the usage chunk gets it", async () => {
      const answer = await post(ask("enriched", { stream: true, stream_options: { include_usage: true } }));
      expect(await answer.text()).toContain(usageChunk() + DONE);
    });

    test("an event reaches the client before the next one is sent", async () => {
      let goOn = (): void => {};
      upstream.respond = async (_received, response) => {
        startStream(response);
        response.write(chunk({ content: "first" }));
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        response.end(chunk({}, "stop") + DONE);
      };
      const answer = await post(ask("bare", { stream: true }));
      const parts = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      expect((await parts?.read())?.value).toBe(chunk({ content: "first" }));
      goOn();
      expect((await parts?.read())?.value).toContain(DONE);
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
      const wrongMethod = await fetch(`${gateway.url}/v1/chat/completions`);
      expect(wrongMethod.headers.get("allow")).toBe("POST");
      expect(await refusal(wrongMethod)).toEqual([405, invalid, null, "method_not_allowed"]);
      expect(await refusal(await fetch(`${gateway.url}/v1/nothing`))).toEqual([
        404,
        invalid,
        null,
        "unknown_url",
      ]);
      expect(upstream.received).toHaveLength(0);
    });

    test("an upstream's own error passes with its status, its refusal of our key does not", async () => {
      const error = { message: "slow down", type: "requests", param: null, code: "rate_limit_exceeded" };
      upstream.respond = (_received, response) => {
        response.writeHead(429, { "content-type": "application/json", "retry-after": "3" });
        response.end(JSON.stringify({ error }));
      };
      const limited = await post(ask("bare"));
      expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "3"]);
      expect(await limited.json()).toEqual({ error });
      upstream.respond = (_received, response) => {
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

    test("a dry run answers with the decision and calls nobody", async () => {
      const answer = await post(ask("enriched"), { headers: { "x-crossover-dry-run": "true" } });
      const decision = await answer.json();
      expect(decision).toMatchObject({ object: "crossover.decision", variant: "prompted", path: "enriched" });
      expect(decision.request.messages).toHaveLength(4);
      expect(upstream.received).toHaveLength(0);
    });

    test("a client that leaves while the upstream goes on sending aborts it", async () => {
      upstream.respond = async (received, response) => {
        startStream(response);
        while (!received.aborted() && !response.destroyed) {
          response.write(chunk({ content: "more " }));
          await setImmediate();
        }
      };
      const left = await metric("crossover_requests_total", { path: "bare", status: "499" });
      const client = new AbortController();
      const answer = await post(ask("bare", { stream: true }), { signal: client.signal });
      await answer.body?.getReader().read();
      client.abort();
      await until(() => upstream.received[0]?.aborted());
      await until(
        async () => (await metric("crossover_requests_total", { path: "bare", status: "499" })) === left + 1,
      );
    });

    test("an upstream that breaks off ends the stream with an error event, counted as an error", async () => {
      let breakOff = (): void => {};
      upstream.respond = (_received, response) => {
        startStream(response);
        response.write(chunk({ content: "first" }));
        breakOff = () => void response.destroy();
      };
      const broken = await metric("crossover_requests_total", { path: "enriched", status: "502" });
      const reader = new StreamReader(await post(ask("enriched", { stream: true })));
      // Once the client has it: a break that comes with the first event may come before it.
      await reader.untilHas("first");
      breakOff();
      const text = await reader.rest();
      expect(text.startsWith(chunk({ content: "first" }))).toBe(true);
      expect(JSON.parse(text.slice(text.lastIndexOf("data: ") + 6)).error).toMatchObject({
        type: "server_error",
        code: "upstream_stream_interrupted",
      });
      expect(text).not.toContain("[DONE]");
      expect(await metric("crossover_requests_total", { path: "enriched", status: "502" })).toBe(broken + 1);
    });

    test("a slow reader holds the upstream back and gets everything in the end", async () => {
      const total = 64 * 1024 * 1024;
      const one = chunk({ content: "x".repeat(32 * 1024) });
      const last = chunk({}, "stop") + DONE;
      let sent = 0;
      let waiting = false;
      upstream.respond = async (_received, response) => {
        startStream(response);
        while (sent < total) {
          sent += one.length;
          if (response.write(one)) continue;
          waiting = true;
          await once(response, "drain");
          waiting = false;
        }
        response.end(last);
      };
      const answer = await post(ask("bare", { stream: true }));
      // The upstream stands still when it waits at the same byte while the gateway does other work.
      let seen = -1;
      let still = 0;
      while (still < 10 && sent < total) {
        await fetch(`${gateway.url}/health/live`);
        still = waiting && sent === seen ? still + 1 : 0;
        seen = sent;
      }
      expect(sent).toBeLessThan(total);
      let length = 0;
      for await (const part of answer.body ?? []) length += part.byteLength;
      expect(length).toBe(sent + last.length);
    });

    test("models, health and the OpenAPI document", async () => {
      const get = async (path: string) => (await fetch(`${gateway.url}${path}`)).json();
      const list = await get("/v1/models");
      expect(list.data.map((model: { id: string }) => model.id)).toEqual(["enriched", "bare"]);
      expect(await get("/v1/models/bare")).toMatchObject({ id: "bare", object: "model" });
      expect(await get("/health/live")).toEqual({ status: "ok" });
      expect(await get("/health/ready")).toEqual({ status: "ready", config: "current" });
      expect(await get("/openapi.json")).toMatchObject({ openapi: "3.1.0" });
    });

    test("the admin API wants its token", async () => {
      const open = (headers: Record<string, string>) => fetch(`${gateway.url}/admin/api/config`, { headers });
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
  });
}
