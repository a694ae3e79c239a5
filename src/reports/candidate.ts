import type { UsageHour } from "../domain/capture.ts";
import { badRequest } from "../domain/errors.ts";
import type { Route, Table, Variant } from "../domain/table.ts";
import type { Price } from "../domain/usage.ts";
import { reaches } from "../routing/reach.ts";

/** Prices that somebody gives in place of a candidate's own, in USD. */
export interface GivenPrices {
  readonly inputPrice?: number | undefined;
  readonly outputPrice?: number | undefined;
  readonly hostingPerHour?: number | undefined;
  readonly trainingCost?: number | undefined;
}

/** What prompting is weighed against. */
export interface Candidate {
  /** Undefined: nothing but prices. */
  readonly variant: Variant | undefined;
  readonly price: Price | undefined;
  readonly trainingCost: number | undefined;
  /** Are its own requests what it costs? Not with prices that were given. */
  readonly measurable: boolean;
}

/**
 * The variant asked for; else prices alone, where they are given; else the bare or fine-tuned variant of the route
 * that answered most.
 * @returns undefined when the route has none
 * @throws GatewayError 400 for a variant that is not there, and for one price without the other
 */
export function candidateOf(
  table: Table,
  route: Route,
  hours: readonly UsageHour[],
  asked: GivenPrices & { readonly candidate?: string | undefined },
): Candidate | undefined {
  const given = givenPrice(asked);
  const variant = asked.candidate === undefined ? undefined : named(table, asked.candidate);
  if (variant !== undefined || given !== undefined) return assembled(variant, given, asked);
  const used = mostUsed(table, route, hours);
  return used && assembled(used, undefined, asked);
}

function assembled(
  variant: Variant | undefined,
  given: Price | undefined,
  { hostingPerHour, trainingCost }: GivenPrices,
): Candidate {
  const price = given ?? variant?.model.price;
  return {
    variant,
    price: price && { ...price, hostingPerHour: hostingPerHour ?? price.hostingPerHour },
    trainingCost: trainingCost ?? variant?.model.trainingCost,
    measurable: given === undefined,
  };
}

function givenPrice({ inputPrice, outputPrice }: GivenPrices): Price | undefined {
  if (inputPrice === undefined && outputPrice === undefined) return undefined;
  if (inputPrice === undefined || outputPrice === undefined)
    throw badRequest(
      "missing_required_parameter",
      "Give the price of input and of output, or neither.",
      inputPrice === undefined ? "input_price" : "output_price",
    );
  return { input: inputPrice, output: outputPrice };
}

function named(table: Table, name: string): Variant {
  const variant = table.variants.get(name);
  if (variant === undefined)
    throw badRequest("invalid_value", `There is no variant ${JSON.stringify(name)}.`, "candidate");
  return variant;
}

function mostUsed(table: Table, route: Route, hours: readonly UsageHour[]): Variant | undefined {
  const used = ({ name }: Variant): number =>
    hours.reduce((sum, { variant, requests }) => sum + (variant === name ? requests : 0), 0);
  return variantsIn(table, route)
    .filter(({ path, model }) => path === "bare" || model.fineTuned)
    .toSorted((a, b) => used(b) - used(a))[0];
}

/** All variants that a request in the route may come to. */
export function variantsIn(table: Table, route: Route): readonly Variant[] {
  return [...table.variants.values()].filter(({ name }) => reaches(route, name));
}

/** The traffic that pays for prompts, and the candidate's. A second fine-tuned variant belongs to neither. */
export function sides(
  hours: readonly UsageHour[],
  candidate: Candidate | undefined,
): { readonly enriched: readonly UsageHour[]; readonly tuned: readonly UsageHour[] } {
  const name = candidate?.variant?.name;
  return {
    enriched: hours.filter(({ path, variant }) => path === "enriched" && variant !== name),
    tuned: hours.filter(({ variant }) => variant === name),
  };
}
