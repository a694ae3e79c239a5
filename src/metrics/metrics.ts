import type { Decision } from "../domain/decision.ts";
import { known, Made } from "../domain/made.ts";
import type { Model, Table, Variant } from "../domain/table.ts";
import { CaptureFamilies, type QueueState } from "./capture-families.ts";
import { counter, gauge } from "./families.ts";
import { type Measured, Meter, MeterFamilies } from "./meter.ts";
import { RolloutFamilies } from "./rollout-families.ts";
import { ShadowFamilies } from "./shadow-families.ts";

/** What is known of a request when it ends. */
export interface RequestRecord extends Measured {
  readonly decision: Decision | undefined;
  /** The variant that answered; another than the decision's after a fallback. */
  readonly variant: Variant | undefined;
}

export interface MetricsOptions {
  readonly version: string;
  readonly runtime: string;
  /** The text of further metrics, such as the process's own. */
  readonly further?: () => Promise<string>;
}

const CIRCUIT_NUMBERS = { closed: 0, "half-open": 1, open: 2 } as const;

/** Every metric of the gateway, in one place. Labels come from the configuration, never from a client. */
export class Metrics {
  readonly #perVariant = new MeterFamilies();
  readonly #fallbacks = counter<"route" | "from" | "to">(
    "crossover_fallbacks_total",
    "Requests that went on to another variant after a failure.",
  );
  readonly #cacheLookups = counter<"route" | "result">(
    "crossover_cache_lookups_total",
    "Requests on routes with a cache, by whether it had their answer.",
  );
  readonly #passedThrough = counter<"provider" | "status">(
    "crossover_passthrough_requests_total",
    "Requests for files and fine-tuning that went on to a provider, by the status that came back.",
  );
  readonly #captures = new CaptureFamilies();
  readonly #feedback = counter<"route" | "variant">(
    "crossover_feedback_total",
    "Feedback that was given to requests.",
  );
  readonly #limited = counter<"by" | "limit">(
    "crossover_limited_total",
    "Requests that were refused by a limit: whose, and of what.",
  );
  readonly #limitsShared = gauge(
    "crossover_limits_shared",
    "1: limits are counted in Redis; 0: Redis does not answer, and this process counts by itself.",
  );
  readonly #spendingKept = gauge(
    "crossover_spending_kept",
    "Without Redis: 1 while what was spent can be written to its file, 0 while it can't.",
  );
  readonly #storeUp = gauge(
    "crossover_store_up",
    "1: what is captured can be stored; 0: the store does not work.",
  );
  readonly #tuningJobs = counter<"provider" | "outcome">(
    "crossover_tuning_jobs_total",
    "Fine-tuning jobs that this process has seen end.",
  );
  readonly #tuningOpen = gauge(
    "crossover_tuning_jobs_open",
    "Fine-tuning jobs in the store that have not ended.",
  );
  readonly #retries = counter<"model" | "provider">(
    "crossover_retries_total",
    "Calls that were made again to the same model after a failure.",
  );
  readonly #circuits = gauge<"model" | "provider">(
    "crossover_circuit_state",
    "0: calls go to the model; 1: one call at a time probes it; 2: none goes, as too many failed.",
  );
  readonly #inflight = gauge("crossover_inflight_requests", "Requests under way.");
  /** What becomes of rollouts. */
  readonly rollouts = new RolloutFamilies();
  /** What becomes of shadowed requests. */
  readonly shadows = new ShadowFamilies();
  readonly #reloads = counter<"result">("crossover_config_reloads_total", "Reloads of the configuration.");
  readonly #build = gauge<"version" | "runtime">(
    "crossover_build_info",
    "Always 1; version and runtime are in the labels.",
  );
  readonly #underWay = this.#inflight.series({});
  readonly #unrouted = new Meter(this.#perVariant, "none", undefined);
  /** Meters by variant and route. A reload makes new variants, whose meters find the series of the old ones. */
  readonly #meters = new WeakMap<Variant, Made<string, Meter>>();
  readonly #metersOf = (variant: Variant): Made<string, Meter> =>
    new Made((route) => new Meter(this.#perVariant, route, variant));
  readonly #further: () => Promise<string>;

  constructor({ version, runtime, further = async () => "" }: MetricsOptions) {
    this.#further = further;
    this.#build.series({ version, runtime }).add(1);
    for (const result of ["success", "failure"]) this.#reloads.series({ result });
  }

  /** The metrics in Prometheus' text format. */
  async render(): Promise<string> {
    const families = [
      ...Object.values(this.#perVariant),
      this.#fallbacks,
      this.#cacheLookups,
      this.#passedThrough,
      this.#captures,
      this.#feedback,
      this.#limited,
      this.#limitsShared,
      this.#spendingKept,
      this.#storeUp,
      this.#tuningJobs,
      this.#tuningOpen,
      this.#retries,
      this.#circuits,
      this.#inflight,
      this.rollouts,
      this.shadows,
      this.#reloads,
      this.#build,
    ];
    return families.map((family) => family.render()).join("\n") + (await this.#further());
  }

  requestBegan(): void {
    this.#underWay.add(1);
  }

  requestEnded(record: RequestRecord): void {
    this.#underWay.add(-1);
    const { decision, variant } = record;
    const meter =
      decision === undefined || variant === undefined ? this.#unrouted : this.#meter(decision.route, variant);
    meter.ended(record);
  }

  /** A dry run is no request served: it would water down what the paths cost. */
  dryRunEnded(): void {
    this.#underWay.add(-1);
  }

  decided({ route, rule, variant, failedRules }: Decision): void {
    this.#meter(route, variant).decided(rule, failedRules);
  }

  attempted(route: string, variant: Variant, outcome: string): void {
    this.#meter(route, variant).attempted(outcome);
  }

  fellBack(route: string, from: Variant, to: Variant): void {
    this.#fallbacks.series({ route, from: from.name, to: to.name }).add(1);
  }

  lookedUp(route: string, result: "hit" | "miss"): void {
    this.#cacheLookups.series({ route, result }).add(1);
  }

  passed(provider: string, status: number): void {
    this.#passedThrough.series({ provider, status: String(status) }).add(1);
  }

  captured(outcome: "stored" | "dropped" | "skipped", requests: number): void {
    this.#captures.captured(outcome, requests);
  }

  /** @param read what waits to be stored; asked whenever the metrics are */
  watchCaptures(read: () => QueueState): void {
    this.#captures.watch(read);
  }

  feedbackGiven(route: string, variant: string): void {
    this.#feedback.series({ route, variant }).add(1);
  }

  limited(by: "key" | "tag" | "route", limit: string): void {
    this.#limited.series({ by, limit }).add(1);
  }

  limitsShared(shared: boolean): void {
    this.#limitsShared.series({}).value = shared ? 1 : 0;
  }

  spendingKept(kept: boolean): void {
    this.#spendingKept.series({}).value = kept ? 1 : 0;
  }

  storeUp(up: boolean): void {
    this.#storeUp.series({}).value = up ? 1 : 0;
  }

  /** @param outcome the job's last state */
  tuningEnded(provider: string, outcome: string): void {
    this.#tuningJobs.series({ provider, outcome }).add(1);
  }

  tuningOpen(jobs: number): void {
    this.#tuningOpen.series({}).value = jobs;
  }

  retried({ name: model, provider }: Model): void {
    this.#retries.series({ model, provider }).add(1);
  }

  showCircuit({ name: model, provider }: Model, circuit: "closed" | "half-open" | "open"): void {
    this.#circuits.series({ model, provider }).value = CIRCUIT_NUMBERS[circuit];
  }

  reloaded(result: "success" | "failure"): void {
    this.#reloads.series({ result }).add(1);
  }

  /** Shows what a new table sets. */
  tableInForce(table: Table): void {
    this.#circuits.clear(); // told anew for each model
    this.rollouts.use(table.rollouts);
  }

  #meter(route: string, variant: Variant): Meter {
    return known(this.#meters, variant, this.#metersOf).get(route);
  }
}
