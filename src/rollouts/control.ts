import { badRequest } from "../domain/errors.ts";
import type { Rollout } from "../domain/rollout.ts";
import type { Log } from "../metrics/log.ts";
import type { RolloutStore } from "../store/rollout-store.ts";
import { StoreError } from "../store/store.ts";
import type { Commits } from "./commits.ts";
import { deedOf, newId } from "./deed.ts";
import { rolloutNotFound, rolloutState, rolloutStoreFails } from "./errors.ts";
import type { Loop } from "./loop.ts";
import { isOpen, isToFail } from "./needs.ts";
import type { Asked, RolloutControl } from "./rollouts.ts";
import { type Change, NOTHING_KNOWN, type RolloutView, type Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { changeIn, runIn } from "./stored-run.ts";
import {
  type Changed,
  type Deed,
  paused,
  promoted,
  resumed,
  rolledBack,
  started,
  weighed,
} from "./transitions.ts";

export interface ControlOptions {
  readonly store: RolloutStore;
  readonly log: Log;
  readonly runs: Runs;
  readonly commits: Commits;
  readonly loop: Loop;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly viewOf: (rollout: Rollout) => RolloutView;
  /** Told when something stands elsewhere. */
  readonly publish: () => void;
}

/** How often somebody is tried to be first with a change. */
const TRIES = 10;

/** What people and programs do with rollouts. */
export class Control implements RolloutControl {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  async views(): Promise<readonly RolloutView[]> {
    return Promise.all([...this.#options.runs.rollouts.keys()].map((name) => this.view(name)));
  }

  async view(name: string): Promise<RolloutView> {
    const rollout = this.#rollout(name);
    const led = this.#options.runs.of(name);
    // One that has ended is not followed: others may have logged since what they saw before.
    const isFollowed = led?.run !== undefined && isOpen(led.run) && led.followed.isCaughtUp;
    if (led !== undefined && !isFollowed && !this.#options.loop.isBlind)
      await led.followed.catchUp().catch(() => {});
    return this.#options.viewOf(rollout);
  }

  async changes(name: string, limit: number, before?: number): Promise<readonly Change[]> {
    this.#rollout(name);
    const rows = await this.#asked(() =>
      this.#options.store.rolloutChanges({ rollout: name, limit, before }),
    );
    return rows.flatMap((row) => changeIn(row) ?? []);
  }

  async runs(name: string, limit: number): Promise<readonly Run[]> {
    this.#rollout(name);
    const rows = await this.#asked(() => this.#options.store.runsOf(name, limit));
    return rows.flatMap((row) => runIn(row) ?? []);
  }

  start(name: string, asked: Asked & { readonly stage?: number | undefined }): Promise<RolloutView> {
    return this.#change(name, asked, (run, deed, rollout) => {
      const stage = firstStage(rollout, asked.stage);
      // What was known of the run before is nothing of the new one.
      return started(rollout, stage, run, { ...deed, ...NOTHING_KNOWN, run: newId("run") });
    });
  }

  pause(name: string, asked: Asked): Promise<RolloutView> {
    return this.#change(name, asked, (run, deed) => paused(begun(run), "person", deed));
  }

  resume(name: string, asked: Asked): Promise<RolloutView> {
    return this.#change(name, asked, (run, deed) =>
      resumed(begun(run), this.#options.runs.fits(begun(run)), deed),
    );
  }

  promote(name: string, asked: Asked): Promise<RolloutView> {
    return this.#change(name, asked, (run, deed) => promoted(begun(run), "person", deed));
  }

  rollback(name: string, asked: Asked): Promise<RolloutView> {
    return this.#change(name, asked, (run, deed) => rolledBack(begun(run), deed, { ground: "person" }));
  }

  async setWeight(name: string, percent: number, asked: Asked): Promise<RolloutView> {
    if (!(percent >= 0 && percent <= 100))
      throw badRequest("invalid_value", "`percent` must be a number from 0 to 100.", "percent");
    return this.#change(name, asked, (run, deed) => weighed(begun(run), percent, deed));
  }

  /**
   * Changes the newest run, as it is now: tried again when another process was first. A guardrail that was crossed is acted
   * on before, so that nobody promotes, unawares, what has just failed.
   */
  async #change(
    name: string,
    asked: Asked,
    make: (run: Run | undefined, deed: Deed, rollout: Rollout) => Changed,
  ): Promise<RolloutView> {
    const rollout = this.#rollout(name);
    await this.#asked(async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        await this.#options.runs.look();
        const led = this.#options.runs.of(name);
        if (led !== undefined && led.run === undefined) throw unreadable();
        await led?.followed.catchUp();
        this.#options.publish();
        if (led?.run !== undefined && isToFail(led.run, led.followed.monitor)) {
          await this.#options.loop.step(led.run, led.followed);
          continue;
        }
        const changed = make(led?.run, deedOf(asked, this.#options.now(), led?.followed), rollout);
        if (await this.#options.commits.save(changed, { replaces: led?.row.id })) return;
      }
      throw rolloutState("Others change it all the time. Look at it, and try again.");
    });
    await this.#options.runs
      .of(name)
      ?.followed.catchUp()
      .catch(() => {});
    this.#options.publish();
    this.#options.loop.look();
    return this.#options.viewOf(rollout);
  }

  #rollout(name: string): Rollout {
    const rollout = this.#options.runs.rollouts.get(name);
    if (rollout === undefined) throw rolloutNotFound(name);
    return rollout;
  }

  /** @throws GatewayError 503 where the store fails */
  async #asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#options.log("error", "the store failed", { problem: error.message });
      throw rolloutStoreFails();
    }
  }
}

function begun(run: Run | undefined): Run {
  if (run === undefined) throw rolloutState("Nobody has started it yet. Start it first.");
  return run;
}

function firstStage({ policy }: Rollout, stage = 0): number {
  const { stages } = policy;
  if (stages[stage] === undefined)
    throw badRequest(
      "invalid_value",
      `\`stage\` must be a whole number from 0 to ${stages.length - 1}: stages are counted from 0 here.`,
      "stage",
    );
  if (stages[stage].percent === 100)
    throw badRequest(
      "invalid_value",
      "A stage of 100% is the promotion: start it lower, and promote it.",
      "stage",
    );
  return stage;
}

function unreadable(): Error {
  return rolloutState(
    "The store has its run as another version of Crossover writes it. Go on with that version.",
  );
}
