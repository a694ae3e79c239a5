import { GatewayError } from "../domain/errors.ts";
import type { Granted, Refused } from "../limits/ledger.ts";
import { amountOf, type Quota } from "../limits/quotas.ts";
import { rateHeaders } from "./rate-headers.ts";
import type { Reckoning, Taken } from "./reckoning.ts";

/** A request may go, and holds what it may take until it is settled. */
export class Permit {
  /** `x-ratelimit-*` for the answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #quotas: readonly Quota[];
  readonly #granted: Granted;
  readonly #reckoning: Reckoning;

  constructor(quotas: readonly Quota[], granted: Granted, reckoning: Reckoning) {
    this.#quotas = quotas;
    this.#granted = granted;
    this.#reckoning = reckoning;
    this.headers = rateHeaders(quotas, granted.standings);
  }

  /** Only the first call counts. */
  settle(taken: Taken): void {
    const { tokens, nanoUsd } = this.#reckoning.amounts(taken);
    // Where nobody knows the cost, what was reserved stays.
    const amounts = this.#quotas.map(({ measure }) =>
      amountOf(measure, { tokens, nanoUsd: nanoUsd ?? Number.NaN }),
    );
    void this.#granted.reservation.settle(amounts);
  }
}

/** 429 in OpenAI's words: a rate that is exceeded, or money that is spent. */
export function refusal(
  quota: Quota,
  refused: Refused,
  headers: Readonly<Record<string, string>>,
): GatewayError {
  const { measure } = quota;
  const inMoney = measure === "usd-day" || measure === "usd-month";
  const seconds = Math.max(1, Math.ceil((refused.retryAfterMs ?? 60_000) / 1000));
  const isSpent = inMoney && refused.spent;
  return new GatewayError({
    status: 429,
    type: isSpent ? "insufficient_quota" : measure === "tokens" ? "tokens" : "requests",
    code: isSpent ? "insufficient_quota" : "rate_limit_exceeded",
    message: `${whose(quota)} ${words(quota, refused.spent)} Try again in ${seconds} s.`,
    headers: {
      ...headers,
      "retry-after": String(seconds),
      ...(isSpent ? { "x-should-retry": "false" } : {}),
    },
  });
}

function whose({ subject: { by, name } }: Quota): string {
  switch (by) {
    case "key":
      return "Your key";
    case "tag":
      return `All keys with the tag \`${name}\` together`;
    case "route":
      return `The route \`${name}\``;
  }
}

function words({ measure, limit }: Quota, spent: boolean): string {
  switch (measure) {
    case "requests":
      return `may have ${limit} requests a minute, and had them.`;
    case "tokens":
      return `may have ${limit} tokens a minute, and too few are left for this request.`;
    case "streams":
      return `may have ${limit} streams at a time, and has them.`;
    case "usd-day":
    case "usd-month": {
      const budget = `may spend ${limit / 1e9} USD a ${measure === "usd-day" ? "day" : "month"}`;
      return spent ? `${budget}, and did.` : `${budget}. Requests under way have reserved the rest.`;
    }
  }
}
