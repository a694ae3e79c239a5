import { z } from "zod";
import type { Side } from "../domain/rollout.ts";
import { logarithmicSketch, type QuantileSketch } from "../statistics/frozen-quantiles.ts";
import type { PairObservation, Performance } from "./observation.ts";
import type { PairSide, PairSummary } from "./run.ts";

const DAY_MS = 86_400_000;

const meanState = z.tuple([z.number(), z.number()]);
const sketchState = z.array(z.tuple([z.number(), z.number()]));
const sideState = z.object({
  errors: z.number(),
  invalid: z.number(),
  latency: sketchState,
  firstToken: sketchState,
  cost: meanState,
  length: meanState,
});

export const pairSumsState = z.object({
  count: z.number(),
  agreement: meanState,
  similarity: meanState,
  sameTools: meanState,
  judged: z.object({ wins: z.number(), ties: z.number(), losses: z.number() }),
  control: sideState,
  candidate: sideState,
  spentUsd: z.number(),
  day: z.number(),
  dayUsd: z.number(),
});

/** A mean in the making. */
class Mean {
  #count = 0;
  #sum = 0;

  add(value: number | boolean | undefined): void {
    if (value === undefined) return;
    this.#count++;
    this.#sum += Number(value);
  }

  get value(): number | undefined {
    return this.#count === 0 ? undefined : this.#sum / this.#count;
  }

  state(): z.infer<typeof meanState> {
    return [this.#count, this.#sum];
  }

  restore([count, sum]: z.infer<typeof meanState>): void {
    this.#count = count;
    this.#sum = sum;
  }
}

/** How a side did in pairs. */
class SideSums {
  #errors = 0;
  #invalid = 0;
  readonly #latency = logarithmicSketch();
  readonly #firstToken = logarithmicSketch();
  readonly #cost = new Mean();
  readonly #length = new Mean();

  add({ error, invalid, latencyMs, firstTokenMs, costUsd }: Performance, length: number | undefined): void {
    if (error) this.#errors++;
    if (invalid === true) this.#invalid++;
    if (latencyMs !== undefined) this.#latency.accept(latencyMs);
    if (firstTokenMs !== undefined) this.#firstToken.accept(firstTokenMs);
    this.#cost.add(costUsd);
    this.#length.add(length);
  }

  summary(): PairSide {
    return {
      errors: this.#errors,
      invalid: this.#invalid,
      latencyMs: medianOf(this.#latency),
      firstTokenMs: medianOf(this.#firstToken),
      costUsd: this.#cost.value,
      length: this.#length.value,
    };
  }

  state(): z.infer<typeof sideState> {
    return {
      errors: this.#errors,
      invalid: this.#invalid,
      latency: this.#latency.entries(),
      firstToken: this.#firstToken.entries(),
      cost: this.#cost.state(),
      length: this.#length.state(),
    };
  }

  restore({ errors, invalid, latency, firstToken, cost, length }: z.infer<typeof sideState>): void {
    this.#errors = errors;
    this.#invalid = invalid;
    for (const [value, weight] of latency) this.#latency.accept(value, weight);
    for (const [value, weight] of firstToken) this.#firstToken.accept(value, weight);
    this.#cost.restore(cost);
    this.#length.restore(length);
  }
}

/** Sums over a run's shadowed pairs: what people read of them, and what they cost. */
export class PairSums {
  #count = 0;
  readonly #agreement = new Mean();
  readonly #similarity = new Mean();
  readonly #sameTools = new Mean();
  readonly #judged = { wins: 0, ties: 0, losses: 0 };
  readonly #sides: Readonly<Record<Side, SideSums>> = { control: new SideSums(), candidate: new SideSums() };
  #spentUsd = 0;
  /** The newest day of a pair, in days since 1970, and what was spent on it. */
  #day = 0;
  #dayUsd = 0;

  add(pair: PairObservation): void {
    this.#count++;
    this.#agreement.add(pair.agrees);
    this.#similarity.add(pair.similarity);
    this.#sameTools.add(pair.sameTools);
    if (pair.judged !== undefined)
      this.#judged[pair.judged > 0 ? "wins" : pair.judged < 0 ? "losses" : "ties"]++;
    this.#sides.control.add(pair.control, pair.controlLength);
    this.#sides.candidate.add(pair.candidate, pair.candidateLength);
    this.#spend(Math.floor(pair.at / DAY_MS), pair.spentUsd);
  }

  /** In USD. @param day (UTC) in days since 1970 */
  spent(day: number): number {
    return day === this.#day ? this.#dayUsd : 0;
  }

  /** @param day today, in days since 1970; the newest day of a pair if nothing is said */
  summary(day = this.#day): PairSummary | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      agreement: this.#agreement.value,
      similarity: this.#similarity.value,
      sameTools: this.#sameTools.value,
      judged: { ...this.#judged },
      control: this.#sides.control.summary(),
      candidate: this.#sides.candidate.summary(),
      spentUsd: this.#spentUsd,
      spentTodayUsd: this.spent(day),
    };
  }

  state(): z.infer<typeof pairSumsState> {
    return {
      count: this.#count,
      agreement: this.#agreement.state(),
      similarity: this.#similarity.state(),
      sameTools: this.#sameTools.state(),
      judged: { ...this.#judged },
      control: this.#sides.control.state(),
      candidate: this.#sides.candidate.state(),
      spentUsd: this.#spentUsd,
      day: this.#day,
      dayUsd: this.#dayUsd,
    };
  }

  restore(state: z.infer<typeof pairSumsState>): void {
    this.#count = state.count;
    this.#agreement.restore(state.agreement);
    this.#similarity.restore(state.similarity);
    this.#sameTools.restore(state.sameTools);
    Object.assign(this.#judged, state.judged);
    this.#sides.control.restore(state.control);
    this.#sides.candidate.restore(state.candidate);
    this.#spentUsd = state.spentUsd;
    this.#day = state.day;
    this.#dayUsd = state.dayUsd;
  }

  #spend(day: number, usd: number): void {
    this.#spentUsd += usd;
    if (day < this.#day) return; // one that came late from another replica, around midnight
    if (day > this.#day) this.#dayUsd = 0;
    this.#day = day;
    this.#dayUsd += usd;
  }
}

function medianOf(sketch: QuantileSketch): number | undefined {
  return sketch.count === 0 ? undefined : sketch.getValueAtQuantile(0.5);
}
