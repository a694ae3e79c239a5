import { badRequest, modelNotFound } from "../domain/errors.ts";
import type { Route, Table } from "../domain/table.ts";
import type { Store } from "../store/store.ts";
import { HORIZON_DAYS, LEAST_COMPARED } from "./advise.ts";
import { latestAgreement } from "./agreement.ts";
import { type Candidate, candidateOf, type GivenPrices, variantsIn } from "./candidate.ts";
import { countExamples } from "./examples.ts";
import { DAY_MS, HOUR_MS, MONTH_DAYS } from "./rate.ts";
import { type Report, reportOf } from "./report.ts";

/** How many of the latest comparisons are searched for one of a route's variants. */
const COMPARISONS = 100;

export interface Question extends GivenPrices {
  /** Undefined: every route. */
  readonly route?: string | undefined;
  /** Milliseconds since 1970. Default: 30 days before the end. */
  readonly from?: number | undefined;
  /** Default: now. */
  readonly to?: number | undefined;
  /** The variant that prompting is weighed against. */
  readonly candidate?: string | undefined;
  /** Days within which a training should pay. Default 90. */
  readonly horizonDays?: number | undefined;
}

export type ReportStore = Pick<Store, "usage" | "page" | "count" | "feedbackSummary" | "comparisons">;

/**
 * Reports on one route, or on each.
 * @throws GatewayError 404 for a route that is not there, 400 for a question that makes no sense; StoreError
 */
export async function reportsOn(
  store: ReportStore,
  table: Table,
  question: Question,
  now: number,
): Promise<readonly Report[]> {
  const to = Math.min(question.to ?? now, now);
  // Usage is known by the hour: all of the first one counts.
  const from = Math.floor((question.from ?? to - MONTH_DAYS * DAY_MS) / HOUR_MS) * HOUR_MS;
  if (from >= to) throw badRequest("invalid_value", "`from` must lie before `to`, and before now.", "from");
  const reports: Report[] = [];
  for (const route of routesIn(table, question))
    reports.push(await reportOn(store, table, route, { ...question, from, to }));
  return reports;
}

function routesIn(table: Table, { route: name, candidate }: Question): readonly Route[] {
  if (name === undefined) {
    if (candidate !== undefined)
      throw badRequest("missing_required_parameter", "A candidate is one of a route: name it too.", "route");
    return [...table.routes.values()];
  }
  const route = table.routes.get(name);
  if (route === undefined) throw modelNotFound(name);
  return [route];
}

async function reportOn(
  store: ReportStore,
  table: Table,
  route: Route,
  question: Question & { readonly from: number; readonly to: number },
): Promise<Report> {
  const { from, to } = question;
  const filter = { route: route.name, from, to };
  const [hours, examples, feedback, comparisons, simulated] = await Promise.all([
    store.usage(filter),
    countExamples(store, filter),
    store.feedbackSummary(filter),
    store.comparisons(COMPARISONS),
    store.count({ ...filter, simulated: true }),
  ]);
  const candidate = candidateOf(table, route, hours, question);
  const prompted = promptedVariants(table, route, candidate);
  const name = candidate?.variant?.name;
  const names = new Set(prompted.map((variant) => variant.name));
  return reportOf({
    route: route.name,
    period: { from, to },
    hours,
    candidate,
    priceOf: (model) => table.models.get(model)?.price,
    promptProviders: new Set(prompted.map(({ model }) => model.provider)).size,
    examples,
    feedback,
    agreement: name === undefined ? undefined : latestAgreement(comparisons, name, names, LEAST_COMPARED),
    horizonDays: question.horizonDays ?? HORIZON_DAYS,
    simulated: {
      variants: variantsIn(table, route)
        .filter(({ model }) => model.simulated)
        .map((variant) => variant.name),
      captures: simulated,
    },
  });
}

function promptedVariants(table: Table, route: Route, candidate: Candidate | undefined) {
  return variantsIn(table, route).filter(
    ({ path, name }) => path === "enriched" && name !== candidate?.variant?.name,
  );
}
