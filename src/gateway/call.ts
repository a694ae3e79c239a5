import type { CapturedCall } from "../domain/capture.ts";
import type { ChatRequest } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import { idHeaders } from "../domain/own-answer.ts";
import type { Table, Variant } from "../domain/table.ts";
import type { Reply, Transport } from "../domain/transport.ts";
import type { HealthTracker } from "../metrics/health.ts";
import type { Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Verdict } from "../upstreams/breaker.ts";
import type { Pass, Upstream } from "../upstreams/upstream.ts";
import type { Upstreams } from "../upstreams/upstreams.ts";
import { toldOf } from "./answer.ts";
import { Attempt } from "./attempt.ts";
import type { Slot } from "./caching.ts";
import { type AttemptKind, circuitOpen, coolingDown, type Failure } from "./failure.ts";
import { askedWaitMs } from "./next-step.ts";
import { Race } from "./race.ts";
import type { Shaped } from "./shape.ts";
import { causeOf, kindOf, type SinkResult, statusOf } from "./sink.ts";

export interface CallDeps {
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

/** More calls than any request should take; a model that is left alone again and again would fill a capture. */
const MOST_RECORDED = 50;

/** What a request's calls came to so far. */
export interface Tally {
  attempts: number;
  /** How long they and the waits between them took, in milliseconds. */
  upstreamMs: number;
  /** Of the answer that the client got, or a part of; estimated. */
  outputTokens: number;
  /** In the order in which they ended. */
  readonly calls: CapturedCall[];
}

export interface CallOptions {
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly variant: Variant;
  readonly shaped: Shaped;
  /** Undefined where the route has no cache. */
  readonly slot: Slot | undefined;
  /** Further headers on the answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tally: Tally;
  /** When the request began, on the clock of performance.now(). */
  readonly beganAt: number;
}

/** Calls one variant's model for a request, and tells how it went to all who learn from it. */
export class Call {
  readonly upstream: Upstream;
  readonly #deps: CallDeps;
  readonly #options: CallOptions;
  #underWay: Attempt | Race | undefined;
  #interrupted = false;
  /** When the attempt that ended last was under way. */
  #lastFrom = 0;
  #lastTo = 0;

  constructor(deps: CallDeps, options: CallOptions) {
    this.#deps = deps;
    this.#options = options;
    this.upstream = deps.upstreams.of(options.variant.model);
  }

  /**
   * Calls, unless the model is to be left alone.
   * @param retries how often it was called for this request already
   */
  async make(retries: number): Promise<SinkResult> {
    const { variant, slot } = this.#options;
    const now = performance.now();
    const entry = this.upstream.enter(now);
    switch (entry.kind) {
      case "cooling":
        return this.#spared(coolingDown(entry.forMs), now);
      case "open":
        return this.#spared(circuitOpen(entry.forMs), now);
      case "admitted":
    }
    if (retries === 0) this.upstream.retries.requested(now);
    else this.#deps.metrics.retried(variant.model);
    const reply = slot?.record(this.#deps.reply) ?? this.#deps.reply;
    const result = await this.#send(reply, variant.hedgeMs, entry.pass);
    if (result.outcome === "answered" && result.status === 200) slot?.keep();
    return result;
  }

  /** The gateway stops. */
  interrupt(): void {
    this.#interrupted = true;
    this.#underWay?.interrupt();
  }

  async #send(reply: Reply, hedgeMs: number | undefined, pass: Pass): Promise<SinkResult> {
    try {
      if (hedgeMs !== undefined) return await this.#hedged(hedgeMs, reply, pass);
      const attempt = this.#begin(reply, pass);
      this.#underWay = attempt;
      return await this.#heard(attempt, pass);
    } catch (error) {
      pass.ended("neutral", performance.now()); // a bug of ours must not end all probing
      throw error;
    }
  }

