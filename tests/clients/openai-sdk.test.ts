import { zodResponseFormat } from "openai/helpers/zod";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { completion, sendJson } from "../support/upstream.ts";
import { ASK, completionOf, PATHS, QUESTION, start, wireBody } from "./paths.ts";

const VARIANTS = { enriched: "prompted", bare: "tuned" } as const;

describe.each(PATHS)("the openai SDK on the %s path", (path) => {
  test("gets the upstream's answer, known members and unknown ones, and the gateway's headers", async () => {
    const sent = {
      ...completion("Because.", { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }),
      system_fingerprint: "fp_1",
      service_tier: "default",
      x_vendor: { nested: [1, null, { deep: "Ünïcödé 🍲" }], empty: {} },
    };
    const { client } = await start((_received, response) => sendJson(response, sent));
    const { data, response, request_id } = await client.chat.completions
      .create({ model: path, ...ASK })
      .withResponse();
    expect(data).toEqual(sent);
    expect(data.usage?.total_tokens).toBe(11);
    expect(request_id).toMatch(/^cx_[0-9a-f]{32}$/);
    expect(data).toHaveProperty("_request_id", request_id);
    const header = (name: string): string | null => response.headers.get(`x-crossover-${name}`);
    expect(
      Object.fromEntries(["request-id", "route", "rule", "variant", "path"].map((one) => [one, header(one)])),
    ).toEqual({ "request-id": request_id, route: path, rule: "all", variant: VARIANTS[path], path });
  });

  test("sends members that the gateway does not know, at the top and in a message, untouched", async () => {
    const { client, upstream } = await start();
    const unknown = {
      x_vendor: { list: [0.1, -1, 1e21, true, null], text: 'quotes " and \\ and 🍲' },
      top_k: 40,
      temperature: 0,
      logit_bias: { "50256": -100 },
      stop: null,
      metadata: { tier: "gold" },
      user: "user-1",
    };
    const message = { role: "user" as const, content: QUESTION, name: "ann", x_cache: { ttl: 5 } };
    await client.chat.completions.create({ model: path, messages: [message], ...unknown });
    expect(upstream.received[0]?.body).toEqual({
      ...wireBody(path, (content) => [{ ...message, content }]),
      ...unknown,
    });
  });

  test("sends images in a message of several parts; only the text gets the cue", async () => {
    const { client, upstream } = await start();
    const parts = (text: string) => [
      {
        type: "image_url" as const,
        image_url: { url: "data:image/png;base64,iVBORw0KGgo=", detail: "low" as const },
      },
      { type: "text" as const, text },
      { type: "image_url" as const, image_url: { url: "https://images.example/pie.jpg" } },
    ];
    await client.chat.completions.create({
      model: path,
      messages: [{ role: "user", content: parts(QUESTION) }],
    });
    expect(upstream.received[0]?.body).toEqual(
      wireBody(path, (text) => [{ role: "user", content: parts(text) }]),
    );
  });

  test("parses an answer by a zod schema, which reaches the upstream as a JSON schema", async () => {
    const recipe = z.object({ title: z.string(), minutes: z.number() });
    const answer = { title: "Soup", minutes: 20 };
    const { client, upstream } = await start((_received, response) =>
      sendJson(response, completionOf({ content: JSON.stringify(answer) })),
    );
    const format = zodResponseFormat(recipe, "recipe");
    const { choices } = await client.chat.completions.parse({ model: path, ...ASK, response_format: format });
    expect(choices[0]?.message.parsed).toEqual(answer);
    expect(upstream.received[0]?.body).toEqual({
      ...wireBody(path),
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "recipe",
          strict: true,
          schema: expect.objectContaining({
            type: "object",
            properties: { title: { type: "string" }, minutes: { type: "number" } },
            required: ["title", "minutes"],
            additionalProperties: false,
          }),
        },
      },
    });
  });
});

test("the openai SDK reads the list of models page by page, and finds only the gateway's routes in it", async () => {
  const { client, upstream } = await start();
  const ids: string[] = [];
  for await (const { id, object, owned_by } of client.models.list()) {
    expect([object, owned_by]).toEqual(["model", "crossover"]);
    ids.push(id);
  }
  expect(ids).toEqual(PATHS);
  for (const id of ids) expect((await client.models.retrieve(id)).id).toBe(id);
  expect(upstream.received).toEqual([]);
});
