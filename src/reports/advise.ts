import { CONFIDENCE, reachOf, shareDifference } from "../domain/statistics.ts";
import type { Agreement } from "./agreement.ts";
import { type Bounds, type Estimate, minus } from "./estimate.ts";
import { count, duration, percent, rounded, usd } from "./words.ts";

/** Fewer in a day are not worth a training run: whatever a request saves, the month's saving is small change. */
export const LEAST_REQUESTS_PER_DAY = 100;
/** A model learns the prompt of the day it was trained on. One that changed within two weeks is likely to again. */
export const STABLE_DAYS = 14;
/** More versions in the range than this are a prompt that is still being written. */
export const MOST_VERSIONS = 3;
/** Below it most input is the clients' own, and a model without a prompt saves little of it. */
export const LEAST_PROMPT_SHARE = 0.3;
/**
 * OpenAI takes 10 and sees clear improvements from 50 to 100 (its guide to fine-tuning). The upper end, as cleaning
 * and a validation part take some away.
 */
export const LEAST_EXAMPLES = 100;
/** Below it one answer in five is another one than the prompt gives: more or better examples come first. */
export const LEAST_AGREEMENT = 0.8;
/** Queries of a comparison that count. Fewer say little of the next thousand. */
export const LEAST_COMPARED = 20;
/** Prices and models change faster than a quarter; a training that pays later may never. */
export const HORIZON_DAYS = 90;
/** Requests that the candidate must have answered before its traffic is judged. */
export const LEAST_CANDIDATE_REQUESTS = 100;
/** More errors than on the enriched path by less than this share are no reason to go back, however certain. */
export const ERROR_MARGIN = 0.005;

/** Days of traffic. Less than one says nothing of a day: nights and quiet hours are not in it. */
export const LEAST_DAYS_SEEN = 1;

/** Requests with feedback of a name on each path. Below some thirty, means are not spread normally. */
export const LEAST_FEEDBACK = 30;

export type Advice =
  /** Keep the prompt. */
  | "stay"
  /** Collect examples first. */
  | "capture"
  /** Fine-tune, and move traffic. */
  | "tune"
  /** The candidate does well: keep it. */
  | "keep"
  /** The candidate does worse: return to the prompt. */
  | "go-back";

export type Topic =
  | "volume"
  | "stability"
  | "prompt_share"
  | "examples"
  | "agreement"
  | "break_even"
  | "portability"
  | "errors"
  | "feedback"
  | "cost";

export interface Reason {
  readonly topic: Topic;
  /** Does it speak for the fine-tuned model? "open": not known, or no matter. */
  readonly speaks: "for" | "against" | "open";
  /** Undefined: not known. `Infinity`: never. */
  readonly value: number | undefined;
  /** Undefined where none applies. */
  readonly threshold: number | undefined;
  readonly text: string;
}

export interface Shares {
  readonly successes: number;
  readonly trials: number;
}

/** Feedback of one name on both paths; more is better. */
export interface FeedbackPair {
  readonly name: string;
  /** Requests that have it, on the path that has fewer. */
  readonly fewest: number;
  readonly enriched: Estimate;
  readonly candidate: Estimate;
}

export interface Facts {
  /** For which there is traffic. 0: none. */
  readonly observedDays: number;
  readonly requestsPerDay: number;
  /** Since the newest version of the prompt was first seen, within the range. Undefined: no enriched traffic. */
  readonly promptDays: number | undefined;
  /** Versions of the prompt that answered in the range. */
  readonly promptVersions: number;
  /** Of the prompt in the input tokens, 0 to 1. Undefined: not known. */
  readonly promptShare: number | undefined;
  readonly examples: {
    /** Captures that look clean, among those that were looked at. */
    readonly clean: number;
    readonly lookedAt: number;
    readonly withFeedback: number;
  };
  /** Of the latest comparison. */
  readonly agreement: Agreement | undefined;
  /** Undefined: not known. */
  readonly breakEvenDays: Bounds | undefined;
  /** Saving at today's rate less hosting, in USD a day. */
  readonly netPerDay: Bounds | undefined;
  readonly horizonDays: number;
  /** Of the variants with a prompt. */
  readonly promptProviders: number;
  readonly errors: { readonly enriched: Shares; readonly candidate: Shares };
  readonly feedback: readonly FeedbackPair[];
}

