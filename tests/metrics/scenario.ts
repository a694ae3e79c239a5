import { twoPaths } from "../support/config.ts";
import type { TestGateway } from "../support/gateway.ts";
import { completion, type Respond, respondStream, sendJson } from "../support/upstream.ts";

const USAGE = {
  prompt_tokens: 1000,
  completion_tokens: 200,
  total_tokens: 1200,
  prompt_tokens_details: { cached_tokens: 400 },
};

/** Both paths with prices, a model whose price is public, a rollout, a fallback and a rule that can fail. */
export function config(upstreamUrl: string): Record<string, unknown> {
  return twoPaths(upstreamUrl, {
    providers: {
      up: { kind: "openai-compatible", baseURL: `${upstreamUrl}/v1` },
      openai: { kind: "openai", baseURL: `${upstreamUrl}/v1`, apiKey: "sk-upstream-secret-0001" },
    },
    models: {
      base: { provider: "up", model: "base-model", price: { input: 1, cachedInput: 0.25, output: 2 } },
      ft: { provider: "up", model: "base-model-tuned", fineTuned: true, price: { input: 3, output: 6 } },
      broken: { provider: "up", model: "broken" },
      listed: { provider: "openai", model: "gpt-4.1-mini" },
    },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft" },
      public: { model: "listed" },
      fragile: { model: "broken", fallback: ["tuned"] },
    },
    rollouts: {
      move: { control: "prompted", candidate: "tuned", stages: [1, 25], stage: 1, stickyBy: "user" },
    },
    routes: {
      enriched: { rules: [{ name: "all", use: "prompted" }] },
      bare: { rules: [{ name: "all", use: "tuned" }] },
      public: { rules: [{ name: "all", use: "public" }] },
      fragile: { rules: [{ name: "all", use: "fragile" }] },
      failing: {
        rules: [
          { name: "vip", when: 'metadata.tier == "vip"', use: "prompted" },
          { name: "rest", use: "tuned" },
        ],
      },
      moving: { rules: [{ name: "all", use: { rollout: "move" } }] },
    },
  });
}

/** Answers each of the models above. */
export const respond: Respond = (received, response) => {
  if (received.body["model"] === "broken")
    return sendJson(response, { error: { message: "broken", type: "server_error" } }, 500);
  if (received.body["stream"] === true) return respondStream(["a", "b"])(received, response);
  return sendJson(response, { ...completion("ok"), usage: USAGE });
};

/** A request body for a route. */
export const ask = (model: string, more: Readonly<Record<string, unknown>> = {}) => ({
  model,
  messages: [{ role: "user", content: "Why?" }],
  ...more,
});

/** Sends a request and reads its answer. @returns its status */
export async function send(
  gateway: TestGateway,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<number> {
  const answer = await gateway.post(body, headers);
  await answer.text();
  return answer.status;
}

/** The text of /metrics. */
export const scrape = async ({ url }: TestGateway): Promise<string> => (await fetch(`${url}/metrics`)).text();
