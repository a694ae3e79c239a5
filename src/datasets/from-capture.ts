import { answerIn } from "../domain/answer.ts";
import type { Feedback } from "../domain/capture.ts";
import { isObject, memberOf, parseJson, parseObject } from "../domain/json.ts";
import type { BareMode } from "../domain/table.ts";
import { bareMessages } from "../prompts/bare.ts";
import type { StoredCapture } from "../store/store.ts";
import type { Example, ExampleMessage } from "./example.ts";
import { turnHashes } from "./keyed-row.ts";
import { parseExample } from "./parse-example.ts";
import { answerOf, type Row } from "./row.ts";

/** What keeps rows on one side of the split. */
export type GroupBy =
  | { readonly by: "none" }
  /** OpenAI's user, or the key of the decision where there is none. */
  | { readonly by: "user" }
  | { readonly by: "metadata"; readonly name: string };

export interface ExampleOptions {
  /** How the variant that is to be trained bares a request. */
  readonly bare: BareMode;
  readonly groupBy: GroupBy;
  /** The feedback by which answers are rated. */
  readonly ratedBy: string | undefined;
  /** JSON texts of the members that the variant gave the request where the client gave none. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * A capture as a training example: the client's own query as the bare path sends it, and what the enriched path
 * answered, or the reviewer's `correction` instead. Only the last answer is learned.
 * @returns the row, or why there is none
 */
export function toExample(capture: StoredCapture, options: ExampleOptions): Row | string {
  const { content, feedback } = capture;
  if (content === undefined) return "its texts were not kept";
  const request = parseObject(content.request);
  if (request === undefined) return "its request can't be read";
  if (memberOf(request, "functions") !== undefined) return "it uses `functions`, which `tools` replaced";
  const member = (name: string): unknown => request[name] ?? parseJson(options.params[name] ?? "null");
  const given = exampleOf(
    request["messages"],
    answerIn(parseJson(content.answer ?? "")),
    member("tools"),
    request,
  );
  if (given === undefined) return "it has no answer, or one that is no chat message";
  const correction = correctionIn(feedback);
  const messages = learnLast(bareMessages(given.messages, options.bare), correction);
  return {
    id: capture.id,
    at: capture.at,
    since: capture.at,
    copies: 1,
    example: { ...given, messages },
    source: {
      route: capture.route,
      variant: capture.variant,
      model: capture.model,
      prompt: capture.prompt,
      promptVersion: capture.promptVersion,
    },
    responseFormat: member("response_format") ?? undefined,
    finishReason: correction === undefined ? content.finishReason : undefined,
    truncated: correction === undefined && content.truncated,
    corrected: correction !== undefined,
    simulated: correction === undefined && capture.simulated,
    rating: ratingOf(feedback, options.ratedBy),
    group: groupOf(capture, options.groupBy),
    turns: turnHashes(bareMessages(given.messages, "strip-system")),
  };
}

function exampleOf(
  asked: unknown,
  answer: unknown,
  tools: unknown,
  request: Readonly<Record<string, unknown>>,
): Example | undefined {
  if (!Array.isArray(asked) || answer === undefined) return undefined;
  const withTools = Array.isArray(tools) && tools.length > 0;
  const parallel = request["parallel_tool_calls"];
  const example = parseExample({
    messages: [...asked.map(plain), plain(answer)],
    ...(withTools && { tools }),
    ...(withTools && typeof parallel === "boolean" && { parallel_tool_calls: parallel }),
  });
  return example !== undefined && answerOf(example)?.role === "assistant" ? example : undefined;
}

/** A message without what says nothing: nulls, no tool calls, a call's place in a stream, a weight that is not ours. */
function plain(message: unknown): unknown {
  if (!isObject(message)) return message;
  const entries = Object.entries(message).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || name === "weight") return [];
    if (name !== "tool_calls" || !Array.isArray(value)) return [[name, value]];
    return value.length === 0 ? [] : [[name, value.map(withoutIndex)]];
  });
  return Object.fromEntries(entries);
}

function withoutIndex(call: unknown): unknown {
  if (!isObject(call)) return call;
  const { index: _, ...rest } = call;
  return rest;
}

function learnLast(
  messages: readonly ExampleMessage[],
  correction: string | undefined,
): readonly ExampleMessage[] {
  return messages.map((message, index) => {
    if (index === messages.length - 1)
      return correction === undefined ? message : { role: "assistant", content: correction };
    return message.role === "assistant" ? { ...message, weight: 0 } : message;
  });
}

function latest(feedback: readonly Feedback[], name: string): Feedback | undefined {
  return feedback.findLast((one) => one.name === name);
}

function correctionIn(feedback: readonly Feedback[]): string | undefined {
  const value = latest(feedback, "correction")?.value;
  return typeof value === "string" ? value : undefined;
}

/**
 * The latest value of the feedback of this name, or else of `thumbs`, or else of `score`: a number as it is, true as 1,
 * false as -1. A correction is better than any.
 */
function ratingOf(feedback: readonly Feedback[], name: string | undefined): number {
  if (correctionIn(feedback) !== undefined) return Number.MAX_VALUE;
  const names = name === undefined ? ["thumbs", "score"] : [name];
  const value = names.map((one) => latest(feedback, one)?.value).find((one) => one !== undefined);
  switch (typeof value) {
    case "number":
      return value;
    case "boolean":
      return value ? 1 : -1;
    default:
      return 0;
  }
}

function groupOf({ user, stickyKey, metadata }: StoredCapture, groupBy: GroupBy): string | undefined {
  switch (groupBy.by) {
    case "none":
      return undefined;
    case "user":
      return user ?? stickyKey;
    case "metadata":
      return Object.hasOwn(metadata, groupBy.name) ? metadata[groupBy.name] : undefined;
  }
}