/** What to do, and why. The reasons that decided come first. */
export function advise(facts: Facts): { readonly advice: Advice; readonly reasons: readonly Reason[] } {
  return facts.errors.candidate.trials >= LEAST_CANDIDATE_REQUESTS ? judged(facts) : considered(facts);
}

/** The candidate has traffic: is it worse than the prompt? */
function judged(facts: Facts) {
  const reasons = [errors(facts), ...feedback(facts), cost(facts), agreement(facts), portability(facts)];
  const worse = reasons.some(
    ({ topic, speaks }) => speaks === "against" && topic !== "portability" && topic !== "agreement",
  );
  return worse
    ? { advice: "go-back" as const, reasons: sorted(reasons, "against") }
    : { advice: "keep" as const, reasons: sorted(reasons, "for") };
}

/** There is none yet: would it pay, and is there enough to train it on? */
function considered(facts: Facts) {
  const pays = [volume(facts), stability(facts), promptShare(facts), breakEven(facts)];
  const learns = [examples(facts), agreement(facts)];
  const reasons = [...pays, ...learns, portability(facts)];
  if (pays.some(({ speaks }) => speaks !== "for"))
    return { advice: "stay" as const, reasons: sorted(reasons, "against") };
  return learns.some(({ speaks }) => speaks === "against")
    ? { advice: "capture" as const, reasons: sorted(reasons, "against") }
    : { advice: "tune" as const, reasons: sorted(reasons, "for") };
}

function sorted(reasons: readonly Reason[], first: "for" | "against"): readonly Reason[] {
  const rank = ({ speaks }: Reason): number => (speaks === first ? 0 : speaks === "open" ? 1 : 2);
  return reasons.toSorted((a, b) => rank(a) - rank(b));
}

function volume({ requestsPerDay, observedDays }: Facts): Reason {
  const reason = { topic: "volume", value: requestsPerDay, threshold: LEAST_REQUESTS_PER_DAY } as const;
  if (requestsPerDay > 0 && observedDays < LEAST_DAYS_SEEN)
    return {
      ...reason,
      speaks: "open",
      text: `About ${rounded(requestsPerDay)} requests a day, from ${duration(observedDays)} of traffic: a whole day at least would tell; from ${LEAST_REQUESTS_PER_DAY} on a training is worth a thought.`,
    };
  return {
    ...reason,
    speaks: requestsPerDay >= LEAST_REQUESTS_PER_DAY ? "for" : "against",
    text: `${rounded(requestsPerDay)} requests a day; from ${LEAST_REQUESTS_PER_DAY} on a training is worth a thought.`,
  };
}

function stability({ promptDays, promptVersions }: Facts): Reason {
  const reason = { topic: "stability", value: promptDays, threshold: STABLE_DAYS } as const;
  if (promptDays === undefined)
    return { ...reason, speaks: "against", text: "No request took the enriched path in this time." };
  if (promptVersions > MOST_VERSIONS)
    return {
      ...reason,
      speaks: "against",
      text: `The prompt had ${promptVersions} versions in this time; with more than ${MOST_VERSIONS} it is still being written.`,
    };
  return {
    ...reason,
    speaks: promptDays >= STABLE_DAYS ? "for" : "against",
    text: `The prompt is known as it is for ${duration(promptDays)}; a model keeps what it was trained on, so ${STABLE_DAYS} days are wanted.`,
  };
}

function promptShare({ promptShare: share }: Facts): Reason {
  const reason = { topic: "prompt_share", value: share, threshold: LEAST_PROMPT_SHARE } as const;
  if (share === undefined)
    return {
      ...reason,
      speaks: "open",
      text: "The prompt's share of the input is not known: no enriched request has a known cost.",
    };
  return {
    ...reason,
    speaks: share >= LEAST_PROMPT_SHARE ? "for" : "against",
    text: `The prompt is ${percent(share)} of the input tokens; from ${percent(LEAST_PROMPT_SHARE)} on it is what costs.`,
  };
}

function breakEven({ breakEvenDays: days, netPerDay, horizonDays }: Facts): Reason {
  const reason = { topic: "break_even", value: days?.value, threshold: horizonDays } as const;
  if (days === undefined)
    return {
      ...reason,
      speaks: "open",
      text:
        netPerDay !== undefined
          ? "When a training pays is not known: give --training-cost."
          : "When a training pays is not known: it takes prices, enriched requests, a candidate and what training it costs.",
    };
  if (days.value === Number.POSITIVE_INFINITY)
    return {
      ...reason,
      speaks: "against",
      text: "The candidate never pays back at this volume, whatever its training costs.",
    };
  return {
    ...reason,
    speaks: days.value <= horizonDays ? "for" : "against",
    text: `The candidate pays back in ${duration(days.value)}; at most ${horizonDays} days are wanted.`,
  };
}

