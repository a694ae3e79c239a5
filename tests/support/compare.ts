import { type ComparisonAnswer, comparisonAnswer } from "../../src/comparison/document.ts";
import { twoPaths } from "./config.ts";
import type { TestGateway } from "./gateway.ts";
import { completion, type Received, type Respond, respondStream, sendJson } from "./upstream.ts";

/** The variants `prompted` and `tuned`, a judge and a model for embeddings, all on one upstream. */
export function comparable(
  url: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return twoPaths(url, {
    models: {
      base: { provider: "up", model: "base-model", price: { input: 1, output: 2 } },
      ft: { provider: "up", model: "ft-model", price: { input: 3, output: 6 } },
      judge: { provider: "up", model: "judge-model", price: { input: 10, output: 20 } },
      vectors: { provider: "up", model: "vector-model", price: { input: 0.02, output: 0 } },
    },
    variants: {
      prompted: { model: "base", prompt: "helper", fallback: ["tuned"] },
      tuned: { model: "ft" },
      judge: { model: "judge" },
    },
    compare: { judge: { variant: "judge", rubric: "Short and right." } },
    ...more,
  });
}

/** Answers by the model that is asked; with a stream of one word where nothing is said. */
export function byModel(answers: Readonly<Record<string, Respond>>): Respond {
  return (received, response) => {
    const respond = answers[String(received.body["model"])] ?? respondStream(["fine"]);
    return respond(received, response);
  };
}

/** A judge that always takes what it reads first for better. */
export const likesTheFirst: Respond = (_received, response) =>
  sendJson(response, completion('{"reason": "It came first.", "better": "first"}'));

/** What an upstream was sent, by its model. */
export function askedOf(received: readonly Received[], model: string): readonly Received[] {
  return received.filter(({ body }) => body["model"] === model);
}

export const QUESTION = {
  messages: [{ role: "user", content: "Why?" }],
  variants: ["prompted", "tuned"],
};

export function postCompare(
  { url }: TestGateway,
  body: Readonly<Record<string, unknown>> = {},
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${url}/v1/compare`, {
    method: "POST",
    body: JSON.stringify({ ...QUESTION, ...body }),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
}

export async function answerOf(response: Response): Promise<ComparisonAnswer> {
  return comparisonAnswer.parse(await response.json());
}
