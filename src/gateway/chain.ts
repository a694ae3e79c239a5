import type { ChatRequest } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import { draining, GatewayError } from "../domain/errors.ts";
import { idHeaders } from "../domain/own-answer.ts";
import type { Table, Variant } from "../domain/table.ts";
import { toldOf } from "./answer.ts";
import type { Caching, Slot } from "./caching.ts";
import { Call, type CallDeps, type Tally, verdictOf } from "./call.ts";
import { type FailedAttempt, type Failure, isOwnRefusal } from "./failure.ts";
import { nextStep, type Step } from "./next-step.ts";
import { Pause, type PauseEnd } from "./pause.ts";
import { type Shaped, shape } from "./shape.ts";
import type { SinkResult } from "./sink.ts";

/** How a chain ended: with an answer or a part of one, or with nothing but failures. */
export type ChainResult =
  | Exclude<SinkResult, { outcome: "failed" }>
  | { readonly outcome: "refused"; readonly failed: readonly FailedAttempt[] };

const FROM_CACHE: ChainResult = {
  outcome: "answered",
  status: 200,
  kind: "success",
  usage: undefined,
  firstTokenAt: undefined,
};

export interface ChainOptions {
  readonly request: ChatRequest;
  readonly decision: Decision;
  /** The request as the decided variant's upstream gets it. */
  readonly shaped: Shaped;
  /** When the request began, on the clock of performance.now(). */
  readonly beganAt: number;
  /** Undefined where the route has no cache. */
  readonly caching: Caching | undefined;
  /** Further headers on the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The decided variant, its retries and its fallbacks, one call after the other, until the client has an answer. */
export class Chain {
  readonly #deps: CallDeps;
  readonly #options: ChainOptions;
  readonly #failed: FailedAttempt[] = [];
  readonly tally: Tally = { attempts: 0, upstreamMs: 0, outputTokens: 0, calls: [] };
  /** The variant tried last, and the tokens that its prompt added. */
  variant: Variant;
  addedTokens = 0;
  /** Did the answer come from the cache? */
  cached = false;
  #underWay: Call | Pause | undefined;
  #interrupted = false;

  constructor(deps: CallDeps, options: ChainOptions) {
    this.#deps = deps;
    this.#options = options;
    this.variant = options.decision.variant;
  }

  /** @throws GatewayError `gateway_draining` once it is interrupted and the client has nothing */
  async run(): Promise<ChainResult> {
    const { request, decision } = this.#options;
    const variants = variantsFrom(decision.variant, this.#deps.table);
    for (const [index, variant] of variants.entries()) {
      if (index > 0) this.#deps.metrics.fellBack(decision.route, this.variant, variant);
      this.variant = variant;
      const shaped = index === 0 ? this.#options.shaped : shape(request, variant);
      const result = await this.#try(variant, shaped, index === variants.length - 1);
      if (result === undefined) continue;
      if (result.outcome === "answered" && result.kind === "success" && !this.cached) this.#outdone();
      return result;
    }
    return { outcome: "refused", failed: this.#failed };
  }

  /** The gateway stops, and this request has had its time: the client hears so, and nobody more is called. */
  interrupt(): void {
    this.#interrupted = true;
    this.#underWay?.interrupt();
  }

  /** @returns undefined when the variant failed for good */
  async #try(variant: Variant, shaped: Shaped, last: boolean): Promise<ChainResult | undefined> {
    const { request, decision, caching, headers } = this.#options;
    const slot = caching?.of(request, variant, shaped);
    if (slot !== undefined && this.#replay(variant, slot)) return FROM_CACHE;
    this.addedTokens = shaped.addedTokens;
    const { tally } = this;
    const { beganAt } = this.#options;
    const call = new Call(this.#deps, { request, decision, variant, shaped, slot, headers, tally, beganAt });
    for (let retries = 0; ; ) {
      if (this.#interrupted) throw draining();
      this.#underWay = call;
      const result = await call.make(retries);
      if (result.outcome !== "failed") return result;
      if (this.#interrupted) throw draining();
      const { failure } = result;
      const step = this.#next(failure, call, { last, retries });
      if (!isOwnRefusal(failure.kind)) this.#log(variant, failure, step);
      if (step.kind === "next") {
        this.#failed.push({ variant, failure, retries });
        return undefined;
      }
      if (failure.kind !== "cooling_down") retries++;
      const why = await this.#pause(step.afterMs);
      if (why !== "waited") return { outcome: "client_closed", why, sent: false };
    }
  }

  #next(failure: Failure, call: Call, so: { readonly last: boolean; readonly retries: number }): Step {
    const { table, random } = this.#deps;
    const now = performance.now();
    const situation = {
      ...so,
      elapsedMs: now - this.#options.beganAt,
      random: random(),
      wallClock: Date.now(),
    };
    const step = nextStep(failure, table.retries, situation);
    // Who only waits for the model to cool down has not called it.
    if (step.kind === "next" || failure.kind === "cooling_down" || call.upstream.retries.take(now))
      return step;
    return { kind: "next" };
  }

  async #pause(ms: number): Promise<PauseEnd> {
    const from = performance.now();
    const pause = new Pause(this.#deps.reply, ms);
    this.#underWay = pause;
    const how = await pause.over;
    this.tally.upstreamMs += performance.now() - from;
    return how;
  }

  #replay(variant: Variant, slot: Slot): boolean {
    const { id, reply, metrics } = this.#deps;
    const { decision, headers } = this.#options;
    this.cached = slot.replay(reply, { ...idHeaders(id), ...toldOf(decision, variant).headers, ...headers });
    metrics.lookedUp(decision.route, this.cached ? "hit" : "miss");
    return this.cached;
  }

  /** What failed a request that another model answered is to blame itself. */
  #outdone(): void {
    for (const { variant, failure } of this.#failed)
      if (verdictOf(failure.kind) === "bad")
        this.#deps.upstreams.of(variant.model).outdone(performance.now());
  }

  /** What the client may never hear, as another variant answers or the answer tells no cause. */
  #log({ name, model }: Variant, { kind, answer, cause }: Failure, step: Step): void {
    const { id, log, table } = this.#deps;
    if (!table.server.requestLog) return;
    log("warn", "attempt failed", {
      request_id: id,
      attempt: this.tally.attempts,
      variant: name,
      model: model.name,
      provider: model.provider,
      outcome: kind,
      upstream_status: answer instanceof GatewayError ? undefined : answer.status,
      cause,
      retry_in_ms: step.kind === "again" ? Math.round(step.afterMs) : undefined,
    });
  }
}

/** The variant decided on, then its fallbacks. */
function variantsFrom(variant: Variant, { variants }: Table): readonly Variant[] {
  if (variant.fallback.length === 0) return [variant];
  return [variant, ...variant.fallback.flatMap((name) => variants.get(name) ?? [])];
}
