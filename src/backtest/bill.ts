import { known } from "../domain/made.ts";
import type { Variant } from "../domain/table.ts";
import { costOf, type Usage, unpriced } from "../domain/usage.ts";
import type { StoredCapture } from "../store/store.ts";
import { actionBy, actionOf } from "./action.ts";
import type { BillDocument } from "./document.ts";
import type { InputTokens } from "./input-tokens.ts";

/** What the answers of a variant took. */
interface Answers {
  count: number;
  output: number;
  input: number;
  cachedInput: number;
}

/** Tokens of requests at one variant. */
interface Tally {
  readonly variant: Variant;
  /** Of those that it answered itself. */
  readonly logged: { requests: number; input: number; cachedInput: number; output: number };
  /** Of those that somebody else answered, with the output of that answer. */
  readonly counted: { requests: number; exact: number; input: number; output: number };
}

function newTally(variant: Variant): Tally {
  return {
    variant,
    logged: { requests: 0, input: 0, cachedInput: 0, output: 0 },
    counted: { requests: 0, exact: 0, input: 0, output: 0 },
  };
}

/** What a request takes at a variant. */
export type Amount =
  | { readonly kind: "told"; readonly variant: Variant; readonly usage: Usage }
  | {
      readonly kind: "counted";
      readonly variant: Variant;
      readonly input: InputTokens;
      /** Tokens of the answer that somebody else gave. */
      readonly output: number;
    };

/** The usage that was told of a request which this variant, as it is now, answered itself. */
export function toldUsage(capture: StoredCapture, variant: Variant): Usage | undefined {
  const { inputTokens: input, cachedInputTokens: cachedInput = 0, outputTokens: output } = capture;
  if (actionOf(capture.variant, capture.recipe) !== actionBy(variant)) return undefined;
  return input === undefined || output === undefined ? undefined : { input, cachedInput, output };
}

/** What requests that would go elsewhere take now, and what they would take there. */
export class Bill {
  readonly #answers = new Map<string, Answers>();
  readonly #before = new Map<Variant, Tally>();
  readonly #after = new Map<Variant, Tally>();
  #requests = 0;

  /** Learns from an answer how long those of its variant are. */
  learn({ variant, outcome, cached, outputTokens, inputTokens, cachedInputTokens }: StoredCapture): void {
    if (outcome !== "success" || cached || outputTokens === undefined || inputTokens === undefined) return;
    const answers = this.#answers.get(variant) ?? { count: 0, output: 0, input: 0, cachedInput: 0 };
    this.#answers.set(variant, answers);
    answers.count++;
    answers.output += outputTokens;
    answers.input += inputTokens;
    answers.cachedInput += cachedInputTokens ?? 0;
  }

  /** @param after undefined: the request would be refused */
  add(before: Amount, after: Amount | undefined): void {
    this.#requests++;
    this.#take(this.#before, before);
    if (after !== undefined) this.#take(this.#after, after);
  }

  #take(side: Map<Variant, Tally>, amount: Amount): void {
    const { variant } = amount;
    const { logged, counted } = known(side, variant, newTally);
    switch (amount.kind) {
      case "told":
        logged.requests++;
        logged.input += amount.usage.input;
        logged.cachedInput += amount.usage.cachedInput;
        logged.output += amount.usage.output;
        break;
      case "counted":
        counted.requests++;
        counted.input += amount.input.tokens;
        counted.output += amount.output;
        if (amount.input.exact) counted.exact++;
    }
  }

  /** @returns undefined where nothing moves */
  document(): BillDocument | undefined {
    if (this.#requests === 0) return undefined;
    const tallies = [...this.#before.values(), ...this.#after.values()];
    const exact = tallies.reduce((sum, { counted }) => sum + counted.exact, 0);
    return {
      requests: this.#requests,
      before: this.#side(this.#before),
      after: this.#side(this.#after),
      logged: tallies.reduce((sum, { logged }) => sum + logged.requests, 0),
      counted_exactly: exact,
      counted_nearly: tallies.reduce((sum, { counted }) => sum + counted.requests, 0) - exact,
      unpriced: unpriced(tallies.map(({ variant }) => variant.model)),
      output_basis: this.#outputBasis(tallies),
    };
  }

  #outputBasis(tallies: readonly Tally[]): BillDocument["output_basis"] {
    const byVariant = Map.groupBy(tallies, ({ variant }) => variant.name);
    return [...byVariant].flatMap(([variant, of]) => {
      const requests = of.reduce((sum, { counted }) => sum + counted.requests, 0);
      const { count = 0, output = 0 } = this.#answers.get(variant) ?? {};
      return requests === 0
        ? []
        : [{ variant, requests, mean: count === 0 ? null : output / count, answers: count }];
    });
  }

  #side(side: ReadonlyMap<Variant, Tally>): BillDocument["before"] {
    const parts = [...side.values()].map((tally) => ({
      usage: this.#usageOf(tally),
      price: tally.variant.model.price,
    }));
    const total = (member: keyof Usage): number => parts.reduce((sum, { usage }) => sum + usage[member], 0);
    return {
      input_tokens: total("input"),
      cached_input_tokens: total("cachedInput"),
      output_tokens: total("output"),
      usd: parts.reduce<number | null>(
        (sum, { usage, price }) => (sum === null || price === undefined ? null : sum + costOf(usage, price)),
        0,
      ),
    };
  }

  /** Of those that it did not answer itself: as many output tokens, and as large a share from the cache, as with those that it did. */
  #usageOf({ variant, logged, counted }: Tally): Usage {
    const answers = this.#answers.get(variant.name);
    const cachedShare =
      answers === undefined || answers.input === 0 ? 0 : answers.cachedInput / answers.input;
    const output =
      answers === undefined ? counted.output : (counted.requests * answers.output) / answers.count;
    return {
      input: logged.input + counted.input,
      cachedInput: logged.cachedInput + counted.input * cachedShare,
      output: logged.output + output,
    };
  }
}