function examples({ examples: { clean, lookedAt, withFeedback } }: Facts): Reason {
  return {
    topic: "examples",
    speaks: clean >= LEAST_EXAMPLES ? "for" : "against",
    value: clean,
    threshold: LEAST_EXAMPLES,
    text: `At most ${clean} of the newest ${lookedAt} captured answers look clean (${withFeedback} with feedback); ${LEAST_EXAMPLES} are wanted.`,
  };
}

function agreement({ agreement: found }: Facts): Reason {
  const reason = { topic: "agreement", value: found?.share, threshold: LEAST_AGREEMENT } as const;
  if (found === undefined)
    return {
      ...reason,
      speaks: "open",
      text: `No comparison of both variants by ${LEAST_COMPARED} queries or more is stored: \`crossover compare\`.`,
    };
  return {
    ...reason,
    speaks: found.share >= LEAST_AGREEMENT ? "for" : "against",
    text: `${MEASURES[found.by]} ${percent(found.share)} over ${count(found.queries, "query", "queries")} of the latest comparison; ${percent(LEAST_AGREEMENT)} are wanted.`,
  };
}

const MEASURES: Readonly<Record<Agreement["by"], string>> = {
  judge: "The judge finds the candidate's answer no worse in",
  embedding: "By their embeddings the answers are alike by",
  edit: "By their letters the answers are alike by",
};

function portability({ promptProviders }: Facts): Reason {
  return {
    topic: "portability",
    speaks: promptProviders > 1 ? "against" : "open",
    value: promptProviders,
    threshold: 1,
    text:
      promptProviders > 1
        ? `The prompt runs at ${promptProviders} providers today, a fine-tuned model at one: keep the prompt as a fallback.`
        : "A fine-tuned model belongs to one provider; the prompt could go to others.",
  };
}

function errors({ errors: { enriched, candidate } }: Facts): Reason {
  const { low, high } = shareDifference(enriched, candidate);
  const share = candidate.successes / candidate.trials;
  const before =
    enriched.trials === 0 ? "" : `, of the enriched path's ${percent(enriched.successes / enriched.trials)}`;
  return {
    topic: "errors",
    speaks: low > ERROR_MARGIN ? "against" : high < ERROR_MARGIN ? "for" : "open",
    value: share,
    threshold: ERROR_MARGIN,
    text: `${percent(share)} of the candidate's requests failed${before}: more by ${percent(low)} to ${percent(high)} of all.`,
  };
}

/** The chance of a wrong alarm is shared out among the names (Bonferroni). */
function feedback({ feedback: pairs }: Facts): readonly Reason[] {
  const reach = reachOf(1 - (1 - CONFIDENCE) / Math.max(1, pairs.length));
  return pairs.map(({ name, fewest, enriched, candidate }) => {
    const { value, error } = minus(candidate, enriched);
    const beyondChance =
      error !== undefined && fewest >= LEAST_FEEDBACK && Math.abs(value) > reach * error && value !== 0;
    return {
      topic: "feedback",
      speaks: beyondChance ? (value < 0 ? "against" : "for") : "open",
      value,
      threshold: 0,
      text: `Feedback \`${name}\` is ${rounded(candidate.value)} on the candidate and ${rounded(enriched.value)} on the enriched path: ${beyondChance ? "more than chance explains" : "no more than chance may do"}.`,
    };
  });
}

function cost({ netPerDay }: Facts): Reason {
  const reason = { topic: "cost", value: netPerDay?.value, threshold: 0 } as const;
  if (netPerDay === undefined)
    return { ...reason, speaks: "open", text: "What the candidate saves is not known." };
  const { value, low, high } = netPerDay;
  return {
    ...reason,
    speaks: high !== undefined && high < 0 ? "against" : low !== undefined && low > 0 ? "for" : "open",
    text: `The candidate ${value < 0 ? "costs" : "saves"} ${usd(Math.abs(value))} a day at this volume, hosting included.`,
  };
}
