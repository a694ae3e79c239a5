import type { Log } from "../metrics/log.ts";
import type { RolloutFamilies } from "../metrics/rollout-families.ts";
import type { RolloutStore, StoredChange, StoredRun } from "../store/rollout-store.ts";
import type { Change, Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { storedChange, storedRun } from "./stored-run.ts";
import type { Changed } from "./transitions.ts";
import { Webhooks } from "./webhook.ts";

/** Changes of which it is remembered that no answer came. */
const MOST_UNANSWERED = 100;

export interface CommitsOptions {
  readonly store: RolloutStore;
  readonly log: Log;
  readonly metrics: RolloutFamilies;
  readonly runs: Runs;
}

/** Makes changes of runs: each is made by one process, which tells of it too. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #webhooks: Webhooks;
  /** By their ids, changes of which it is not known whether they were saved. */
  readonly #unanswered = new Map<string, Changed>();

  constructor(options: CommitsOptions) {
    this.#options = options;
    const { log, metrics } = options;
    this.#webhooks = new Webhooks({ log, onEnd: (result) => metrics.webhookEnded(result) });
  }

  /**
   * @param replaces id of the newest run, where this is a new one
   * @returns false when another process was first @throws StoreError
   */
  async save(
    { run, change }: Pick<Changed, "run"> & Partial<Changed>,
    replaces?: string | undefined,
  ): Promise<boolean> {
    if (change === undefined) return this.#put(run, [], undefined);
    this.#remember({ run, change });
    const isSaved = await this.#put(run, [storedChange(change)], replaces);
    // Somebody who looked meanwhile may have told of it already.
    if (this.#unanswered.delete(change.id) && isSaved) this.#tell({ run, change });
    return isSaved;
  }

  /** Tells of a change whose answer was lost on the way, now that the store has it. @returns whether it was of this process */
  recognize({ document }: StoredRun): boolean {
    const made = [...this.#unanswered.values()].find(({ run }) => storedRun(run).document === document);
    if (made === undefined) return false;
    this.#unanswered.delete(made.change.id);
    this.#tell(made);
    return true;
  }

  close(): Promise<void> {
    return this.#webhooks.close();
  }

  #remember(made: Changed): void {
    const [oldest] = this.#unanswered.keys();
    if (oldest !== undefined && this.#unanswered.size >= MOST_UNANSWERED) this.#unanswered.delete(oldest);
    this.#unanswered.set(made.change.id, made);
  }

  async #put(run: Run, changes: readonly StoredChange[], replaces: string | undefined): Promise<boolean> {
    const { store, runs } = this.#options;
    const row = storedRun(run);
    const isSaved = await store.saveRun(row, changes, replaces);
    if (isSaved) runs.saved(row);
    return isSaved;
  }

  #tell({ run, change }: Changed): void {
    const { log, metrics, runs } = this.#options;
    const { rollout, action, by, ground, verdict } = change;
    metrics.changed(rollout, action);
    const isAlarm = verdict !== undefined || run.cause === "configuration";
    log(isAlarm ? "warn" : "info", WORDS[action], {
      rollout,
      run: run.id,
      by,
      state: run.state,
      cause: run.cause,
      stage: run.stage,
      percent: run.percent,
      ground,
      guardrail: verdict?.guardrail,
      observation: verdict?.observation,
    });
    this.#webhooks.tell(runs.rollouts.get(rollout)?.webhook, run, change);
  }
}

const WORDS: Readonly<Record<Change["action"], string>> = {
  start: "rollout started",
  pause: "rollout paused",
  resume: "rollout resumed",
  promote: "rollout promoted",
  rollback: "rollout rolled back",
  "set-weight": "rollout weight set",
  advance: "rollout advanced",
};
