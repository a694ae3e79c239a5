import { Made } from "../domain/made.ts";
import type { Variant } from "../domain/table.ts";
import { costOf, type Price, type Usage } from "../domain/usage.ts";
import { counter, type Distribution, HistogramFamily, type Series } from "./families.ts";

type VariantLabel = "route" | "variant" | "path" | "model" | "provider";
type VariantLabels = Readonly<Record<VariantLabel, string>>;

/** Labels of a request that was refused before a route was found: bounded, whatever the client sent. */
const UNROUTED: VariantLabels = {
  route: "none",
  variant: "none",
  path: "none",
  model: "none",
  provider: "none",
};

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const OVERHEAD_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

/** What is measured of a request that has ended. */
export interface Measured {
  readonly status: number;
  readonly durationMs: number;
  readonly overheadMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly addedTokens: number;
}

/** The metrics that each variant has on each route. */
export class MeterFamilies {
  readonly requests = counter<VariantLabel | "status">(
    "crossover_requests_total",
    "Requests by status; a stream that broke off counts as the error that it is.",
  );
  readonly duration = new HistogramFamily<VariantLabel>(
    "crossover_request_duration_seconds",
    "Time from the whole request to the end of the answer.",
    SECONDS,
  );
  readonly firstToken = new HistogramFamily<VariantLabel>(
    "crossover_time_to_first_token_seconds",
    "Time from the whole request to the first content of a streamed answer.",
    SECONDS,
  );
  readonly overhead = new HistogramFamily<VariantLabel>(
    "crossover_overhead_seconds",
    "The gateway's own share of the duration.",
    OVERHEAD_SECONDS,
  );
  readonly tokens = counter<VariantLabel | "type">(
    "crossover_tokens_total",
    "Tokens as the upstreams count them; cached_input is a part of input.",
  );
  readonly enrichment = counter<VariantLabel>(
    "crossover_enrichment_tokens_total",
    "Estimated tokens that prompts added.",
  );
  readonly cost = counter<VariantLabel>(
    "crossover_cost_usd_total",
    "Cost of answers in USD by the configured or public prices, without hosting.",
  );
  readonly decisions = counter<"route" | "rule" | "variant" | "path">(
    "crossover_decisions_total",
    "Decisions of the router.",
  );
  readonly conditionErrors = counter<"route" | "rule">(
    "crossover_condition_errors_total",
    "Conditions that could not be evaluated and counted as not matched.",
  );
  readonly attempts = counter<VariantLabel | "outcome">(
    "crossover_upstream_attempts_total",
    "Calls to upstreams by how they ended.",
  );
}

/** One variant on one route: its series are looked up when they are first needed, and then only added to. */
export class Meter {
  readonly #families: MeterFamilies;
  readonly #labels: VariantLabels;
  readonly #price: Price | undefined;
  readonly #requests = new Made((status: number) =>
    this.#families.requests.series({ ...this.#labels, status: String(status) }),
  );
  readonly #decisions = new Made((rule: string) => {
    const { route, variant, path } = this.#labels;
    return this.#families.decisions.series({ route, rule, variant, path });
  });
  readonly #conditionErrors = new Made((rule: string) =>
    this.#families.conditionErrors.series({ route: this.#labels.route, rule }),
  );
  readonly #attempts = new Made((outcome: string) =>
    this.#families.attempts.series({ ...this.#labels, outcome }),
  );
  readonly #tokens = new Made((type: "input" | "cached_input" | "output") =>
    this.#families.tokens.series({ ...this.#labels, type }),
  );
  #duration: Distribution | undefined;
  #overhead: Distribution | undefined;
  #firstToken: Distribution | undefined;
  #enrichment: Series | undefined;
  #cost: Series | undefined;

  /** @param variant undefined for requests that were refused before a route was found */
  constructor(families: MeterFamilies, route: string, variant: Variant | undefined) {
    this.#families = families;
    this.#price = variant?.model.price;
    this.#labels =
      variant === undefined
        ? UNROUTED
        : {
            route,
            variant: variant.name,
            path: variant.path,
            model: variant.model.name,
            provider: variant.model.provider,
          };
  }

  /** @param failedRules rules whose condition could not be evaluated on the way */
  decided(rule: string, failedRules: readonly string[]): void {
    this.#decisions.get(rule).add(1);
    for (const failed of failedRules) this.#conditionErrors.get(failed).add(1);
  }

  attempted(outcome: string): void {
    this.#attempts.get(outcome).add(1);
  }

  ended({ status, durationMs, overheadMs, firstTokenMs, usage, addedTokens }: Measured): void {
    const { duration, overhead, firstToken, enrichment } = this.#families;
    this.#requests.get(status).add(1);
    this.#duration ??= duration.series(this.#labels);
    this.#duration.observe(durationMs / 1000);
    if (overheadMs !== undefined) {
      this.#overhead ??= overhead.series(this.#labels);
      this.#overhead.observe(overheadMs / 1000);
    }
    if (firstTokenMs !== undefined) {
      this.#firstToken ??= firstToken.series(this.#labels);
      this.#firstToken.observe(firstTokenMs / 1000);
    }
    if (addedTokens > 0) {
      this.#enrichment ??= enrichment.series(this.#labels);
      this.#enrichment.add(addedTokens);
    }
    if (usage !== undefined) this.#countUsage(usage);
  }

  #countUsage(usage: Usage): void {
    this.#tokens.get("input").add(usage.input);
    if (usage.cachedInput > 0) this.#tokens.get("cached_input").add(usage.cachedInput);
    this.#tokens.get("output").add(usage.output);
    if (this.#price === undefined) return;
    this.#cost ??= this.#families.cost.series(this.#labels);
    this.#cost.add(costOf(usage, this.#price));
  }
}
