import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";

test("the enriched path builds the prompt around the query for the base model", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.client.chat.completions
    .create({ model: "enriched", messages: [{ role: "user", content: "Why?" }] })
    .withResponse();
  expect(answer.data.choices[0]?.message.content).toBe("ok");
  expect(upstream.received[0]?.body).toEqual({
    model: "base-model",
    messages: [
      { role: "system", content: "You are a helper." },
      { role: "user", content: "Example question" },
      { role: "assistant", content: "Example answer" },
      { role: "user", content: "Question: Why?" },
    ],
  });
  const header = (name: string): string | null => answer.response.headers.get(`x-crossover-${name}`);
  expect([header("route"), header("rule"), header("variant"), header("path")]).toEqual([
    "enriched",
    "all",
    "prompted",
    "enriched",
  ]);
  expect(header("request-id")).toMatch(/^cx_[0-9a-f]{32}$/);
});

test("the bare path forwards the conversation alone to the fine-tuned model", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const { response } = await gateway.client.chat.completions
    .create({
      model: "bare",
      messages: [
        { role: "system", content: "An old system message" },
        { role: "user", content: "Why?" },
      ],
    })
    .withResponse();
  expect(upstream.received[0]?.body).toEqual({
    model: "base-model-tuned",
    messages: [{ role: "user", content: "Why?" }],
  });
  expect(response.headers.get("x-crossover-path")).toBe("bare");
});
