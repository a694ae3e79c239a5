import type { Rollout, Standings } from "../domain/rollout.ts";
import type { Log } from "../metrics/log.ts";
import type { RolloutFamilies, RolloutGauges } from "../metrics/rollout-families.ts";
import type { RolloutStore } from "../store/rollout-store.ts";
import { Commits } from "./commits.ts";
import { Control } from "./control.ts";
import { laterSettings } from "./later-settings.ts";
import { Loop, type Timing } from "./loop.ts";
import type { Situation } from "./needs.ts";
import type { Observation } from "./observation.ts";
import type { RolloutControl, RolloutWatch } from "./rollouts.ts";
import type { RolloutView, Run } from "./run.ts";
import { isOf, type Led, Runs } from "./runs.ts";
import { stateOf } from "./to-document.ts";
import { viewOf } from "./view.ts";

export interface ConductorOptions {
  readonly store: RolloutStore;
  readonly log: Log;
  readonly metrics: RolloutFamilies;
  readonly timing?: Partial<Timing> | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Waits between tries of a webhook, in milliseconds. */
  readonly webhookWaitsMs?: readonly number[] | undefined;
}

const TIMING: Timing = { flushMs: 25, pollMs: 250, snapshotEvery: 5000 };
/** What the last observations may take to be logged when the gateway stops, and then its webhooks to be left, in milliseconds. */
const CLOSE_MS = 3000;
const DAY_MS = 86_400_000;

/**
 * Leads the rollouts of a process. All processes on one store fold the same observations in the same order, so they come to
 * the same verdict at the same one; what one of them changes the others take over.
 */
export class Conductor implements RolloutWatch {
  readonly control: RolloutControl;
  readonly #options: ConductorOptions;
  readonly #now: () => number;
  readonly #timing: Timing;
  readonly #runs: Runs;
  readonly #commits: Commits;
  readonly #loop: Loop;
  readonly #dropped = new Map<string, number>();
  #standings: Standings = new Map();

  constructor(options: ConductorOptions) {
    this.#options = options;
    const { store, log, metrics, timing, now = Date.now, webhookWaitsMs } = options;
    this.#now = now;
    this.#timing = { ...TIMING, ...timing };
    this.#runs = new Runs({
      store,
      snapshotEvery: this.#timing.snapshotEvery,
      onEnd: (rollout, outcome, observations) => this.#ended(rollout, outcome, observations),
      onLost: (rollout, problem) =>
        log("error", "what was known of a rollout can't be read: it is judged anew", { rollout, problem }),
      onOthers: (before, led) => this.#othersChanged(before, led),
    });
    this.#commits = new Commits({ store, log, metrics, runs: this.#runs, now, webhookWaitsMs });
    this.#loop = new Loop({
      runs: this.#runs,
      commits: this.#commits,
      log,
      timing: this.#timing,
      now,
      publish: () => this.#publish(),
    });
    this.control = new Control({
      store,
      log,
      runs: this.#runs,
      commits: this.#commits,
      loop: this.#loop,
      now,
      viewOf: (rollout) => this.#viewOf(rollout),
      publish: () => this.#publish(),
    });
    metrics.watch(() => this.#gauges());
  }

  /** Puts the rollouts of a table in force. */
  use(rollouts: ReadonlyMap<string, Rollout>): void {
    const before = this.#runs.rollouts;
    this.#runs.use(rollouts);
    for (const { run } of this.#runs.open) this.#tellUsed(run, before.get(run.rollout));
    this.#publish();
    if (rollouts.size > 0) this.#loop.look();
  }

  /**
   * Resolves once it is known where all rollouts stand, or after so many milliseconds: until then the control answers for
   * all of them alone. Never rejects.
   */
  async ready(withinMs: number): Promise<void> {
    if (this.#runs.rollouts.size === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    await Promise.race([this.#loop.turn(), late]);
    clearTimeout(timer);
  }

  /** Logs what was seen until now, within some seconds. */
  async close(): Promise<void> {
    await this.#loop.close(CLOSE_MS);
    await this.#commits.close(CLOSE_MS);
  }

  get standings(): Standings {
    return this.#standings;
  }

  fits(rollout: Rollout, run: string): boolean {
    const led = this.#runs.of(rollout.name);
    return led?.row.id === run && led.run !== undefined && isOf(led.run, rollout);
  }

  observe(run: string, observation: Observation): void {
    const followed = this.#runs.following(run);
    if (followed === undefined) return;
    followed.observe(observation);
    this.#loop.observed();
  }

  shadowSpentToday(run: string): number {
    return this.#runs.following(run)?.shadowSpent(Math.floor(this.#now() / DAY_MS)) ?? 0;
  }

  #viewOf(rollout: Rollout): RolloutView {
    const led = this.#runs.of(rollout.name);
    const dropped = this.#dropped.get(rollout.name) ?? 0;
    return viewOf(rollout, led, this.#standings, this.#situation(led), dropped);
  }

  #situation(led: Led | undefined): Situation {
    if (led?.run !== undefined) return this.#loop.situationOf(led.run);
    return { now: this.#now(), isBlind: this.#loop.isBlind, fits: true };
  }

  #publish(): void {
    this.#standings = this.#runs.standings();
  }

  #ended(rollout: string, outcome: "logged" | "dropped", observations: number): void {
    this.#options.metrics.observed(rollout, outcome, observations);
    if (outcome === "dropped") this.#dropped.set(rollout, (this.#dropped.get(rollout) ?? 0) + observations);
  }

  #othersChanged(before: Led | undefined, { row, run }: Led): void {
    if (this.#commits.recognize(row)) return;
    const { rollout, id, state } = row;
    const isSame =
      before?.row.id === id && before.row.state === state && before.run?.percent === run?.percent;
    if (!isSame)
      this.#options.log("info", "rollout taken over from the store", {
        rollout,
        run: id,
        state,
        stage: run?.stage,
        percent: run?.percent,
      });
  }

  /** What a person may not expect of another configuration. @param before the rollout as it was configured until now */
  #tellUsed(run: Run, before: Rollout | undefined): void {
    const { id, rollout } = run;
    const { log } = this.#options;
    if (before === undefined)
      log("warn", "a rollout is configured again, and its run goes on", { rollout, run: id });
    const now = this.#runs.rollouts.get(rollout);
    const later = now === undefined ? [] : laterSettings(run, now);
    const told = before === undefined ? [] : laterSettings(run, before);
    if (later.length > 0 && later.join() !== told.join())
      log("warn", "a rollout's run goes on with the settings with which it began", {
        rollout,
        run: id,
        note: `other ${later.join(" and ")} count at the next start`,
      });
  }

  #gauges(): readonly RolloutGauges[] {
    return [...this.#runs.rollouts.values()].map((rollout) => {
      const view = this.#viewOf(rollout);
      const { percent, shadowPercent, isBlind, evidence } = view;
      const state = stateOf(view);
      return { rollout: rollout.name, state, percent, shadowPercent, isBlind, guardrails: evidence };
    });
  }
}
