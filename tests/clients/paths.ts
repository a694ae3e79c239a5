import type OpenAI from "openai";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { completion, type Respond, sendJson, startUpstream, type Upstream } from "../support/upstream.ts";

/** The routes of `twoPaths`, each named after its path. */
export const PATHS = ["enriched", "bare"] as const;
export type Path = (typeof PATHS)[number];

export const QUESTION = "Why?";
export const ASK = { messages: [{ role: "user", content: QUESTION }] } satisfies {
  messages: OpenAI.ChatCompletionMessageParam[];
};

const UPSTREAM_MODELS = { enriched: "base-model", bare: "base-model-tuned" } as const;

export interface Started {
  readonly upstream: Upstream;
  readonly gateway: TestGateway;
  readonly client: OpenAI;
}

/** An upstream and a gateway with both paths in front of it. */
export async function start(
  respond?: Respond,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Started> {
  const upstream = await startUpstream(respond);
  const gateway = await startGateway(twoPaths(upstream.url, more));
  return { upstream, gateway, client: gateway.client };
}

/** The body that an upstream gets on a path: its own model, and the conversation, on the enriched path in its prompt. */
export function wireBody(
  path: Path,
  conversation: (question: string) => readonly unknown[] = (content) => [{ role: "user", content }],
): Record<string, unknown> {
  const model = UPSTREAM_MODELS[path];
  if (path === "bare") return { model, messages: conversation(QUESTION) };
  return {
    model,
    messages: [
      { role: "system", content: "You are a helper." },
      { role: "user", content: "Example question" },
      { role: "assistant", content: "Example answer" },
      ...conversation(`Question: ${QUESTION}`),
    ],
  };
}

/** A completion with the assistant message given. */
export function completionOf(
  message: Readonly<Record<string, unknown>>,
  finishReason = "stop",
): Record<string, unknown> {
  const whole = { role: "assistant", content: null, refusal: null, ...message };
  return {
    ...completion(""),
    choices: [{ index: 0, message: whole, logprobs: null, finish_reason: finishReason }],
  };
}

/** A tool call as an assistant message holds it. */
export function toolCall(id: string, name: string, args: string): Record<string, unknown> {
  return { id, type: "function", function: { name, arguments: args } };
}

/** Answers one request after the other with the bodies given. */
export function respondInTurn(bodies: readonly unknown[]): Respond {
  const left = [...bodies];
  return (_received, response) => {
    const body = left.shift();
    sendJson(
      response,
      body ?? { error: { message: "one request too many" } },
      body === undefined ? 400 : 200,
    );
  };
}

/** What a promise rejects with; undefined when it resolves. */
export async function thrownBy(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
