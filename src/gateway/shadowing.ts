import { Judge } from "../comparison/judge.ts";
import { schemaCheck } from "../comparison/schema-check.ts";
import { Turns } from "../comparison/turns.ts";
import type { SentRequest } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import { draining } from "../domain/errors.ts";
import { unitOf } from "../domain/hash.ts";
import { known } from "../domain/made.ts";
import type { Rollout } from "../domain/rollout.ts";
import type { JudgeSettings, Table } from "../domain/table.ts";
import type { Transport } from "../domain/transport.ts";
import { HealthTracker } from "../metrics/health.ts";
import { fieldsOf, type Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { ShadowOutcome } from "../metrics/shadow-families.ts";
import type { Performance } from "../rollouts/observation.ts";
import type { RolloutWatch } from "../rollouts/rollouts.ts";
import { unitIn } from "../routing/choose.ts";
import { Upstreams } from "../upstreams/upstreams.ts";
import { ask } from "./ask.ts";
import { NO_ROUTE } from "./parse-comparison.ts";
import type { GivenAnswer } from "./performance.ts";
import { capOf, mostOf, ShadowBudget } from "./shadow-budget.ts";
import { ShadowLane, type Waiting } from "./shadow-lane.ts";
import { askCandidate, type PairTools, type Shadowed } from "./shadow-pair.ts";

export interface ShadowingDeps {
  readonly rollouts: RolloutWatch;
  readonly transport: Transport;
  readonly metrics: Metrics;
  readonly log: Log;
  /** What is known of the models from clients' requests. */
  readonly upstreams: Upstreams;
  /** From [0, 1). */
  readonly random: () => number;
}

/** How the control did on a request whose client has its answer. */
export interface ControlHalf {
  readonly control: Performance;
  /** Undefined where it failed, or its answer was too long to be kept. */
  readonly answer: GivenAnswer | undefined;
  /** Of the answer, in characters. */
  readonly length: number;
}

/** A request that is shadowed, once it has ended. */
export interface Shadow {
  ended(half: ControlHalf): void;
}

interface ShadowTask extends Waiting, Omit<ControlHalf, "length"> {
  /** Of the request. */
  readonly id: string;
  readonly request: SentRequest;
  readonly decision: Decision;
  readonly run: string;
  readonly rollout: Rollout;
  readonly table: Table;
}

/**
 * Sends a share of what the control answered to the candidate too, once the client has its answer, and tells the rollout
 * how the two compare. Nothing of it reaches a client or its limits, nothing is captured, and no tool is called.
 *
 * What the calls tell of a model stays here: they are no clients', and must neither open a circuit nor cool a model down for
 * clients, whose requests a burst of shadowed ones may have crowded out. The other way round clients come first: a model that
 * they have to leave alone is left alone.
 */
export class Shadowing {
  readonly #deps: ShadowingDeps;
  readonly #health = new HealthTracker();
  readonly #upstreams = new Upstreams(() => {});
  readonly #budget: ShadowBudget;
  /** By name of the rollout. */
  readonly #lanes = new Map<string, ShadowLane<ShadowTask>>();
  readonly #tools = new WeakMap<Rollout, PairTools>();
  readonly #stopping = new AbortController();
  #table: Table | undefined;

  constructor(deps: ShadowingDeps) {
    this.#deps = deps;
    this.#budget = new ShadowBudget((run) => deps.rollouts.shadowSpentToday(run));
  }

  /** Puts another table in force: what waits is of the one before, and dropped. */
  use(table: Table): void {
    this.#table = table;
    this.#upstreams.watch(table);
    this.#clear();
  }

  /** What is to be told when the request has ended, if it is to be shadowed. @param id of the request */
  of(id: string, request: SentRequest, decision: Decision, table: Table): Shadow | undefined {
    const { run, rollout: name, variant } = decision;
    if (run === undefined || name === undefined || this.#stopping.signal.aborted) return undefined;
    const [rollout, share] = [table.rollouts.get(name), this.#share(name, run)];
    if (share === 0 || variant !== rollout?.control) return undefined;
    if (unitOf(`${id}\nshadow`) >= share) return undefined;
    return {
      ended: ({ length, ...half }) => {
        const bytes = 2 * (request.text.length + length);
        this.#take({ id, request, decision, run, rollout, table, bytes, ...half });
      },
    };
  }

  /** The gateway stops: nothing more is shadowed, and what is under way ends at once. */
  stop(): void {
    this.#stopping.abort(draining());
    this.#clear();
  }

  /** Of the control's requests, from 0 to 1. */
  #share(rollout: string, run: string): number {
    const standing = this.#deps.rollouts.standings.get(rollout);
    return standing?.run === run ? standing.shadowShare : 0;
  }

  #clear(): void {
    for (const [rollout, lane] of this.#lanes) this.#count(rollout, "dropped", lane.clear());
  }

  #count(rollout: string, outcome: ShadowOutcome, requests = 1): void {
    if (requests > 0) this.#deps.metrics.shadows.ended(rollout, outcome, requests);
  }

  #take(task: ShadowTask): void {
    const { name, policy } = task.rollout;
    const { concurrency } = policy.shadow;
    const lane = known(
      this.#lanes,
      name,
      () => new ShadowLane<ShadowTask>(concurrency, (next) => this.#shadow(next)),
    );
    lane.concurrency = concurrency;
    if (this.#stopping.signal.aborted || !lane.add(task)) this.#count(name, "dropped");
  }

  async #shadow(task: ShadowTask): Promise<void> {
    const { run, rollout } = task;
    try {
      if (!this.#isWanted(task)) return this.#count(rollout.name, "dropped");
      const tools = this.#toolsOf(rollout, task.table);
      const shadowed = shadowedOf(task);
      const most = mostOf(shadowed, judgeOf(rollout, task.table), task.table);
      if (!this.#budget.reserve(run, most, rollout.policy.shadow.usdPerDay))
        return this.#count(rollout.name, "over_budget");
      try {
        await this.#compare(task, shadowed, tools);
      } finally {
        this.#budget.release(run, most);
      }
    } catch (error) {
      this.#count(rollout.name, "failed");
      if (!this.#stopping.signal.aborted) this.#logBug(task, error);
    }
  }

  async #compare(task: ShadowTask, shadowed: Shadowed, tools: PairTools): Promise<void> {
    const { run, rollout } = task;
    const { stickyKey, stage = 0, epoch = 0 } = task.decision;
    const { pair, spentUsd } = await askCandidate(shadowed, tools, this.#stopping.signal);
    const { metrics, rollouts } = this.#deps;
    metrics.shadows.spent(rollout.name, spentUsd);
    this.#count(rollout.name, pair === undefined ? "failed" : "compared");
    if (pair === undefined) return;
    const unit = stickyKey === undefined ? undefined : unitIn(rollout.name, stickyKey);
    rollouts.observe(run, { kind: "pair", unit, stage, epoch, at: Date.now(), ...pair });
  }

  /** Is it still to be shadowed, and its model not to be left alone? */
  #isWanted({ run, rollout, table }: ShadowTask): boolean {
    const { model } = rollout.candidate;
    const [now, own] = [performance.now(), this.#upstreams.of(model)];
    return (
      table === this.#table &&
      this.#share(rollout.name, run) > 0 &&
      this.#deps.upstreams.of(model).isFree(now) &&
      (own.circuit !== "closed" || own.isFree(now))
    );
  }

  /** Calls of the candidate and of the judge take turns, so that no more are under way together than may be. */
  #toolsOf(rollout: Rollout, table: Table): PairTools {
    return known(this.#tools, rollout, () => {
      const { transport, metrics, log, random } = this.#deps;
      const turns = new Turns(rollout.policy.shadow.concurrency);
      const deps = {
        route: NO_ROUTE,
        table,
        transport,
        metrics,
        random,
        health: this.#health,
        upstreams: this.#upstreams,
        log: marked(log, rollout.name),
        asSent: true,
      };
      const asked: PairTools["ask"] = (request, variant, signal) =>
        turns.run(() => ask(deps, request, variant, signal));
      const settings = judgeOf(rollout, table);
      const judge = settings && new Judge(asked, settings, table.redaction.secrets.redact);
      return { ask: asked, judge };
    });
  }

  #logBug({ id }: ShadowTask, error: unknown): void {
    this.#deps.log("error", "internal error", {
      request_id: id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
}

/** Lines that tell which rollout's shadow they are about. */
function marked(log: Log, rollout: string): Log {
  return (level, message, entry = {}) => log(level, message, { ...fieldsOf(entry), shadow_of: rollout });
}

/** Judges cost: they are asked where a guardrail rests on them. */
function judgeOf({ policy }: Rollout, { compare }: Table): JudgeSettings | undefined {
  return policy.guardrails.some(({ kind }) => kind === "judge") ? compare.judge : undefined;
}

function shadowedOf({ request, rollout, table, control, answer }: ShadowTask): Shadowed {
  const costCapUsd = capOf(request, rollout.candidate, table);
  return {
    request,
    check: schemaCheck(request.body),
    control,
    answer,
    candidate: rollout.candidate,
    costCapUsd,
  };
}
