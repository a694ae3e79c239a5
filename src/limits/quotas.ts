import type { LimitSettings } from "../domain/table.ts";
import { type Claim, usdToNano, type Window } from "./ledger.ts";

export type Measure = "requests" | "tokens" | "streams" | "usd-day" | "usd-month";

/** Who is limited. */
export interface Subject {
  readonly by: "key" | "tag" | "route";
  readonly name: string;
}

/** One limit of one subject. */
export interface Quota {
  readonly subject: Subject;
  readonly measure: Measure;
  readonly window: Window;
  readonly bucket: string;
  /** Whole units: requests, tokens, streams, nano-USD. */
  readonly limit: number;
}

/** The most that a request can take. */
export interface Estimate {
  readonly stream: boolean;
  readonly tokens: number;
  readonly nanoUsd: number;
}

const MINUTE: Window = { kind: "sliding", ms: 60_000 };

/** The limits of a subject, one by one. */
export function quotasOf(subject: Subject, limits: LimitSettings): readonly Quota[] {
  const quota = (measure: Measure, window: Window, limit: number | undefined): Quota[] => {
    const bucket = `${subject.by}:${subject.name}:${measure}`;
    return limit === undefined ? [] : [{ subject, measure, window, bucket, limit }];
  };
  const nano = (usd: number | undefined): number | undefined => (usd === undefined ? usd : usdToNano(usd));
  return [
    ...quota("requests", MINUTE, limits.requestsPerMinute),
    ...quota("tokens", MINUTE, limits.tokensPerMinute),
    ...quota("streams", { kind: "open" }, limits.concurrentStreams),
    ...quota("usd-day", { kind: "day" }, nano(limits.usdPerDay)),
    ...quota("usd-month", { kind: "month" }, nano(limits.usdPerMonth)),
  ];
}

export function isBudgetQuota({ measure }: Quota): boolean {
  return measure === "usd-day" || measure === "usd-month";
}

/** What a request claims of a quota. More tokens than a minute has can't be had: it claims the whole minute. */
export function claimOn({ bucket, window, limit, measure }: Quota, estimate: Estimate): Claim {
  const amount = amountOf(measure, estimate);
  return { bucket, window, limit, amount: measure === "tokens" ? Math.min(amount, limit) : amount };
}

/** Units of a measure in what a request takes. */
export function amountOf(measure: Measure, { tokens, nanoUsd }: Omit<Estimate, "stream">): number {
  switch (measure) {
    case "requests":
    case "streams":
      return 1;
    case "tokens":
      return tokens;
    case "usd-day":
    case "usd-month":
      return nanoUsd;
  }
}
