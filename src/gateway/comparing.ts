import { Comparison } from "../comparison/compare.ts";
import type { ComparisonAnswer, RowDocument } from "../comparison/document.ts";
import { comparedSet, storable } from "../comparison/stored.ts";
import { badRequest, clientGone, draining, GatewayError } from "../domain/errors.ts";
import { errorAnswer, idHeaders } from "../domain/own-answer.ts";
import type { Member } from "../domain/roster.ts";
import type { Key, Route, Table } from "../domain/table.ts";
import type { Reply, ReplyListener } from "../domain/transport.ts";
import { type Store, StoreError } from "../store/store.ts";
import type { AskDeps } from "./ask.ts";
import type { Limiter } from "./limiter.ts";
import { comparedVariants, NO_ROUTE, type WantedComparison } from "./parse-comparison.ts";
import { CLIENT_CLOSED } from "./request-line.ts";
import { toolsFor } from "./tools.ts";

export interface ComparingDeps extends Omit<AskDeps, "route" | "admit"> {
  readonly id: string;
  readonly reply: Reply;
  readonly limiter: Limiter;
  readonly store: Store | undefined;
}

/** One comparison for a client, from its parsed body to its answer. */
export class Comparing implements Member, ReplyListener {
  place = 0;
  readonly #deps: ComparingDeps;
  readonly #beganAt = performance.now();
  readonly #controller = new AbortController();
  /** What limits refused. */
  readonly #refused: GatewayError[] = [];

  constructor(deps: ComparingDeps) {
    this.#deps = deps;
  }

  /** @param kept may what comes out be stored? @throws GatewayError when nothing can be compared */
  async run(wanted: WantedComparison, key: Key | undefined, kept: boolean): Promise<void> {
    const { id, reply, table } = this.#deps;
    const { signal } = this.#controller;
    if (reply.closed) throw clientGone();
    reply.listener = this;
    const { route, variants } = comparedVariants(wanted, table, key);
    if (wanted.judge) this.#requireJudge(wanted);
    const tools = toolsFor({ ...this.#deps, ...this.#limits(route?.name, key) }, wanted.judge);
    const comparison = new Comparison({ variants, tools, concurrency: table.compare.concurrency });
    const query = { request: wanted.request, expected: wanted.expected, captureId: undefined };
    const row = await comparison.one(query, signal);
    this.#requireAdmitted(row);
    const at = Date.now();
    const names = variants.map(({ name }) => name);
    const compared = comparedSet({ id, at, route: route?.name, variants: names }, [row]);
    if (kept && isCaptured(route, table))
      await this.#store(storable(compared, [query], at, table.redaction.stored));
    const { created, baseline } = compared.document;
    const { results, agreement } = row;
    const answer: ComparisonAnswer = {
      object: "crossover.comparison",
      id,
      created,
      baseline,
      results,
      agreement,
    };
    this.#send(200, JSON_HEADERS, JSON.stringify(answer));
  }

  /** Tells the client of an error. */
  failed(error: unknown): void {
    const { id, log } = this.#deps;
    if (!(error instanceof GatewayError))
      log("error", "internal error", {
        request_id: id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    const { status, headers, body } = errorAnswer(error, id);
    this.#send(status, headers, body);
  }

  /** The gateway stops, and this has had its time. */
  interrupt(): void {
    this.#controller.abort(draining());
  }

  drained(): void {}

  asked(): void {}

  left(): void {
    this.#controller.abort(clientGone());
  }

  /** Every call takes from the key's limits, so that comparing spends no more than asking. */
  #limits(route: string | undefined, key: Key | undefined): Pick<AskDeps, "route" | "admit"> {
    const { limiter, table } = this.#deps;
    const quotas = limiter.quotas(key, route ?? "", table);
    if (quotas.length === 0) return { route: route ?? NO_ROUTE };
    return {
      route: route ?? NO_ROUTE,
      admit: async (wanted, signal) => {
        try {
          return await limiter.admit(quotas, wanted, signal);
        } catch (error) {
          if (error instanceof GatewayError) this.#refused.push(error);
          throw error;
        }
      },
    };
  }

  #requireJudge({ variants }: WantedComparison): void {
    if (this.#deps.table.compare.judge === undefined)
      throw badRequest("invalid_value", "No judge is configured: `compare.judge` names one.", "judge");
    if (variants.length < 2)
      throw badRequest("invalid_value", "A judge compares two variants at least.", "variants");
  }

  /** Where limits let no variant be asked, that is the answer. */
  #requireAdmitted({ results }: RowDocument): void {
    const [refused] = this.#refused;
    if (
      refused !== undefined &&
      this.#refused.length >= results.length &&
      results.every(({ error }) => error)
    )
      throw refused;
  }

  /** What can't be stored is told all the same. */
  async #store({ comparison, rows }: ReturnType<typeof storable>): Promise<void> {
    const { store, log, id } = this.#deps;
    try {
      await store?.saveComparison(comparison, rows);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log("warn", "comparison not stored", { request_id: id, problem: error.message });
    }
  }

  #send(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    const { id, reply, log, table } = this.#deps;
    reply.listener = undefined;
    const left = reply.closed;
    if (!left) reply.send(status, { ...idHeaders(id), ...headers }, body);
    if (!table.server.requestLog) return;
    log(status >= 500 ? "warn" : "info", "comparison", {
      request_id: id,
      status: left ? CLIENT_CLOSED : status,
      duration_ms: Math.round(performance.now() - this.#beganAt),
    });
  }
}

/** Where no route is named the query may be any route's: none of them may be left out of capture. */
function isCaptured(route: Route | undefined, { routes }: Table): boolean {
  return [...(route === undefined ? routes.values() : [route])].every(({ capture }) => capture !== undefined);
}

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;
