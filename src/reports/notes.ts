import type { UsageHour } from "../domain/capture.ts";
import type { BreakEven } from "./break-even.ts";
import { type Candidate, sides } from "./candidate.ts";
import { daysIn, type Period } from "./rate.ts";
import { totalsOf } from "./totals.ts";
import { count, duration, percent, rounded } from "./words.ts";

/** From this difference on, the two paths may have answered different kinds of queries. */
const UNLIKE = 0.25;
/** From this share of requests without a known cost on, it is said. */
const UNKNOWN_COST = 0.05;

interface Basis {
  readonly hours: readonly UsageHour[];
  readonly candidate: Candidate | undefined;
  readonly observed: Period | undefined;
  readonly breakEven: BreakEven | undefined;
  readonly simulated: Simulated;
}

/** What the built-in simulator plays in a model's place. */
export interface Simulated {
  /** Variants of the route, by the configuration of today. */
  readonly variants: readonly string[];
  /** Captures within the period. */
  readonly captures: number;
}

/** What a reader should know of how the numbers came about. */
export function notesOn({ hours, candidate, observed, breakEven, simulated }: Basis): readonly string[] {
  const notes = [...simulation(simulated)];
  const all = totalsOf(hours);
  const answered = all.requests - all.errors - all.cached;
  const unpriced = answered - all.priced;
  if (answered > 0 && unpriced / answered >= UNKNOWN_COST)
    notes.push(
      `The cost of ${percent(unpriced / answered)} of the answered requests is not known; sums and rates of cost leave them out.`,
    );
  if (observed !== undefined && daysIn(observed) < 7)
    notes.push(
      `There is traffic of ${duration(daysIn(observed))} only: rates rest on hours and see no week.`,
    );
  if (breakEven === undefined) return notes;
  if (breakEven.basis === "modelled")
    notes.push(
      "The candidate's cost is modelled: the enriched requests without the prompt's tokens, at its prices, with answers as long.",
    );
  else notes.push(...unlikeQueries(hours, candidate));
  if (breakEven.basis === "modelled" && candidate?.variant?.prompt !== undefined)
    notes.push("The candidate has a prompt of its own, whose tokens the model leaves out.");
  if (breakEven.hostingPerDay > 0)
    notes.push("All of the candidate's hosting is counted here, also where other routes share it.");
  return notes;
}

function simulation({ variants, captures }: Simulated): readonly string[] {
  return [
    ...(variants.length === 0 ? [] : [`Played by the built-in simulator now: ${variants.join(", ")}.`]),
    ...(captures === 0
      ? []
      : [
          `The simulator gave ${count(captures, "captured answer")} of this time; its tokens, costs and times are in the sums.`,
        ]),
  ];
}

/** Means are compared as if both paths got the same queries; where rules choose by length they do not. */
function unlikeQueries(hours: readonly UsageHour[], candidate: Candidate | undefined): readonly string[] {
  const { enriched, tuned } = sides(hours, candidate);
  const queryTokens = (of: readonly UsageHour[]): number => {
    const { inputTokens, addedTokens, priced } = totalsOf(of);
    return (inputTokens - addedTokens) / priced;
  };
  const [before, after] = [queryTokens(enriched), queryTokens(tuned)];
  if (Math.abs(after - before) < UNLIKE * before) return [];
  return [
    `The paths got unlike queries: ${rounded(before)} tokens on the enriched one, ${rounded(after)} on the candidate's. Part of the saving may be theirs.`,
  ];
}
