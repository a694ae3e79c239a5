import { exampleTokens, type Tokenizer, tokenizerFor } from "../datasets/tokens.ts";
import type { ChatRequest } from "../domain/chat.ts";
import { parseJson } from "../domain/json.ts";
import { known } from "../domain/made.ts";
import { isRedacted } from "../domain/redactor.ts";
import type { Variant } from "../domain/table.ts";
import { bare } from "../prompts/bare.ts";
import { enrich } from "../prompts/enrich.ts";

export interface InputTokens {
  readonly tokens: number;
  /** As the model's own tokenizer counts what it would be sent? */
  readonly exact: boolean;
}

/** Counts what a variant would be sent. */
export class InputCounter {
  readonly #tokenizers = new Map<string, Promise<Tokenizer>>();

  /** @throws GatewayError 500 `prompt_failed` as when a request is served */
  async count(request: ChatRequest, variant: Variant): Promise<InputTokens> {
    const { baseModel, upstreamModel } = variant.model;
    const tokenizer = await known(this.#tokenizers, baseModel ?? upstreamModel, tokenizerFor);
    const { messages, body } = sentTo(request, variant);
    const given = { ...defaultsOf(variant), ...body };
    const counted = exampleTokens(
      messages.map(({ json }) => parseJson(json)),
      given,
      tokenizer,
    );
    const whole = messages.every(({ json }) => !isRedacted(json));
    return { tokens: counted.total, exact: counted.exact && whole };
  }
}

function sentTo(request: ChatRequest, { prompt, bare: mode }: Variant): ChatRequest {
  return prompt === undefined ? bare(request, mode) : enrich(request, prompt).request;
}

function defaultsOf({ params }: Variant): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(params).map(([name, json]) => [name, parseJson(json)]));
}
