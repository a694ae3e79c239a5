import { schemaCheck } from "../comparison/schema-check.ts";
import type { ChatRequest } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import type { Rollout, Side, Standing } from "../domain/rollout.ts";
import type { Table } from "../domain/table.ts";
import type { Assignment, Performance } from "../rollouts/observation.ts";
import type { RolloutWatch } from "../rollouts/rollouts.ts";
import { unitIn } from "../routing/choose.ts";
import type { Ending } from "./facts.ts";
import { isOwnRefusal } from "./failure.ts";
import { FAILED, type GivenAnswer, givenAnswer, performanceOf } from "./performance.ts";
import { CLIENT_CLOSED } from "./request-line.ts";
import type { Shadow } from "./shadowing.ts";

/** A request of a run that is judged. */
interface Observed {
  readonly run: string;
  readonly assignment: Assignment;
  readonly request: ChatRequest;
  readonly watch: RolloutWatch;
  readonly called: CalledSides;
  /** Undefined unless the candidate is to be sent it too. */
  readonly shadow: Shadow | undefined;
}

/** Which sides of each rollout's newest run this process has really called. */
export class CalledSides {
  readonly #runs = new Map<string, { readonly run: string; readonly sides: Set<Side> }>();

  /** @param run the one that `rollout` stands in now: what was known of another is dropped */
  add(rollout: string, run: string, side: Side): void {
    const known = this.#runs.get(rollout);
    if (known?.run === run) known.sides.add(side);
    else this.#runs.set(rollout, { run, sides: new Set([side]) });
  }

  has(rollout: string, run: string, side: Side): boolean {
    const known = this.#runs.get(rollout);
    return known?.run === run && known.sides.has(side);
  }
}

/** What the guardrails of a request's rollout are to know of it. @returns undefined for one of no run that is judged */
export function observingOf(
  watch: RolloutWatch | undefined,
  request: ChatRequest,
  decision: Decision,
  table: Table,
  shadow: Shadow | undefined,
  called: CalledSides,
): Observing | undefined {
  const { run, rollout: name } = decision;
  if (watch === undefined || run === undefined || name === undefined) return undefined;
  const rollout = table.rollouts.get(name);
  if (rollout === undefined || !isJudged(watch.standings.get(name), run)) return undefined;
  // With other variants than it was started with, it tells nothing of the run.
  if (!watch.fits(rollout, run)) return undefined;
  return new Observing({ run, assignment: assignmentOf(decision, rollout), request, watch, shadow, called });
}

/** One side alone tells nothing. */
function isJudged(standing: Standing | undefined, run: string): boolean {
  if (standing?.run !== run) return false;
  return standing.share < 1 && (standing.share > 0 || standing.shadowShare > 0);
}

function assignmentOf(decision: Decision, { name, candidate }: Rollout): Assignment {
  const { stickyKey, variant, share = 0, stage = 0, epoch = 0 } = decision;
  return {
    unit: stickyKey === undefined ? undefined : unitIn(name, stickyKey),
    side: variant === candidate ? "candidate" : "control",
    share,
    stage,
    epoch,
  };
}

/** Follows one request until it has ended, and then tells its rollout how it went. */
export class Observing {
  readonly #observed: Observed;

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /**
   * @param upstreamMs how long its calls and the waits between them took
   * @param wasTried did the gateway try to get an answer, rather than refuse it by itself?
   */
  ended(ending: Ending, upstreamMs: number, wasTried: boolean): void {
    const { end, cached } = ending;
    const isRefused = !wasTried && end.code !== "prompt_failed";
    if (cached || isRefused || end.code === "gateway_draining") return;
    const isAnswered = end.status < 400 && ending.variant === ending.decision.variant;
    const raw = isAnswered ? ending.answer : undefined;
    const answer = givenAnswer(raw);
    const performance = this.#performance(ending, upstreamMs, answer);
    const { run, assignment, watch, shadow } = this.#observed;
    if (this.#isLeftAlone(ending)) {
      watch.observe(run, { kind: "request", ...assignment, ...FAILED, error: false, censored: true });
      return;
    }
    const isLeft = end.status === CLIENT_CLOSED;
    watch.observe(run, { kind: "request", ...assignment, ...performance, censored: isLeft || undefined });
    if (isLeft) return;
    // The candidate waits for no client: a control that did is not to look slow beside it.
    const control = ending.paused ? { ...performance, latencyMs: undefined } : performance;
    shadow?.ended({ control, answer, length: raw?.text.length ?? 0 });
  }

  /**
   * Was nothing sent, as the model was left alone for what it had done before the run? Once the run has called it, that it
   * has to be left alone is its own fault.
   */
  #isLeftAlone({ decision, calls }: Ending): boolean {
    const { run, assignment, watch, called } = this.#observed;
    const { rollout = "", variant } = decision;
    const own = calls.filter((call) => call.variant === variant.name);
    if (own.length === 0) return false;
    if (own.every(({ outcome }) => isOwnRefusal(outcome))) return !called.has(rollout, run, assignment.side);
    if (watch.standings.get(rollout)?.run === run) called.add(rollout, run, assignment.side);
    return false;
  }

  #performance(ending: Ending, upstreamMs: number, answer: GivenAnswer | undefined): Performance {
    const { end } = ending;
    if (end.status === CLIENT_CLOSED) return leftBy(end.note, upstreamMs);
    const check = answer && schemaCheck(this.#observed.request.body);
    return performanceOf({ ending, upstreamMs, answer, check });
  }
}

/** A client that left is nobody's error; how long it had waited tells of a slow model all the same. */
function leftBy(why: string | undefined, waitedMs: number): Performance {
  const latencyMs = why === "client too slow" ? undefined : waitedMs;
  return { ...FAILED, error: false, latencyMs };
}
