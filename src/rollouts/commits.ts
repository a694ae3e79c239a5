import { messageOf } from "../domain/errors.ts";
import type { Log, LogFields } from "../metrics/log.ts";
import type { RolloutFamilies } from "../metrics/rollout-families.ts";
import type {
  RolloutStore,
  SaveOptions,
  StoredChange,
  StoredEvent,
  StoredRun,
} from "../store/rollout-store.ts";
import type { Change, Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { storedChange, storedRun } from "./stored-run.ts";
import type { Changed } from "./transitions.ts";
import { eventOf, type WebhookEnd, type WebhookEvent, Webhooks } from "./webhook.ts";

/** Changes of which it is remembered that no answer came. */
const MOST_UNANSWERED = 100;

export interface CommitsOptions {
  readonly store: RolloutStore;
  readonly log: Log;
  readonly metrics: RolloutFamilies;
  readonly runs: Runs;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Waits between tries of a webhook, in milliseconds. */
  readonly webhookWaitsMs?: readonly number[] | undefined;
}

/** A change, and what a webhook is to be told of it. */
interface Made extends Changed {
  readonly event: StoredEvent | undefined;
}

/** So long whoever has an event may take to send it, with all tries, before another one does. */
const SENDING_MS = 5 * 60_000;
/** Events that are older are sent no more. */
const YOUNG_MS = 60 * 60_000;
/** How often it looks for events that other gateways have left. */
const LEFT_EVERY_MS = 30_000;

/** Makes changes of runs: each is made by one process, which tells of it too. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #webhooks: Webhooks;
  /** By their ids, changes of which it is not known whether they were saved. */
  readonly #unanswered = new Map<string, Made>();
  /** On the clock of performance.now(). */
  #leftLookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CommitsOptions) {
    this.#options = options;
    const { log, webhookWaitsMs: waitsMs } = options;
    this.#webhooks = new Webhooks({ log, waitsMs, onEnd: (event, end) => this.#sent(event, end) });
  }

  /** @returns false when another process was first, or a condition does not hold @throws StoreError */
  async save(
    { run, change }: Pick<Changed, "run"> & Partial<Changed>,
    options: SaveOptions = {},
  ): Promise<boolean> {
    if (change === undefined) return this.#put(run, [], options);
    const event = this.#eventOf({ run, change });
    const made: Made = { run, change, event };
    this.#remember(made);
    const isSaved = await this.#put(run, [storedChange(change)], { ...options, event });
    // Somebody who looked meanwhile may have told of it already.
    if (this.#unanswered.delete(change.id) && isSaved) this.#tell(made);
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

  /** Now and then sends what was left by gateways that stopped or died. Never rejects. */
  async sendLeft(): Promise<void> {
    if (performance.now() < this.#leftLookedAt + LEFT_EVERY_MS) return;
    this.#leftLookedAt = performance.now();
    const { store, runs, now } = this.#options;
    const rollouts = [...runs.rollouts.values()].flatMap(({ name, webhook }) => (webhook ? [name] : []));
    if (rollouts.length === 0) return;
    const at = now();
    const claim = { rollouts, since: at - YOUNG_MS, now: at, until: at + SENDING_MS };
    try {
      for (const event of await store.claimEvents(claim)) this.#send(event);
    } catch (error) {
      this.#warn("webhooks that other gateways left could not be looked for", error);
    }
  }

  /** Leaves to others what was not delivered until now, as far as there is time. */
  async close(withinMs: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    await Promise.race([this.#webhooks.close(), late]);
  }

  #remember(made: Made): void {
    const [oldest] = this.#unanswered.keys();
    if (oldest !== undefined && this.#unanswered.size >= MOST_UNANSWERED) this.#unanswered.delete(oldest);
    this.#unanswered.set(made.change.id, made);
  }

  async #put(run: Run, changes: readonly StoredChange[], options: SaveOptions): Promise<boolean> {
    const { store, runs } = this.#options;
    const row = storedRun(run);
    const isSaved = await store.saveRun(row, changes, options);
    if (isSaved) runs.saved(row);
    return isSaved;
  }

  #eventOf({ run, change }: Changed): StoredEvent | undefined {
    if (this.#options.runs.rollouts.get(run.rollout)?.webhook === undefined) return undefined;
    const event = eventOf(run, change);
    return event && { ...event, at: change.at, due: change.at + SENDING_MS };
  }

  #send(event: WebhookEvent): void {
    const to = this.#options.runs.rollouts.get(event.rollout)?.webhook;
    if (to !== undefined) this.#webhooks.send(to, event);
  }

  async #sent({ id, rollout }: WebhookEvent, end: WebhookEnd): Promise<void> {
    const { store, metrics } = this.#options;
    if (end !== "left") metrics.webhookEnded(end);
    try {
      await (end === "left" ? store.leaveEvent(id) : store.endEvent(id));
    } catch (error) {
      this.#warn("what became of a webhook could not be kept", error, { rollout, event: id });
    }
  }

  #warn(message: string, error: unknown, fields: LogFields = {}): void {
    this.#options.log("warn", message, { ...fields, problem: messageOf(error) });
  }

  #tell({ run, change, event }: Made): void {
    const { log, metrics } = this.#options;
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
    if (event !== undefined) this.#send(event);
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
