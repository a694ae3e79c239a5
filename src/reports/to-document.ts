import type { UsageHour } from "../domain/capture.ts";
import type { BreakEven, Savings } from "./break-even.ts";
import type { Candidate } from "./candidate.ts";
import type { BoundsDocument, ReportDocument } from "./document.ts";
import { type Bounds, boundsOf, type Estimate } from "./estimate.ts";
import type { PromptCost } from "./prompt-cost.ts";
import { daysIn } from "./rate.ts";
import type { Report } from "./report.ts";
import { meanCost, totalsOf } from "./totals.ts";

/** A report as its JSON document. */
export function toDocument({ material, ...report }: Report): ReportDocument {
  const { hours, candidate } = material;
  return {
    object: "crossover.report",
    route: material.route,
    from: new Date(material.period.from).toISOString(),
    to: new Date(material.period.to).toISOString(),
    observed_days: report.observed === undefined ? 0 : daysIn(report.observed),
    totals: totals(hours),
    by_path: groups(hours, ({ path }) => path).map(([path, of]) => ({ path, ...totals(of) })),
    by_variant: groups(hours, ({ variant }) => variant).map(([variant, of]) => ({ variant, ...totals(of) })),
    by_prompt_version: groups(hours, ({ promptVersion }) => promptVersion ?? null).map(([version, of]) => ({
      prompt_version: version,
      ...totals(of),
    })),
    requests_per_day: orNull(report.requestsPerDay, notBelowZero),
    priced_requests_per_day: orNull(report.pricedPerDay, notBelowZero),
    prompt_cost: orNull(report.promptCost, promptDocument),
    candidate: orNull(candidate, candidateDocument),
    break_even: orNull(report.breakEven, breakEvenDocument),
    savings: orNull(report.savings, savingsDocument),
    advice: {
      advice: report.advice.advice,
      reasons: report.advice.reasons.map(({ value, threshold, ...reason }) => ({
        ...reason,
        value: finite(value),
        threshold: finite(threshold),
      })),
    },
    notes: [...report.notes],
  };
}

function groups<Key>(hours: readonly UsageHour[], keyOf: (hour: UsageHour) => Key) {
  return [...Map.groupBy(hours, keyOf)];
}

function totals(hours: readonly UsageHour[]): ReportDocument["totals"] {
  const sum = totalsOf(hours);
  return {
    requests: sum.requests,
    errors: sum.errors,
    cached: sum.cached,
    priced: sum.priced,
    input_tokens: sum.inputTokens,
    cached_input_tokens: sum.cachedInputTokens,
    output_tokens: sum.outputTokens,
    added_tokens: sum.addedTokens,
    cost_usd: sum.costUsd,
    mean_cost_usd: orNull(meanCost(sum), notBelowZero),
    mean_duration_ms: sum.requests === 0 ? null : sum.durationMs / sum.requests,
  };
}

function promptDocument(prompt: PromptCost): ReportDocument["prompt_cost"] {
  return {
    added_tokens_per_request: prompt.addedTokensPerRequest,
    share_of_input: prompt.shareOfInput,
    usd_per_request: prompt.usdPerRequest,
    usd_per_month: prompt.usdPerMonth,
  };
}

function candidateDocument({ variant, price, trainingCost }: Candidate): ReportDocument["candidate"] {
  return {
    variant: variant?.name ?? null,
    model: variant?.model.name ?? null,
    input_price: price?.input ?? null,
    output_price: price?.output ?? null,
    hosting_per_hour: price?.hostingPerHour ?? 0,
    training_cost: trainingCost ?? null,
  };
}

function breakEvenDocument(even: BreakEven): ReportDocument["break_even"] {
  return {
    verdict: verdictOf(even),
    basis: even.basis,
    enriched_usd_per_request: notBelowZero(even.enrichedUsd),
    candidate_usd_per_request: notBelowZero(even.candidateUsd),
    saving_usd_per_request: bounded(boundsOf(even.savingUsd)),
    hosting_usd_per_day: even.hostingPerDay,
    net_saving_usd_per_day: bounded(boundsOf(even.netPerDay)),
    requests: orNull(even.requests, bounded),
    days: orNull(even.days, bounded),
    requests_per_day_needed: finite(even.requestsPerDayNeeded),
    sensitivity: even.sensitivity.map(({ factor, requestsPerDay, days, netPerMonth }) => ({
      factor,
      requests_per_day: requestsPerDay,
      days: finite(days),
      net_saving_usd_per_month: netPerMonth,
    })),
  };
}

function verdictOf({ netPerDay, days }: BreakEven): NonNullable<ReportDocument["break_even"]>["verdict"] {
  if (netPerDay.value <= 0) return "never";
  return days === undefined ? "training_cost_unknown" : "pays_back";
}

function savingsDocument(savings: Savings): ReportDocument["savings"] {
  return {
    requests: savings.requests,
    gross_usd: bounded(boundsOf(savings.gross)),
    hosting_usd: savings.hostingUsd,
    training_usd: savings.trainingUsd,
    net_usd: bounded(boundsOf(savings.net)),
  };
}

/** Rates and costs: the normal approximation's interval may reach below what can be. */
function notBelowZero(estimate: Estimate): BoundsDocument {
  const bounds = boundsOf(estimate);
  return bounded({ ...bounds, low: bounds.low === undefined ? undefined : Math.max(0, bounds.low) });
}

function bounded({ value, low, high }: Bounds): BoundsDocument {
  return { value: finite(value), low: finite(low), high: finite(high) };
}

function orNull<T, Shown>(value: T | undefined, show: (value: T) => Shown): Shown | null {
  return value === undefined ? null : show(value);
}

/** JSON has no infinity, and no undefined. */
function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
