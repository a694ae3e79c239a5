import { type ChatRequest, conversationTokens, lastUserIndex, textOf } from "./chat.ts";
import { memberOf } from "./json.ts";
import type { Standings } from "./rollout.ts";
import type { Key, VariantHealth } from "./table.ts";

/** What a decision rests on besides the request and the table. Same signals, same decision. */
export interface Signals {
  /** Request headers by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly key: Key | undefined;
  readonly now: Date;
  /** From [0, 1): decides unsticky splits. */
  readonly random: number;
  readonly health: Readonly<Record<string, VariantHealth>>;
  readonly rollouts: Standings;
  /** A variant that the client forces. */
  readonly force: string | undefined;
}

/** The request as conditions see it. Costly parts are computed only when a condition asks. */
export class RequestView {
  readonly #request: ChatRequest;
  #lastUserMessage: string | undefined;
  #inputTokens: bigint | undefined;
  #tools: readonly string[] | undefined;
  #params: Readonly<Record<string, unknown>> | undefined;

  constructor(request: ChatRequest) {
    this.#request = request;
  }

  get messages(): unknown {
    return this.#request.body["messages"];
  }

  /** The text of the last user message; "" when there is none. */
  get lastUserMessage(): string {
    const { messages } = this.#request;
    this.#lastUserMessage ??= textOf(messages[lastUserIndex(messages)]?.content);
    return this.#lastUserMessage;
  }

  /** Estimated tokens of the conversation as the client sent it. CEL counts in 64-bit integers. */
  get inputTokens(): bigint {
    this.#inputTokens ??= BigInt(conversationTokens(this.#request));
    return this.#inputTokens;
  }

  get stream(): boolean {
    return this.#request.fields.stream;
  }

  /** Names of the tools on offer. */
  get tools(): readonly string[] {
    const tools = this.#request.body["tools"];
    this.#tools ??= Array.isArray(tools) ? tools.map(toolName).filter((name) => name !== "") : [];
    return this.#tools;
  }

  /** All other members of the body: temperature, max_tokens, response_format, ... */
  get params(): Readonly<Record<string, unknown>> {
    if (this.#params === undefined) {
      const { messages: _messages, tools: _tools, metadata: _metadata, ...params } = this.#request.body;
      this.#params = params;
    }
    return this.#params;
  }
}

function toolName(tool: unknown): string {
  const name = memberOf(memberOf(tool, "function") ?? tool, "name");
  return typeof name === "string" ? name : "";
}
