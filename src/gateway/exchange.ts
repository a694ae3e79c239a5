import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation } from "../domain/decision.ts";
import { draining, GatewayError } from "../domain/errors.ts";
import { errorAnswer } from "../domain/own-answer.ts";
import type { Member } from "../domain/roster.ts";
import type { Variant } from "../domain/table.ts";
import type { Quota } from "../limits/quotas.ts";
import { answerHeaders, decisionJson } from "./answer.ts";
import { AnswerTape } from "./answer-tape.ts";
import type { Caching } from "./caching.ts";
import type { CallDeps } from "./call.ts";
import type { Capturing } from "./capturing.ts";
import { Chain, type ChainResult } from "./chain.ts";
import { allFailed, type FailedAttempt, isTemporary } from "./failure.ts";
import type { Limiter } from "./limiter.ts";
import type { Observing } from "./observing.ts";
import { Patience } from "./patience.ts";
import type { Permit } from "./permit.ts";
import { RecordingReply } from "./recording-reply.ts";
import { CLIENT_CLOSED, type End, requestLine, type Times } from "./request-line.ts";
import { type Shaped, shape } from "./shape.ts";

const NO_HEADERS = {} as const;
const NO_CALLS = { attempts: 0, upstreamMs: 0, calls: [] } as const;

/** A request that was decided on. */
export interface Admitted {
  readonly request: ChatRequest;
  readonly decision: Decision;
  /** Undefined where the route has no cache. */
  readonly caching: Caching | undefined;
  /** Undefined where there is no store. */
  readonly capturing: Capturing | undefined;
  /** Undefined where no rollout's run is judged by it. */
  readonly observing: Observing | undefined;
  /** The limits that apply. */
  readonly quotas: readonly Quota[];
}

export interface ExchangeDeps extends CallDeps {
  readonly limiter: Limiter;
}

/** One request from its decision to its record. */
export class Exchange implements Member {
  place = 0;
  #deps: ExchangeDeps;
  #beganAt = performance.now();
  #decision: Decision | undefined;
  #permit: Permit | undefined;
  #patience: Patience | undefined;
  #chain: Chain | undefined;
  #capturing: Capturing | undefined;
  #observing: Observing | undefined;
  #tape: AnswerTape | undefined;
  #recorder: RecordingReply | undefined;
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
    const headers = {
      ...answerHeaders(this.#deps.id, decision, decision.variant),
      "content-type": "application/json",
    };
    this.#deps.reply.send(200, headers, decisionJson(request, explanation));
    this.#deps.metrics.dryRunEnded();
    this.#log({ status: 200, note: "dry run" }, undefined);
  }

  /** Calls the decided variant, and what comes after it where it fails, and tells the client how it ended. */
  async run({ request, decision, caching, capturing, observing, quotas }: Admitted): Promise<void> {
    this.#decision = decision;
    this.#capturing = capturing;
    this.#observing = observing;
    if (capturing?.wanted || observing !== undefined) this.#recordAnswer();
    this.#deps.metrics.decided(decision);
    const shaped = shape(request, decision.variant);
    if (quotas.length > 0) {
      this.#permit = await this.#admit(request, decision, shaped, quotas);
      if (this.#permit === undefined) return;
    }
    const headers = this.#permit?.headers ?? NO_HEADERS;
    const chain = new Chain(this.#deps, {
      request,
      decision,
      shaped,
      beganAt: this.#beganAt,
      caching,
      headers,
    });
    this.#chain = chain;
    if (this.#interrupted) chain.interrupt();
    const result = await chain.run();
    if (result.outcome === "refused") this.#refuse(result.failed);
    else this.#ended(result);
  }

  /** One tape for all that look at the answer. */
  #recordAnswer(): void {
    this.#tape = new AnswerTape();
    this.#recorder = new RecordingReply(this.#deps.reply, this.#tape);
    this.#deps = { ...this.#deps, reply: this.#recorder };
  }

