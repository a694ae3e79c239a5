import { known } from "../domain/made.ts";
import type { Key, LimitSettings, Table } from "../domain/table.ts";
import type { Claim, Ledger, Outcome } from "../limits/ledger.ts";
import { claimOn, isBudgetQuota, type Quota, quotasOf, type Subject } from "../limits/quotas.ts";
import { WaitingLine } from "../limits/waiting-line.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { Permit, refusal } from "./permit.ts";
import { rateHeaders } from "./rate-headers.ts";
import { Reckoning, type Wanted } from "./reckoning.ts";

/** Most requests that wait for one budget. */
const MOST_WAITING = 1000;

const NO_QUOTAS: readonly Quota[] = [];

/** Where limits are counted. */
export interface LedgerAccess {
  readonly ledger: Ledger;
  /** Where others settle too: about how often who waits looks again, in milliseconds. */
  readonly retryMs?: number;
}

/** Reserves for each request what it may take of all limits that apply to it. */
export class Limiter {
  readonly #ledger: Ledger;
  readonly #line: WaitingLine;
  readonly #metrics: Metrics;
  readonly #quotas = new WeakMap<LimitSettings, readonly Quota[]>();

  constructor({ ledger, ...waiting }: LedgerAccess, metrics: Metrics) {
    this.#ledger = ledger;
    this.#line = new WaitingLine(ledger, { most: MOST_WAITING, ...waiting });
    this.#metrics = metrics;
  }

  /** The limits that apply to a key's requests on a route; none for most. */
  quotas(key: Key | undefined, route: string, { tagLimits, routes }: Table): readonly Quota[] {
    const limits = routes.get(route)?.limits;
    const quotas = this.#of({ by: "route", name: route }, limits);
    if (key === undefined) return quotas;
    const tags = tagLimits.size === 0 ? [] : [...new Set(key.tags)];
    if (key.limits === undefined && tags.length === 0) return quotas;
    return [
      ...this.#of({ by: "key", name: key.name }, key.limits),
      ...tags.flatMap((tag) => this.#of({ by: "tag", name: tag }, tagLimits.get(tag))),
      ...quotas,
    ];
  }

  /**
   * Reserves. Where only others' reservations are in the way, waits for them to settle.
   * @param signal aborted when nobody waits for the answer any more
   * @returns undefined when that was so
   * @throws GatewayError 429 `rate_limit_exceeded` or `insufficient_quota`, 503 `price_missing`
   */
  async admit(all: readonly Quota[], wanted: Wanted, signal: AbortSignal): Promise<Permit | undefined> {
    const quotas = wanted.request.fields.stream ? all : all.filter(({ measure }) => measure !== "streams");
    const inMoney = quotas.some(isBudgetQuota);
    const reckoning = new Reckoning(wanted, inMoney);
    const claims = quotas.map((quota) => claimOn(quota, reckoning.estimate));
    const patience = { ms: wanted.table.limiting.waitMs, signal };
    const outcome = await (inMoney ? this.#line.reserve(claims, patience) : this.#ledger.reserve(claims));
    if (signal.aborted) return this.#giveBack(outcome);
    if (outcome === undefined) return undefined;
    if (outcome.kind === "granted") return new Permit(quotas, outcome, reckoning);
    return this.#refuse(quotas, claims, outcome);
  }

  /**
   * Lets a key give feedback, as often a minute as it may chat, beside its chats.
   * @throws GatewayError 429 `rate_limit_exceeded`
   */
  async admitFeedback({ name, limits }: Key): Promise<void> {
    if (limits?.requestsPerMinute === undefined) return;
    // No key's name has a `#`.
    const quotas = quotasOf({ by: "key", name: `${name}#feedback` }, limits).filter(
      ({ measure }) => measure === "requests",
    );
    const claims = quotas.map((quota) => claimOn(quota, { stream: false, tokens: 0, nanoUsd: 0 }));
    const outcome = await this.#ledger.reserve(claims);
    if (outcome.kind === "refused") this.#refuse(quotas, claims, outcome);
    await outcome.reservation.settle([1]);
  }

  #refuse(
    quotas: readonly Quota[],
    claims: readonly Claim[],
    refused: Extract<Outcome, { kind: "refused" }>,
  ): never {
    const quota = quotas[claims.indexOf(refused.claim)];
    if (quota === undefined) throw new RangeError("the ledger refused a claim that nobody made");
    this.#metrics.limited(quota.subject.by, quota.measure);
    throw refusal(quota, refused, rateHeaders(quotas, refused.standings));
  }

  async #giveBack(outcome: Outcome | undefined): Promise<undefined> {
    if (outcome?.kind === "granted") await outcome.reservation.release();
    return undefined;
  }

  #of(subject: Subject, limits: LimitSettings | undefined): readonly Quota[] {
    return limits === undefined ? NO_QUOTAS : known(this.#quotas, limits, () => quotasOf(subject, limits));
  }
}
