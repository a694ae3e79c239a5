import type { ChatRequest } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import { draining, GatewayError } from "../domain/errors.ts";
import { idHeaders } from "../domain/own-answer.ts";
import type { Table, Variant } from "../domain/table.ts";
import type { Reply, Transport } from "../domain/transport.ts";
import type { HealthTracker } from "../metrics/health.ts";
import type { Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Verdict } from "../upstreams/breaker.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Upstreams } from "../upstreams/upstreams.ts";
import { toldOf } from "./answer.ts";
import { Attempt } from "./attempt.ts";
import type { Caching, Slot } from "./caching.ts";
import { type AttemptKind, circuitOpen, coolingDown, type FailedAttempt, type Failure } from "./failure.ts";
import { askedWaitMs, nextStep } from "./next-step.ts";
import { Pause } from "./pause.ts";
import { type Shaped, shape } from "./shape.ts";
import { kindOf, type SinkResult } from "./sink.ts";

export interface ChainDeps {
  readonly id: string;
  readonly table: Table;
  readonly reply: Reply;
  readonly transport: Transport;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly health: HealthTracker;
  readonly upstreams: Upstreams;
  /** From [0, 1). */
  readonly random: () => number;
}

/** How a chain ended: with an answer or a part of one, or with nothing but failures. */
export type ChainResult =
  | Exclude<SinkResult, { outcome: "failed" }>
  | { readonly outcome: "refused"; readonly failed: readonly FailedAttempt[] };

/** What one call needs. */
interface CallTarget {
  readonly variant: Variant;
  readonly upstream: Upstream;
  readonly shaped: Shaped;
  readonly slot: Slot | undefined;
}

const FROM_CACHE: ChainResult = {
  outcome: "answered",
  status: 200,
  kind: "success",
  usage: undefined,
  firstTokenAt: undefined,
};

/** The decided variant, its retries and its fallbacks, one call after the other, until the client has an answer. */
export class Chain {
  readonly #deps: ChainDeps;
  readonly #request: ChatRequest;
  readonly #decision: Decision;
  readonly #beganAt: number;
  readonly #caching: Caching | undefined;
  readonly #failed: FailedAttempt[] = [];
  /** The variant tried last, and the tokens that its prompt added. */
  variant: Variant;
  addedTokens = 0;
  /** Calls to upstreams, and how long they and the waits between them took, in milliseconds. */
  attempts = 0;
  upstreamMs = 0;
  /** Did the answer come from the cache? */
  cached = false;
  #underWay: Attempt | Pause | undefined;
  #interrupted = false;

  /**
   * @param beganAt when the request began, on the clock of performance.now()
   * @param caching undefined where the route has no cache
   */
  constructor(
    deps: ChainDeps,
    request: ChatRequest,
    decision: Decision,
    beganAt: number,
    caching: Caching | undefined,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#decision = decision;
    this.#beganAt = beganAt;
    this.#caching = caching;
    this.variant = decision.variant;
  }