  /** @returns undefined when the client left before it was its turn */
  async #admit(
    request: ChatRequest,
    decision: Decision,
    { addedTokens }: Shaped,
    quotas: readonly Quota[],
  ): Promise<Permit | undefined> {
    const { table, reply, limiter } = this.#deps;
    const { variant } = decision;
    if (this.#interrupted) throw draining();
    const patience = new Patience(reply);
    this.#patience = patience;
    const permit = await limiter.admit(quotas, { request, variant, table, addedTokens }, patience.signal);
    patience.end();
    if (permit !== undefined) return permit;
    if (!reply.closed) throw draining();
    this.#record({ status: CLIENT_CLOSED, note: "client closed" });
    return undefined;
  }

  /** The gateway stops, and this request has had its time: the client hears so, and nobody more is called. */
  interrupt(): void {
    this.#interrupted = true;
    this.#patience?.interrupt();
    this.#chain?.interrupt();
  }

  /**
   * Tells the client of an error, unless it has an answer already.
   * @param more further headers
   */
  failed(error: unknown, more: Readonly<Record<string, string>> = {}): void {
    try {
      this.#tell(error, more);
    } catch (second) {
      // A failure in telling the failure is ours too, and ends this request only.
      this.#settle({});
      this.#deps.reply.abandon();
      this.#logBug(second);
    }
  }

  #tell(error: unknown, more: Readonly<Record<string, string>>): void {
    const { id, reply } = this.#deps;
    const answer = errorAnswer(error, id);
    if (!(error instanceof GatewayError)) this.#logBug(error);
    if (!reply.closed)
      reply.send(answer.status, { ...answer.headers, ...more, ...this.#decided() }, answer.body);
    const code = error instanceof GatewayError ? error.code : "internal_error";
    this.#record({ status: code === "request_aborted" ? CLIENT_CLOSED : answer.status, note: code, code });
  }

  #logBug(error: unknown): void {
    this.#deps.log("error", "internal error", {
      request_id: this.#deps.id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  /** Headers of the decision, once there is one. */
  #decided(): Record<string, string> {
    const { id } = this.#deps;
    const variant = this.#variant;
    return this.#decision === undefined || variant === undefined
      ? {}
      : {
          ...answerHeaders(id, this.#decision, variant, this.#chain?.tally.attempts),
          ...this.#permit?.headers,
        };
  }

  /** The variant that answers, or the last that was tried. */
  get #variant(): Variant | undefined {
    return this.#chain?.variant ?? this.#decision?.variant;
  }

  #ended(result: Exclude<ChainResult, { outcome: "refused" }>): void {
    switch (result.outcome) {
      case "answered":
        return this.#chain?.cached
          ? this.#record({ ...result, note: "cached" })
          : this.#record({ ...result, enriched: result.kind === "success" });
      case "interrupted":
        // The client saw 200, then the error event: counted as the error that it is.
        return this.#record({
          ...result,
          enriched: true,
          status: result.kind === "timeout" ? 504 : 502,
          note: result.code,
        });
      case "client_closed":
        return this.#record({ status: CLIENT_CLOSED, enriched: result.sent, note: result.why });
    }
  }

  /** Every variant failed and the client has nothing yet. */
  #refuse(failed: readonly FailedAttempt[]): void {
    const last = failed.at(-1);
    if (last === undefined) throw new RangeError("refuse needs a failed attempt");
    if (failed.length > 1) return this.failed(allFailed(failed));
    const { answer, kind } = last.failure;
    // The retries are spent: a client's own would multiply them.
    const spent = last.retries > 0 && !isTemporary(answer.status) ? { "x-should-retry": "false" } : {};
    if (answer instanceof GatewayError) return this.failed(answer, spent);
    const headers = { ...answer.headers, ...spent, ...this.#decided() };
    this.#deps.reply.send(answer.status, headers, answer.body);
    this.#record({ status: answer.status, note: kind });
  }

  #record(end: End): void {
    const durationMs = performance.now() - this.#beganAt;
    const { attempts, upstreamMs } = this.#chain?.tally ?? NO_CALLS;
    const firstTokenMs = end.firstTokenAt === undefined ? undefined : end.firstTokenAt - this.#beganAt;
    const addedTokens = end.enriched ? (this.#chain?.addedTokens ?? 0) : 0;
    this.#settle(end);
    this.#deps.metrics.requestEnded({
      decision: this.#decision,
      variant: this.#variant,
      status: end.status,
      durationMs,
      overheadMs: attempts === 0 ? undefined : Math.max(0, durationMs - upstreamMs),
      firstTokenMs,
      usage: end.usage,
      addedTokens,
    });
    this.#handOn(end, { durationMs, firstTokenMs, addedTokens });
    this.#log(end, { durationMs, firstTokenMs, addedTokens });
  }

  /** To what keeps it, and what judges by it. */
  #handOn(end: End, times: Times): void {
    const [decision, variant, tally] = [this.#decision, this.#variant, this.#chain?.tally ?? NO_CALLS];
    if (decision === undefined || variant === undefined) return;
    if (this.#capturing === undefined && this.#observing === undefined) return;
    const ending = {
      id: this.#deps.id,
      decision,
      tableVersion: this.#deps.table.version,
      variant,
      end,
      attempts: tally.attempts,
      calls: tally.calls,
      cached: this.#chain?.cached ?? false,
      times,
      answer: this.#tape?.answer(),
      paused: this.#recorder?.paused ?? false,
    };
    try {
      this.#capturing?.ended(ending);
      this.#observing?.ended(ending, tally.upstreamMs, this.#chain !== undefined);
    } catch (error) {
      this.#logBug(error); // the client has its answer
    }
  }

  #settle({ usage, enriched = false }: Pick<End, "usage" | "enriched">): void {
    this.#permit?.settle({
      variant: enriched ? this.#variant : undefined,
      usage,
      outputTokens: this.#chain?.tally.outputTokens ?? 0,
    });
  }

  #log(end: End, times: Times | undefined): void {
    const { id, log, table } = this.#deps;
    if (!table.server.requestLog) return;
    const line = requestLine({
      id,
      end,
      decision: this.#decision,
      variant: this.#variant,
      attempts: this.#chain?.tally.attempts ?? 0,
      times,
    });
    log(end.status >= 500 ? "warn" : "info", "request", line);
  }
}