  /** Calls once more when the client has nothing after a while; the first call that answers ends the other. */
  async #hedged(afterMs: number, reply: Reply, pass: Pass): Promise<SinkResult> {
    const race = new Race(reply);
    this.#underWay = race;
    const enter = (by: Pass, isHedge = false): Promise<SinkResult> =>
      this.#heard(
        race.enter((lane) => this.#begin(lane, by)),
        by,
        isHedge,
      );
    const first = enter(pass);
    let second: Promise<SinkResult> | undefined;
    const timer = setTimeout(() => {
      if (!race.won && this.#maySpare()) second = enter(this.upstream.pass, true);
    }, afterMs);
    const result = await first;
    clearTimeout(timer);
    const other = await second;
    race.end();
    return other === undefined || result.outcome !== "failed" ? result : other;
  }

  /** The model is left alone for a while: no call, but a reason for what comes next. */
  #spared(failure: Failure, now: number): SinkResult {
    const result: SinkResult = { outcome: "failed", failure };
    this.#record(result, now, 0, false);
    return result;
  }

  #record(result: SinkResult, startedAt: number, durationMs: number, hedge: boolean): void {
    const { variant, tally, beganAt } = this.#options;
    if (tally.calls.length === MOST_RECORDED) return;
    tally.calls.push({
      variant: variant.name,
      model: variant.model.name,
      outcome: kindOf(result),
      status: statusOf(result),
      startedMs: tenths(startedAt - beganAt),
      durationMs: tenths(durationMs),
      hedge,
      note: causeOf(result),
    });
  }

  /** May a call be made that is not strictly needed? */
  #maySpare(): boolean {
    const now = performance.now();
    return !this.#interrupted && this.upstream.isFree(now) && this.upstream.retries.take(now);
  }

  #begin(reply: Reply, pass: Pass): Attempt {
    const { id, table, transport } = this.#deps;
    const { request, decision, variant, shaped, slot, tally } = this.#options;
    const { target, endpoints, timeouts } = variant.model;
    const { stream, choices } = request.fields;
    const headers = Object.assign(idHeaders(id, ++tally.attempts), this.#options.headers);
    if (slot !== undefined) headers["x-crossover-cache"] = "miss";
    return new Attempt({
      transport: target.transport ?? transport,
      endpoint: stream ? endpoints.stream : endpoints.whole,
      body: shaped.wire,
      timeouts,
      reply,
      pass,
      headers,
      sharedHeaders: toldOf(decision, variant).headers,
      stream,
      hideUsage: shaped.hideUsage,
      choices,
      secrets: target.secrets,
      maxResponseBytes: table.server.maxResponseBytes,
    });
  }

  /** How a call ended, once that is told to all who learn from it. */
  async #heard(attempt: Attempt, pass: Pass, isHedge = false): Promise<SinkResult> {
    const { result, upstreamMs, endedAt: now, outputTokens } = await attempt.result;
    const { decision, variant, tally } = this.#options;
    const { metrics, health } = this.#deps;
    const kind = kindOf(result);
    const verdict = this.#interrupted ? "neutral" : verdictOf(kind);
    this.#took(now - upstreamMs, now);
    this.#record(result, now - upstreamMs, upstreamMs, isHedge);
    if (result.outcome !== "failed") tally.outputTokens = Math.max(tally.outputTokens, outputTokens);
    metrics.attempted(decision.route, variant, kind);
    pass.ended(verdict, now);
    if (result.outcome === "failed" && (kind === "rate_limited" || kind === "server_error")) {
      const asked = askedWaitMs(result.failure, Date.now());
      if (asked !== undefined) this.upstream.cool(asked, now);
    }
    if (kind !== "client_closed" && kind !== "superseded")
      health.record(variant.name, kind === "success" || kind === "client_error");
    return result;
  }

  /** Time that two calls are under way beside each other counts once: the client does not wait for it twice. */
  #took(from: number, to: number): void {
    const both = Math.min(to, this.#lastTo) - Math.max(from, this.#lastFrom);
    this.#options.tally.upstreamMs += to - from - Math.max(0, both);
    this.#lastFrom = from;
    this.#lastTo = to;
  }
}

/** Milliseconds to a tenth. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** What the end of a call tells of the model. */
export function verdictOf(kind: AttemptKind): Verdict {
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
    case "superseded":
    case "circuit_open":
    case "cooling_down":
      return "neutral";
  }
}