  /** @throws GatewayError `gateway_draining` once it is interrupted and the client has nothing */
  async run(): Promise<ChainResult> {
    const variants = variantsFrom(this.#decision.variant, this.#deps.table);
    for (const [index, variant] of variants.entries()) {
      if (index > 0) this.#deps.metrics.fellBack(this.#decision.route, this.variant, variant);
      this.variant = variant;
      const result = await this.#try(variant, index === variants.length - 1);
      if (result === undefined) continue;
      if (result.outcome === "answered") this.#outdone();
      return result;
    }
    return { outcome: "refused", failed: this.#failed };
  }

  #outdone(): void {
    for (const { variant, failure } of this.#failed)
      if (verdictOf(failure.kind) === "bad")
        this.#deps.upstreams.of(variant.model).outdone(performance.now());
  }

  /** The gateway stops, and this request has had its time: the client hears so, and nobody more is called. */
  interrupt(): void {
    this.#interrupted = true;
    this.#underWay?.interrupt();
  }

  /** @returns undefined when the variant failed for good */
  async #try(variant: Variant, last: boolean): Promise<ChainResult | undefined> {
    const { metrics, table, random, upstreams } = this.#deps;
    const upstream = upstreams.of(variant.model);
    const shaped = shape(this.#request, variant);
    const slot = this.#caching?.of(this.#request, variant, shaped);
    if (slot !== undefined && this.#replay(variant, slot)) return FROM_CACHE;
    this.addedTokens = shaped.addedTokens;
    for (let retries = 0; ; ) {
      const result = await this.#call({ variant, upstream, shaped, slot }, retries);
      if (result.outcome !== "failed") return result;
      if (this.#interrupted) throw draining();
      const { failure } = result;
      const step = nextStep(failure, table.retries, {
        last,
        retries,
        elapsedMs: performance.now() - this.#beganAt,
        random: random(),
        wallClock: Date.now(),
      });
      const called = failure.kind !== "cooling_down";
      const again = step.kind === "again" && (!called || upstream.retries.take(performance.now()));
      if (called) this.#logFailure(variant, failure, again ? step.afterMs : undefined);
      if (!again) {
        this.#failed.push({ variant, failure, retries });
        return undefined;
      }
      if (called) {
        retries++;
        metrics.retried(variant.model);
      }
      if ((await this.#pause(step.afterMs)) === "client left") return { outcome: "client_closed" };
    }
  }

  async #pause(ms: number): Promise<"waited" | "client left"> {
    const from = performance.now();
    const pause = new Pause(this.#deps.reply, ms);
    this.#underWay = pause;
    const how = await pause.over;
    this.upstreamMs += performance.now() - from;
    return how;
  }

  /** Calls the upstream, unless it is to be left alone. */
  async #call(target: CallTarget, retries: number): Promise<SinkResult> {
    const { variant, upstream, slot } = target;
    if (this.#interrupted) throw draining();
    const entry = upstream.enter(performance.now());
    switch (entry.kind) {
      case "cooling":
        return { outcome: "failed", failure: coolingDown(entry.forMs) };
      case "open":
        return { outcome: "failed", failure: circuitOpen(entry.forMs) };
      case "admitted":
    }
    if (retries === 0) upstream.retries.requested(performance.now());
    const attempt = this.#begin(target);
    const { result, upstreamMs } = await attempt.result;
    this.upstreamMs += upstreamMs;
    this.#learn(variant, upstream, result, entry.probe);
    if (result.outcome === "answered" && result.kind === "success") slot?.keep();
    return result;
  }

  #replay(variant: Variant, slot: Slot): boolean {
    const { id, reply, metrics } = this.#deps;
    const { route } = this.#decision;
    this.cached = slot.replay(reply, { ...idHeaders(id), ...toldOf(this.#decision, variant).headers });
    metrics.lookedUp(route, this.cached ? "hit" : "miss");
    return this.cached;
  }

  #begin({ variant, shaped, slot }: CallTarget): Attempt {
    const { id, reply, table, transport } = this.#deps;
    const { target, endpoints, timeouts } = variant.model;
    const { stream, choices } = this.#request.fields;
    const { wire, hideUsage } = shaped;
    const own = idHeaders(id, ++this.attempts);
    if (slot !== undefined) own["x-crossover-cache"] = "miss";
    const attempt = new Attempt({
      transport: target.transport ?? transport,
      endpoint: stream ? endpoints.stream : endpoints.whole,
      body: wire,
      timeouts,
      reply: slot?.record(reply) ?? reply,
      headers: own,
      sharedHeaders: toldOf(this.#decision, variant).headers,
      stream,
      hideUsage,
      choices,
      secrets: target.secrets,
      maxResponseBytes: table.server.maxResponseBytes,
    });
    this.#underWay = attempt;
    return attempt;
  }

  #learn(variant: Variant, upstream: Upstream, result: SinkResult, probe: boolean): void {
    const { metrics, health } = this.#deps;
    const now = performance.now();
    const kind = kindOf(result);
    metrics.attempted(this.#decision.route, variant, kind);
    const verdict = this.#interrupted ? "neutral" : verdictOf(kind);
    upstream.record(verdict, probe, now);
    if (result.outcome === "failed" && (kind === "rate_limited" || kind === "server_error")) {
      const asked = askedWaitMs(result.failure, Date.now());
      if (asked !== undefined) upstream.cool(asked, now);
    }
    if (kind !== "client_closed") health.record(variant.name, kind === "success" || kind === "client_error");
  }

  /** What the client may never hear, as another variant answers or the answer tells no cause. */
  #logFailure(variant: Variant, { kind, answer, cause }: Failure, retryInMs: number | undefined): void {
    const { id, log, table } = this.#deps;
    if (!table.server.requestLog) return;
    log("warn", "attempt failed", {
      request_id: id,
      attempt: this.attempts,
      variant: variant.name,
      model: variant.model.name,
      provider: variant.model.provider,
      outcome: kind,
      upstream_status: answer instanceof GatewayError ? undefined : answer.status,
      cause,
      retry_in_ms: retryInMs === undefined ? undefined : Math.round(retryInMs),
    });
  }
}

/** The variant decided on, then its fallbacks. */
function variantsFrom(variant: Variant, { variants }: Table): readonly Variant[] {
  if (variant.fallback.length === 0) return [variant];
  return [variant, ...variant.fallback.flatMap((name) => variants.get(name) ?? [])];
}

function verdictOf(kind: AttemptKind): Verdict {
  switch (kind) {
    case "success":
    case "client_error":
      return "good";
    case "auth_failed":
    case "server_error":
    case "bad_response":
    case "unreachable":
    case "timeout":
    case "interrupted":
      return "bad";
    case "rate_limited":
    case "client_closed":
    case "circuit_open":
    case "cooling_down":
      return "neutral";
  }
}
