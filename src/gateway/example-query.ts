import type { Query } from "../comparison/compare.ts";
import { isObject, memberOf } from "../domain/json.ts";
import type { Table } from "../domain/table.ts";
import { parseChat } from "./parse.ts";

/** Makes requests out of bodies. */
export interface Reading {
  readonly table: Table;
  readonly route: string | undefined;
}

/**
 * A chat request, or an example for fine-tuning, whose last message is what is expected.
 * @throws GatewayError 400 for what is no chat request
 */
export function exampleQuery(body: Readonly<Record<string, unknown>>, reading: Reading): Query {
  const { messages } = body;
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!Array.isArray(messages) || memberOf(last, "role") !== "assistant")
    return chatQuery(body, undefined, reading);
  return chatQuery({ ...body, messages: messages.slice(0, -1) }, last, reading);
}

/** @throws GatewayError 400 for what is no chat request */
export function chatQuery(
  body: Readonly<Record<string, unknown>>,
  expected: unknown,
  { table, route }: Reading,
): Query {
  const { stream: _stream, stream_options: _options, messages, ...rest } = body;
  const request = { ...rest, model: route ?? "none", messages: withoutWeights(messages) };
  const text = JSON.stringify(request);
  return {
    request: parseChat(Buffer.from(text), table.server.jsonLimits),
    expected,
    captureId: undefined,
  };
}

/** Weights are for training; an upstream refuses them. */
function withoutWeights(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  return messages.map((message: unknown) => {
    if (!isObject(message)) return message;
    const { weight: _weight, ...rest } = message;
    return rest;
  });
}
