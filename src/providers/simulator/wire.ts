import type { Choice, SimulatedAnswer } from "./answer.ts";
import { piecesOf } from "./answer.ts";

const FINGERPRINT = "fp_crossover_simulator";
/** A fixed time, so that answers are the same bytes each time: 2026-01-01T00:00:00Z. */
const CREATED = 1_767_225_600;

/** The answer as OpenAI's `chat.completion` object. */
export function completionJson(answer: SimulatedAnswer): string {
  return JSON.stringify({
    id: answer.id,
    object: "chat.completion",
    created: CREATED,
    model: answer.model,
    choices: answer.choices.map((choice) => ({
      index: choice.index,
      message: {
        role: "assistant",
        content: choice.content,
        refusal: null,
        ...(choice.toolCall === undefined
          ? {}
          : {
              tool_calls: [
                { id: choice.toolCall.id, type: "function", function: functionOf(choice.toolCall) },
              ],
            }),
      },
      logprobs: null,
      finish_reason: choice.finish,
    })),
    usage: usageOf(answer),
    service_tier: "default",
    system_fingerprint: FINGERPRINT,
  });
}

/** The answer as OpenAI's server-sent events, one string an event, `[DONE]` last. */
export function completionEvents(answer: SimulatedAnswer, includeUsage: boolean): string[] {
  const chunk = (choices: readonly unknown[], usage: unknown): string =>
    `data: ${JSON.stringify({
      id: answer.id,
      object: "chat.completion.chunk",
      created: CREATED,
      model: answer.model,
      service_tier: "default",
      system_fingerprint: FINGERPRINT,
      choices,
      ...(includeUsage ? { usage } : {}),
    })}\n\n`;
  const events = answer.choices.flatMap((choice) =>
    choiceDeltas(choice).map((delta) => chunk([delta], null)),
  );
  if (includeUsage) events.push(chunk([], usageOf(answer)));
  return [...events, "data: [DONE]\n\n"];
}

function choiceDeltas({ index, content, toolCall, finish }: Choice): unknown[] {
  const delta = (value: unknown, finishReason: string | null = null): unknown => ({
    index,
    delta: value,
    logprobs: null,
    finish_reason: finishReason,
  });
  const pieces =
    toolCall === undefined
      ? piecesOf(content ?? "").map((piece) => delta({ content: piece }))
      : [
          delta({
            tool_calls: [
              {
                index: 0,
                id: toolCall.id,
                type: "function",
                function: { name: toolCall.name, arguments: "" },
              },
            ],
          }),
          delta({ tool_calls: [{ index: 0, function: { arguments: toolCall.arguments } }] }),
        ];
  const first =
    toolCall === undefined
      ? { role: "assistant", content: "", refusal: null }
      : { role: "assistant", content: null, refusal: null };
  return [delta(first), ...pieces, delta({}, finish)];
}

function functionOf(call: { readonly name: string; readonly arguments: string }): unknown {
  return { name: call.name, arguments: call.arguments };
}

function usageOf({ usage }: SimulatedAnswer): unknown {
  return {
    ...usage,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** An error body in OpenAI's shape. */
export function errorJson(
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): string {
  return JSON.stringify({ error: { message: `[simulated] ${message}`, type, param, code } });
}
