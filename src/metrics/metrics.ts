import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Decision } from "../domain/decision.ts";
import type { Table, Variant } from "../domain/table.ts";
import { costOf, type Usage } from "../domain/usage.ts";

const VARIANT_LABELS = ["route", "variant", "path", "model", "provider"] as const;
type VariantLabels = Record<(typeof VARIANT_LABELS)[number], string>;

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

/** What is known of a request when it ends. */
export interface RequestRecord {
  readonly decision: Decision | undefined;
  /** The variant that answered; another than the decision's after a fallback. */
  readonly variant: Variant | undefined;
  readonly status: number;
  readonly durationMs: number;
  readonly overheadMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly addedTokens: number;
}

/** Every metric of the gateway, in one place. Labels come from the configuration, never from a client. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter(
    "crossover_requests_total",
    "Requests by status; a stream that broke off counts as the error that it is.",
    [...VARIANT_LABELS, "status"],
  );
  readonly #duration = this.#histogram(
    "crossover_request_duration_seconds",
    "Time from the whole request to the end of the answer.",
    VARIANT_LABELS,
    SECONDS,
  );
  readonly #firstToken = this.#histogram(
    "crossover_time_to_first_token_seconds",
    "Time from the whole request to the first content of a streamed answer.",
    VARIANT_LABELS,
    SECONDS,
  );
  readonly #overhead = this.#histogram(
    "crossover_overhead_seconds",
    "The gateway's own share of the duration.",
    VARIANT_LABELS,
    OVERHEAD_SECONDS,
  );
  readonly #tokens = this.#counter(
    "crossover_tokens_total",
    "Tokens as the upstreams count them; cached_input is a part of input.",
    [...VARIANT_LABELS, "type"],
  );
  readonly #enrichment = this.#counter(
    "crossover_enrichment_tokens_total",
    "Estimated tokens that prompts added.",
    VARIANT_LABELS,
  );
  readonly #cost = this.#counter(
    "crossover_cost_usd_total",
    "Cost of answers in USD by the configured or public prices, without hosting.",
    VARIANT_LABELS,
  );
  readonly #decisions = this.#counter("crossover_decisions_total", "Decisions of the router.", [
    "route",
    "rule",
    "variant",
    "path",
  ]);
  readonly #conditionErrors = this.#counter(
    "crossover_condition_errors_total",
    "Conditions that could not be evaluated and counted as not matched.",
    ["route", "rule"],
  );
  readonly #attempts = this.#counter(
    "crossover_upstream_attempts_total",
    "Calls to upstreams by how they ended.",
    [...VARIANT_LABELS, "outcome"],
  );
  readonly #fallbacks = this.#counter(
    "crossover_fallbacks_total",
    "Requests that went on to another variant after a failure.",
    ["route", "from", "to"],
  );
  readonly #inflight = new Gauge({
    name: "crossover_inflight_requests",
    help: "Requests under way.",
    registers: [this.#registry],
  });
  readonly #rolloutWeight = new Gauge({
    name: "crossover_rollout_weight_percent",
    help: "Share of the traffic that a rollout's stage gives to its candidate.",
    labelNames: ["rollout", "control", "candidate"],
    registers: [this.#registry],
  });
  readonly #reloads = this.#counter("crossover_config_reloads_total", "Reloads of the configuration.", [
    "result",
  ]);
  readonly #build = new Gauge({
    name: "crossover_build_info",
    help: "Always 1; version and runtime are in the labels.",
    labelNames: ["version", "runtime"],
    registers: [this.#registry],
  });

  constructor(
    build: { readonly version: string; readonly runtime: string },
    options: { readonly processMetrics: boolean },
  ) {
    this.#build.set({ ...build }, 1);
    for (const result of ["success", "failure"]) this.#reloads.inc({ result }, 0);
    if (options.processMetrics) this.#collectProcessMetrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The metrics in Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  requestBegan(): void {
    this.#inflight.inc();
  }

  requestEnded(record: RequestRecord): void {
    this.#inflight.dec();
    const labels = labelsOf(record.decision?.route, record.variant);
    this.#requests.inc({ ...labels, status: String(record.status) });
    this.#duration.observe(labels, record.durationMs / 1000);
    if (record.overheadMs !== undefined) this.#overhead.observe(labels, record.overheadMs / 1000);
    if (record.firstTokenMs !== undefined) this.#firstToken.observe(labels, record.firstTokenMs / 1000);
    if (record.addedTokens > 0) this.#enrichment.inc(labels, record.addedTokens);
    if (record.usage !== undefined) this.#countTokens(labels, record.usage, record.variant);
  }

  /** A dry run is no request served: it would water down what the paths cost. */
  dryRunEnded(): void {
    this.#inflight.dec();
  }

  decided({ route, rule, variant, path, failedRules }: Decision): void {
    this.#decisions.inc({ route, rule, variant: variant.name, path });
    for (const failed of failedRules) this.#conditionErrors.inc({ route, rule: failed });
  }

  attempted(route: string, variant: Variant, outcome: string): void {
    this.#attempts.inc({ ...labelsOf(route, variant), outcome });
  }

  fellBack(route: string, from: Variant, to: Variant): void {
    this.#fallbacks.inc({ route, from: from.name, to: to.name });
  }

  reloaded(result: "success" | "failure"): void {
    this.#reloads.inc({ result });
  }

  /** Shows what a new table sets. */
  tableInForce(table: Table): void {
    this.#rolloutWeight.reset();
    for (const route of table.routes.values()) {
      for (const { use } of route.rules) {
        if (use.kind !== "rollout") continue;
        const { name, control, candidate, stages, stage } = use.rollout;
        this.#rolloutWeight.set(
          { rollout: name, control: control.name, candidate: candidate.name },
          stages[stage] ?? 0,
        );
      }
    }
  }

  #countTokens(labels: VariantLabels, usage: Usage, variant: Variant | undefined): void {
    this.#tokens.inc({ ...labels, type: "input" }, usage.input);
    if (usage.cachedInput > 0) this.#tokens.inc({ ...labels, type: "cached_input" }, usage.cachedInput);
    this.#tokens.inc({ ...labels, type: "output" }, usage.output);
    const price = variant?.model.price;
    if (price !== undefined) this.#cost.inc(labels, costOf(usage, price));
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }

  #collectProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#registry });
    // Gauges that prom-client names like counters, which `promtool check metrics` refuses.
    for (const name of [
      "nodejs_active_handles_total",
      "nodejs_active_requests_total",
      "nodejs_active_resources_total",
    ]) {
      this.#registry.removeSingleMetric(name);
    }
  }
}

function labelsOf(route: string | undefined, variant: Variant | undefined): VariantLabels {
  if (route === undefined || variant === undefined) return UNROUTED;
  return {
    route,
    variant: variant.name,
    path: variant.path,
    model: variant.model.name,
    provider: variant.model.provider,
  };
}
