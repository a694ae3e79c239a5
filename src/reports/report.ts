import type { UsageHour } from "../domain/capture.ts";
import type { FeedbackSummary } from "../store/store.ts";
import { advise, type Facts } from "./advise.ts";
import type { Agreement } from "./agreement.ts";
import { type BreakEven, breakEven, type Savings, savingsSoFar } from "./break-even.ts";
import { type Candidate, sides } from "./candidate.ts";
import { boundsOf, type Estimate } from "./estimate.ts";
import type { ExampleCount } from "./examples.ts";
import { feedbackPairs } from "./feedback.ts";
import { notesOn, type Simulated } from "./notes.ts";
import { ageOfPrompt } from "./prompt-age.ts";
import { type PriceOf, type PromptCost, promptCost } from "./prompt-cost.ts";
import { daysIn, observed, type Period, ratePerDay } from "./rate.ts";
import { type Totals, totalsOf } from "./totals.ts";

/** All that a report is made of. */
export interface Material {
  readonly route: string;
  readonly period: Period;
  /** Of the route, within the period. */
  readonly hours: readonly UsageHour[];
  readonly candidate: Candidate | undefined;
  readonly priceOf: PriceOf;
  /** Of the route's variants with a prompt, the candidate left out. */
  readonly promptProviders: number;
  readonly examples: ExampleCount;
  readonly feedback: readonly FeedbackSummary[];
  readonly agreement: Agreement | undefined;
  readonly horizonDays: number;
  readonly simulated: Simulated;
}

/** What became of it; `document.ts` has it as JSON. */
export interface Report {
  readonly material: Material;
  /** From the first hour with traffic on. Undefined: there was none. */
  readonly observed: Period | undefined;
  readonly requestsPerDay: Estimate | undefined;
  readonly pricedPerDay: Estimate | undefined;
  readonly promptCost: PromptCost | undefined;
  readonly breakEven: BreakEven | undefined;
  readonly savings: Savings | undefined;
  readonly advice: ReturnType<typeof advise>;
  readonly notes: readonly string[];
}

export function reportOf(material: Material): Report {
  const { hours, candidate, period, priceOf } = material;
  const seen = observed(hours, period);
  const { enriched, tuned } = sides(hours, candidate);
  const rate = (of: readonly UsageHour[], countOf: (hour: Totals) => number): Estimate | undefined =>
    seen && ratePerDay(of, seen, countOf);
  const requestsPerDay = rate(hours, ({ requests }) => requests);
  const pricedPerDay = rate([...enriched, ...tuned], ({ priced }) => priced);
  const enrichedPerDay = rate(enriched, ({ priced }) => priced);
  const prompt = enrichedPerDay && promptCost(enriched, enrichedPerDay, priceOf);
  const price = candidate?.price;
  const paths = price &&
    pricedPerDay && {
      enriched,
      candidate: candidate.measurable ? tuned : [],
      rate: pricedPerDay,
      price,
      trainingCost: candidate.trainingCost,
      priceOf,
    };
  const even = paths && breakEven(paths);
  const stands = observed(tuned, period);
  const known = { observed: seen, requestsPerDay, promptCost: prompt, breakEven: even };
  return {
    ...known,
    material,
    pricedPerDay,
    savings: paths && stands && savingsSoFar(paths, daysIn(stands)),
    advice: advise(factsOf(material, known)),
    notes: notesOn({ hours, candidate, observed: seen, breakEven: even, simulated: material.simulated }),
  };
}

/** What is worked out before the advice. */
type Known = Pick<Report, "observed" | "requestsPerDay" | "promptCost" | "breakEven">;

function factsOf(material: Material, known: Known): Facts {
  const { observed: seen, requestsPerDay, promptCost: prompt, breakEven: even } = known;
  const { hours, candidate, period, feedback } = material;
  const { enriched, tuned } = sides(hours, candidate);
  return {
    ...ageOfPrompt(enriched, period.to),
    observedDays: seen === undefined ? 0 : daysIn(seen),
    requestsPerDay: requestsPerDay?.value ?? 0,
    promptShare: prompt?.shareOfInput,
    examples: material.examples,
    agreement: material.agreement,
    breakEvenDays: even?.days,
    netPerDay: even && boundsOf(even.netPerDay),
    horizonDays: material.horizonDays,
    promptProviders: material.promptProviders,
    errors: { enriched: failures(enriched), candidate: failures(tuned) },
    feedback: feedbackPairs(
      feedback,
      new Set(enriched.map(({ variant }) => variant)),
      candidate?.variant?.name,
    ),
  };
}

function failures(hours: readonly UsageHour[]) {
  const totals = totalsOf(hours);
  return { successes: totals.failures, trials: totals.requests };
}
