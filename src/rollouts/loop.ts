import type { Log } from "../metrics/log.ts";
import { StoreError } from "../store/store.ts";
import type { Commits } from "./commits.ts";
import { deedOf } from "./deed.ts";
import type { FollowedRun } from "./followed-run.ts";
import type { Situation } from "./needs.ts";
import { plan, type Step } from "./plan.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { taken } from "./steps.ts";
import { GATEWAY } from "./transitions.ts";

export interface Timing {
  /** How long observations wait for others before they are logged, in milliseconds. */
  readonly flushMs: number;
  /** How often it looks what other processes have done, in milliseconds. */
  readonly pollMs: number;
  /** Observations between two snapshots. */
  readonly snapshotEvery: number;
}

export interface LoopOptions {
  readonly runs: Runs;
  readonly commits: Commits;
  readonly log: Log;
  readonly timing: Timing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told when something may stand elsewhere. */
  readonly publish: () => void;
}

/** So many looks after the store answers again, others have logged what waited. */
const CATCHING_UP = 4;
/**
 * So often a promotion is tried in a turn, while others log something between its reading and its saving. Each gateway that
 * tries logs nothing of its own meanwhile; as all that follow the run come to the same promotion, its log comes to rest.
 */
const PROMOTION_TRIES = 20;

/** Turn after turn: logs what was seen, reads what others saw, and takes the next step of each run. */
export class Loop {
  readonly #options: LoopOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  /** On the clock of performance.now(). */
  #looksAt = 0;
  /** Before this, on the same clock, others may still have to log what they saw while the store did not answer. */
  #growsAt = 0;
  #turning: Promise<void> | undefined;
  #trouble: string | undefined;
  #isClosed = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Does the store not answer, so that the guardrails see nothing? */
  get isBlind(): boolean {
    return this.#trouble !== undefined || !this.#options.runs.isKnown;
  }

  situationOf(run: Run): Situation {
    const { now, runs } = this.#options;
    return { now: now(), isBlind: this.isBlind, fits: runs.fits(run) };
  }

  /** The next turn comes in so many milliseconds at most. */
  wake(inMs: number): void {
    const at = performance.now() + inMs;
    if (this.#isClosed || at >= this.#wakesAt) return;
    this.#wakesAt = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.turn(), inMs);
    this.#timer.unref();
  }

  /** There is something to log: soon, so that others can come with it. */
  observed(): void {
    const { flushMs, pollMs } = this.#options.timing;
    this.wake(this.#trouble === undefined ? flushMs : pollMs);
  }

  /** One that looks what others have done comes now. */
  look(): void {
    this.#looksAt = 0;
    this.wake(0);
  }

  /** Resolves after a turn that began now or a moment ago. Never rejects. */
  turn(): Promise<void> {
    clearTimeout(this.#timer);
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#turning ??= this.#turn().finally(() => {
      this.#turning = undefined;
      if (this.#options.runs.rollouts.size > 0) this.wake(this.#waitMs());
    });
    return this.#turning;
  }

  /** Logs what waits and keeps what is known, as far as there is time. */
  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const last = async (): Promise<void> => {
      await this.#turning;
      for (const { followed } of this.#options.runs.open) {
        if (followed.hasPending) await toItsEnd(followed);
        if (followed.isCaughtUp) await followed.keep();
      }
    };
    const late = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    await Promise.race([last().catch((error: unknown) => this.#fails(error)), late]);
  }

  async #turn(): Promise<void> {
    const { commits, runs, publish } = this.#options;
    // What failed may have been done all the same.
    const looks = this.#trouble !== undefined || performance.now() >= this.#looksAt;
    if (looks) this.#looksAt = performance.now() + this.#options.timing.pollMs;
    const before = runs.open;
    try {
      if (looks) await runs.look();
      for (const { run, followed } of runs.open)
        if (looks || followed.hasPending) await this.#catchUp(run, followed);
      publish();
      // What another process ended, it ended on what may not be folded here.
      for (const { row, followed } of before)
        if (runs.following(row.id) === undefined) await toItsEnd(followed);
      for (const { run, followed } of runs.open) await this.step(run, followed);
      this.#sees();
      if (looks) await commits.sendLeft();
    } catch (error) {
      this.#fails(error);
    }
    publish();
  }

  async #catchUp(run: Run, followed: FollowedRun): Promise<void> {
    let revision = await followed.catchUp();
    while (followed.isBehind) revision = await followed.catchUp();
    this.#sounded(followed);
    if (revision !== run.revision) await this.#options.runs.look();
  }

  /** Takes the next step of a run, if it is time for one. @throws StoreError */
  async step(run: Run, followed: FollowedRun): Promise<void> {
    if (!followed.isCaughtUp) return;
    const { commits, now, runs } = this.#options;
    for (let tries = 0; tries < PROMOTION_TRIES; tries++) {
      let step = this.#plan(run, followed);
      if (step.kind === "advance" || step.kind === "promote") {
        // It only grows by all that was logged until now, wherever it was seen.
        if (performance.now() < this.#growsAt) return;
        await (tries === 0 ? followed.catchUp() : followed.read());
        this.#sounded(followed);
        step = this.#plan(run, followed);
      }
      if (step.kind === "wait") return;
      // Nobody acts on an alarm once it is promoted: none may stand in the log before that.
      const upTo = step.kind === "promote" ? followed.seq : undefined;
      const changed = taken(step, run, followed.verdict, deedOf({ by: GATEWAY }, now(), followed));
      if (changed === undefined || (await commits.save(changed, { upTo }))) return;
      await runs.look();
      // Others changed it, rather than only log something.
      if (runs.of(run.rollout)?.run !== run) return;
    }
  }

  /** At once: what another observation decides must not come after the others' turn. */
  #sounded({ monitor }: FollowedRun): void {
    if (monitor.alarm !== undefined) this.#options.publish();
  }

  #plan(run: Run, { monitor }: FollowedRun): Step {
    return plan(run, monitor, this.situationOf(run));
  }

  /** Until the next turn, where nothing wakes it before. */
  #waitMs(): number {
    const { runs, timing } = this.#options;
    const isPending = this.#trouble === undefined && runs.open.some(({ followed }) => followed.hasPending);
    return isPending ? timing.flushMs : Math.max(0, this.#looksAt - performance.now());
  }

  #sees(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#growsAt = performance.now() + CATCHING_UP * this.#options.timing.pollMs;
    this.#options.log("info", "the rollouts' guardrails see again");
  }

  #fails(error: unknown): void {
    if (!(error instanceof StoreError)) {
      const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.log("error", "internal error", { in: "rollouts", error: problem });
    } else if (this.#trouble === undefined) {
      this.#options.log(
        "warn",
        "the rollouts' guardrails are blind: no weight grows until the store answers",
        {
          problem: error.message,
        },
      );
    }
    this.#trouble ??= String(error);
  }
}

/** Logs all that waits, and folds all that is in the log. @throws StoreError */
async function toItsEnd(followed: FollowedRun): Promise<void> {
  do await followed.catchUp();
  while (followed.hasPending);
}
