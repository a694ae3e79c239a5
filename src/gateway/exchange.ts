import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation } from "../domain/decision.ts";
import { GatewayError, serverError } from "../domain/errors.ts";
import { errorAnswer } from "../domain/own-answer.ts";
import type { Table, Variant } from "../domain/table.ts";
import type { Reply, Transport } from "../domain/transport.ts";
import { costOf, type Usage } from "../domain/usage.ts";
import type { HealthTracker } from "../metrics/health.ts";
import type { Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { answerHeaders, decisionJson } from "./answer.ts";
import { type AttemptResult, attempt } from "./attempt.ts";
import type { AttemptKind, Failure } from "./failure.ts";
import { shape } from "./shape.ts";
import type { SinkResult } from "./sink.ts";

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

interface FailedAttempt {
  readonly variant: Variant;
  readonly failure: Failure;
}

/** One request from its decision to its record. */
export class Exchange {
  readonly #deps: ExchangeDeps;
  #beganAt = performance.now();
  #upstreamMs = 0;
  #decision: Decision | undefined;
  #variant: Variant | undefined;
  #addedTokens = 0;
  #attempts = 0;

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
    deps.metrics.requestBegan();
  }

  /** The whole request is here: durations count from now. */
  begins(): void {
    this.#beganAt = performance.now();
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
    this.#record({ status: 200, note: "dry run" });
  }

  /** Tries the decided variant and then its fallbacks, until the client has an answer. */
  async run(request: ChatRequest, decision: Decision): Promise<void> {
    this.#decision = decision;
    this.#deps.metrics.decided(decision);
    const failed: FailedAttempt[] = [];
    for (const variant of this.#candidates(decision)) {
      const before = failed.at(-1)?.variant;
      if (before !== undefined) this.#deps.metrics.fellBack(decision.route, before, variant);
      const result = await this.#attempt(request, decision, variant);
      if (result.outcome !== "failed") return this.#ended(result);
      failed.push({ variant, failure: result.failure });
    }
    this.#refuse(failed);
  }

  /** Tells the client of an error, unless it has an answer already. */
  failed(error: unknown): void {
    const { id, reply, log } = this.#deps;
    const answer = errorAnswer(error, id);
    if (!(error instanceof GatewayError))
      log("error", "internal error", {
        request_id: id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    const decided =
      this.#decision !== undefined && this.#variant !== undefined
        ? answerHeaders(id, this.#decision, this.#variant)
        : {};
    if (!reply.closed) reply.send(answer.status, { ...decided, ...answer.headers }, answer.body);
    const code = error instanceof GatewayError ? error.code : "internal_error";
    this.#record({ status: code === "request_aborted" ? CLIENT_CLOSED : answer.status, note: code });
  }

  /** The variant decided on, then its fallbacks, each once. */
  *#candidates({ variant }: Decision): Generator<Variant> {
    yield variant;
    for (const name of variant.fallback) {
      const next = this.#deps.table.variants.get(name);
      if (next !== undefined) yield next;
    }
  }

  async #attempt(request: ChatRequest, decision: Decision, variant: Variant): Promise<SinkResult> {
    const { id, reply, metrics, health, table, transport } = this.#deps;
    this.#variant = variant;
    this.#attempts++;
    const { target, timeouts } = variant.model;
    const { wire, addedTokens, hideUsage } = shape(request, variant);
    this.#addedTokens = addedTokens;
    const sentAt = performance.now();
    const { result, upstreamEndAt }: AttemptResult = await attempt({
      transport: target.transport ?? transport,
      call: {
        url: target.url,
        headers: callHeaders(target.headers, request.fields.stream),
        body: wire,
        connectTimeoutMs: timeouts.connect,
      },
      timeouts,
      reply,
      headers: answerHeaders(id, decision, variant),
      hideUsage,
      choices: request.fields.choices,
      secrets: target.secrets,
      maxResponseBytes: table.server.maxResponseBytes,
    });
    this.#upstreamMs += upstreamEndAt - sentAt;
    const kind = kindOf(result);
    metrics.attempted(decision.route, variant, kind);
    if (kind !== "client_closed") health.record(variant.name, kind === "success" || kind === "client_error");
    return result;
  }

  #ended(result: Exclude<SinkResult, { outcome: "failed" }>): void {
    switch (result.outcome) {
      case "answered":
        return this.#record({ ...result });
      case "interrupted":
        // The client saw 200, then the error event: counted as the error that it is.
        return this.#record({ ...result, status: result.kind === "timeout" ? 504 : 502, note: result.code });
      case "client_closed":
        return this.#record({ status: CLIENT_CLOSED, note: "client closed" });
    }
  }

  /** Every variant failed and the client has nothing yet. */
  #refuse(failed: readonly FailedAttempt[]): void {
    const last = failed.at(-1);
    if (last === undefined) throw new RangeError("refuse needs a failed attempt");
    if (failed.length > 1) return this.failed(allFailed(failed));
    const { relay, error } = last.failure;
    if (relay === undefined || this.#decision === undefined) return this.failed(error);
    const { id, reply } = this.#deps;
    reply.send(
      relay.status,
      { ...relay.headers, ...answerHeaders(id, this.#decision, last.variant) },
      relay.body,
    );
    this.#record({ status: relay.status, note: last.failure.kind });
  }

  #record(end: {
    readonly status: number;
    readonly usage?: Usage | undefined;
    readonly firstTokenAt?: number | undefined;
    readonly note?: string;
  }): void {
    const { id, metrics, log, table } = this.#deps;
    const durationMs = performance.now() - this.#beganAt;
    const firstTokenMs = end.firstTokenAt === undefined ? undefined : end.firstTokenAt - this.#beganAt;
    const variant = this.#variant;
    metrics.requestEnded({
      decision: this.#decision,
      variant,
      status: end.status,
      durationMs,
      overheadMs: this.#attempts === 0 ? undefined : Math.max(0, durationMs - this.#upstreamMs),
      firstTokenMs,
      usage: end.usage,
      addedTokens: this.#attempts === 0 ? 0 : this.#addedTokens,
    });
    if (!table.server.requestLog) return;
    const price = variant?.model.price;
    log(end.status >= 500 ? "warn" : "info", "request", {
      request_id: id,
      status: end.status,
      route: this.#decision?.route,
      rule: this.#decision?.rule,
      variant: variant?.name,
      path: variant?.path,
      model: variant?.model.name,
      provider: variant?.model.provider,
      attempts: this.#attempts,
      duration_ms: round(durationMs),
      first_token_ms: round(firstTokenMs),
      input_tokens: end.usage?.input,
      output_tokens: end.usage?.output,
      enrichment_tokens: this.#addedTokens,
      cost_usd: end.usage === undefined || price === undefined ? undefined : costOf(end.usage, price),
      note: end.note,
    });
  }
}

function callHeaders(target: Readonly<Record<string, string>>, stream: boolean): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: stream ? "text/event-stream" : "application/json",
    "accept-encoding": "identity",
    "user-agent": "crossover",
    ...target,
  };
}

function kindOf(result: SinkResult): AttemptKind {
  switch (result.outcome) {
    case "answered":
    case "interrupted":
      return result.kind;
    case "failed":
      return result.failure.kind;
    case "client_closed":
      return "client_closed";
  }
}

function allFailed(failed: readonly FailedAttempt[]): GatewayError {
  const list = failed.map(({ variant, failure }) => `${variant.name}: ${failure.kind}`).join(", ");
  const temporary = failed.every(
    ({ failure }) => failure.relay?.status === 429 || failure.relay?.status === 503,
  );
  return serverError(
    502,
    "all_targets_failed",
    `No variant could answer (${list}).`,
    temporary ? {} : { "x-should-retry": "false" },
  );
}

function round(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}
