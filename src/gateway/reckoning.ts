import { type ChatRequest, conversationTokens, mostOutputTokens } from "../domain/chat.ts";
import { serverError } from "../domain/errors.ts";
import type { Table, Variant } from "../domain/table.ts";
import { costOf, type Usage } from "../domain/usage.ts";
import { usdToNano } from "../limits/ledger.ts";
import type { Estimate } from "../limits/quotas.ts";

/** What is asked, and what it costs: a variant, or a model by itself. */
export type Payee = Pick<Variant, "name" | "model" | "params">;

/** A request before it is sent. */
export interface Wanted {
  readonly request: ChatRequest;
  /** The variant that was decided on. */
  readonly variant: Payee;
  readonly table: Table;
  /** Tokens that its prompt adds. */
  readonly addedTokens: number;
}

/** What a request came to. */
export interface Taken {
  /** The variant that answered; undefined when nobody did, or the answer was there already. */
  readonly variant: Payee | undefined;
  /** Undefined when the upstream told none. */
  readonly usage: Usage | undefined;
  /** Estimated, of what came; counts where there is no usage. */
  readonly outputTokens: number;
}

/** Tokens and nano-USD; undefined where nobody knows what it cost. */
export interface Amounts {
  readonly tokens: number;
  readonly nanoUsd: number | undefined;
}

/** More than a request can cost: a slip in a price must not be more than can be counted. */
const MOST_USD = 1_000_000;

const NOTHING: Amounts = { tokens: 0, nanoUsd: 0 };

/** What a request may take, and what it took, in tokens and money. */
export class Reckoning {
  readonly estimate: Estimate;
  readonly #inputTokens: number;

  /**
   * @param inMoney is there a budget?
   * @throws GatewayError 503 `price_missing` when there is one, and the model has no price
   */
  constructor({ request, variant, table, addedTokens }: Wanted, inMoney: boolean) {
    this.#inputTokens = conversationTokens(request) + addedTokens;
    const usage = {
      input: this.#inputTokens,
      cachedInput: 0,
      output: mostOutputTokens(request, variant.params, table.limiting.outputTokens),
    };
    const nanoUsd = inMoney ? nanoOf(usage, variant) : 0;
    if (nanoUsd === undefined) throw priceMissing(variant);
    this.estimate = { stream: request.fields.stream, tokens: usage.input + usage.output, nanoUsd };
  }

  /** Where the upstream told no usage, what was sent and what came is estimated. */
  amounts({ variant, usage, outputTokens }: Taken): Amounts {
    if (variant === undefined) return NOTHING;
    const used = usage ?? { input: this.#inputTokens, cachedInput: 0, output: outputTokens };
    return { tokens: used.input + used.output, nanoUsd: nanoOf(used, variant) };
  }
}

function nanoOf(usage: Usage, { model: { price } }: Payee): number | undefined {
  return price === undefined ? undefined : usdToNano(Math.min(costOf(usage, price), MOST_USD));
}

function priceMissing({ name, model }: Payee): Error {
  return serverError(
    503,
    "price_missing",
    `There is a budget, and nobody knows what the variant \`${name}\` costs. Its model \`${model.name}\` needs a price.`,
    { "x-should-retry": "false" },
  );
}
