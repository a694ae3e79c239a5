import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation } from "../domain/decision.ts";
import { draining, GatewayError } from "../domain/errors.ts";
import { errorAnswer, idHeaders } from "../domain/own-answer.ts";
import type { Member } from "../domain/roster.ts";
import type { Table, Variant } from "../domain/table.ts";
import type { Reply, Transport } from "../domain/transport.ts";
import type { HealthTracker } from "../metrics/health.ts";
import type { Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { answerHeaders, decisionJson, toldOf } from "./answer.ts";
import { Attempt } from "./attempt.ts";
import { allFailed, type FailedAttempt, type Failure } from "./failure.ts";
import { type End, requestLine, type Times } from "./request-line.ts";
import { shape } from "./shape.ts";
import { kindOf, type SinkResult } from "./sink.ts";

/** nginx's number for a client that left; nobody receives it. */
const CLIENT_CLOSED = 499;

export interface ExchangeDeps {
  readonly id: string;
  readonly table: Table;
  readonly reply: Reply;
  readonly transport: Transport;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly health: HealthTracker;
}

/** One request from its decision to its record. */
export class Exchange implements Member {
  place = 0;
  readonly #deps: ExchangeDeps;
  #beganAt = performance.now();
  #upstreamMs = 0;
  #decision: Decision | undefined;
  #variant: Variant | undefined;
  #addedTokens = 0;
  #attempts = 0;
  #attempt: Attempt | undefined;
  #interrupted = false;

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
    deps.metrics.requestBegan();
  }

  /** @param ms how long the client took to send its body, which counts in no duration */
  waitedForBody(ms: number): void {
    this.#beganAt += ms;
  }

  dryRun(request: ChatRequest, explanation: Explanation): void {
    const { decision } = explanation;
    this.#decision = decision;
    this.#variant = decision.variant;
    const headers = {
      ...answerHeaders(this.#deps.id, decision, decision.variant),
      "content-type": "application/json",
    };
    this.#deps.reply.send(200, headers, decisionJson(request, explanation));
    this.#deps.metrics.dryRunEnded();
    this.#log({ status: 200, note: "dry run" }, undefined);
  }

  /** Tries the decided variant and then its fallbacks, until the client has an answer. */
  async run(request: ChatRequest, decision: Decision): Promise<void> {
    this.#decision = decision;
    this.#deps.metrics.decided(decision);
    const failed: FailedAttempt[] = [];
    for (const variant of this.#candidates(decision)) {
      if (this.#interrupted) throw draining();
      const before = failed.at(-1)?.variant;
      if (before !== undefined) this.#deps.metrics.fellBack(decision.route, before, variant);
      const attempt = this.#begin(request, decision, variant);
      const { result, upstreamMs } = await attempt.result;
      this.#learn(decision, variant, result, upstreamMs);
      if (result.outcome !== "failed") return this.#ended(result);
      this.#logFailure(variant, result.failure);
      failed.push({ variant, failure: result.failure });
    }
    if (this.#interrupted) throw draining();
    this.#refuse(failed);
  }

  /** The gateway stops, and this request has had its time: the client hears so, and nobody more is called. */
  interrupt(): void {
    this.#interrupted = true;
    this.#attempt?.interrupt();
  }

  /** Tells the client of an error, unless it has an answer already. */
  failed(error: unknown): void {
    try {
      this.#tell(error);
    } catch (second) {
      // A failure in telling the failure is ours too, and ends this request only.
      this.#deps.reply.abandon();
      this.#logBug(second);
    }
  }

  #tell(error: unknown): void {
    const { id, reply } = this.#deps;
    const answer = errorAnswer(error, id);
    if (!(error instanceof GatewayError)) this.#logBug(error);
    if (!reply.closed) reply.send(answer.status, { ...this.#decided(), ...answer.headers }, answer.body);
    const code = error instanceof GatewayError ? error.code : "internal_error";
    this.#record({ status: code === "request_aborted" ? CLIENT_CLOSED : answer.status, note: code });
  }

  #logBug(error: unknown): void {
    this.#deps.log("error", "internal error", {
      request_id: this.#deps.id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  /** Headers of the decision, once there is one. */
  #decided(): Record<string, string> {
    return this.#decision === undefined || this.#variant === undefined
      ? {}
      : answerHeaders(this.#deps.id, this.#decision, this.#variant);
  }

  /** The variant decided on, then its fallbacks. */
  #candidates({ variant }: Decision): readonly Variant[] {
    if (variant.fallback.length === 0) return [variant];
    const { variants } = this.#deps.table;
    return [variant, ...variant.fallback.flatMap((name) => variants.get(name) ?? [])];
  }

  #begin(request: ChatRequest, decision: Decision, variant: Variant): Attempt {
    const { id, reply, table, transport } = this.#deps;
    this.#variant = variant;
    const { target, endpoints, timeouts } = variant.model;
    const { stream, choices } = request.fields;
    const { wire, addedTokens, hideUsage } = shape(request, variant);
    this.#addedTokens = addedTokens;
    this.#attempts++;
    const attempt = new Attempt({
      transport: target.transport ?? transport,
      endpoint: stream ? endpoints.stream : endpoints.whole,
      body: wire,
      timeouts,
      reply,
      headers: idHeaders(id),
      sharedHeaders: toldOf(decision, variant).headers,
      stream,
      hideUsage,
      choices,
      secrets: target.secrets,
      maxResponseBytes: table.server.maxResponseBytes,
    });
    this.#attempt = attempt;
    return attempt;
  }

  #learn({ route }: Decision, variant: Variant, result: SinkResult, upstreamMs: number): void {
    const { metrics, health } = this.#deps;
    this.#upstreamMs += upstreamMs;
    const kind = kindOf(result);
    metrics.attempted(route, variant, kind);
    if (kind !== "client_closed") health.record(variant.name, kind === "success" || kind === "client_error");
  }

  /** What the client may never hear, as another variant answers or the answer tells no cause. */
  #logFailure(variant: Variant, { kind, answer, cause }: Failure): void {
    const { id, log, table } = this.#deps;
    if (!table.server.requestLog) return;
    log("warn", "attempt failed", {
      request_id: id,
      variant: variant.name,
      model: variant.model.name,
      provider: variant.model.provider,
      outcome: kind,
      upstream_status: answer instanceof GatewayError ? undefined : answer.status,
      cause,
    });
  }

  #ended(result: Exclude<SinkResult, { outcome: "failed" }>): void {
    switch (result.outcome) {
      case "answered":
        return this.#record({ ...result, enriched: result.kind === "success" });
      case "interrupted":
        // The client saw 200, then the error event: counted as the error that it is.
        return this.#record({
          ...result,
          enriched: true,
          status: result.kind === "timeout" ? 504 : 502,
          note: result.code,
        });
      case "client_closed":
        return this.#record({ status: CLIENT_CLOSED, enriched: true, note: "client closed" });
    }
  }

  /** Every variant failed and the client has nothing yet. */
  #refuse(failed: readonly FailedAttempt[]): void {
    const last = failed.at(-1);
    if (last === undefined) throw new RangeError("refuse needs a failed attempt");
    if (failed.length > 1) return this.failed(allFailed(failed));
    const { answer, kind } = last.failure;
    if (answer instanceof GatewayError) return this.failed(answer);
    this.#deps.reply.send(answer.status, { ...answer.headers, ...this.#decided() }, answer.body);
    this.#record({ status: answer.status, note: kind });
  }

  #record(end: End): void {
    const durationMs = performance.now() - this.#beganAt;
    const firstTokenMs = end.firstTokenAt === undefined ? undefined : end.firstTokenAt - this.#beganAt;
    const addedTokens = end.enriched ? this.#addedTokens : 0;
    this.#deps.metrics.requestEnded({
      decision: this.#decision,
      variant: this.#variant,
      status: end.status,
      durationMs,
      overheadMs: this.#attempts === 0 ? undefined : Math.max(0, durationMs - this.#upstreamMs),
      firstTokenMs,
      usage: end.usage,
      addedTokens,
    });
    this.#log(end, { durationMs, firstTokenMs, addedTokens });
  }

  #log(end: End, times: Times | undefined): void {
    const { id, log, table } = this.#deps;
    if (!table.server.requestLog) return;
    const line = requestLine({
      id,
      end,
      decision: this.#decision,
      variant: this.#variant,
      attempts: this.#attempts,
      times,
    });
    log(end.status >= 500 ? "warn" : "info", "request", line);
  }
}
