import { known } from "../domain/made.ts";
import { positionOf, type Rollout, type Standing, type Standings } from "../domain/rollout.ts";
import type { StoredRun } from "../store/rollout-store.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { FollowedRun, type FollowedRunOptions } from "./followed-run.ts";
import type { MonitorSpec } from "./monitor.ts";
import { isOpen, isToFail } from "./needs.ts";
import type { Run } from "./run.ts";
import { runIn } from "./stored-run.ts";

/** The newest run of a rollout, as far as this process knows it. */
export interface Led {
  readonly row: StoredRun;
  /** Undefined for one of another version's shape. */
  readonly run: Run | undefined;
  readonly followed: FollowedRun;
}

export interface RunsOptions extends Omit<FollowedRunOptions, "id" | "isNew" | "spec" | "onEnd" | "onLost"> {
  readonly onEnd: (rollout: string, ...ended: Parameters<FollowedRunOptions["onEnd"]>) => void;
  readonly onLost: (rollout: string, problem: string) => void;
  /** Told of a change that another process made. */
  readonly onOthers: (before: Led | undefined, now: Led) => void;
}

const fingerprints = new WeakMap<Rollout, string>();

/** The newest run of each configured rollout, and where each stands. */
export class Runs {
  readonly #options: RunsOptions;
  #rollouts: ReadonlyMap<string, Rollout> = new Map();
  readonly #led = new Map<string, Led>();
  /** As the store told them last; also of rollouts that the configuration does not have. */
  #rows: readonly StoredRun[] = [];
  /** Counts looks and what this process saved. */
  #clock = 0;
  /** What a look tells that began before this is older than what is known. */
  #knownSince = 0;
  /** Has the store told which runs there are? */
  isKnown = false;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get rollouts(): ReadonlyMap<string, Rollout> {
    return this.#rollouts;
  }

  /** Puts the rollouts of another table in force. */
  use(rollouts: ReadonlyMap<string, Rollout>): void {
    // Nobody has looked while there were none.
    if (this.#rollouts.size === 0) this.isKnown = false;
    this.#rollouts = rollouts;
    for (const name of this.#led.keys()) if (!rollouts.has(name)) this.#led.delete(name);
    for (const row of this.#rows) this.#adopt(row);
  }

  of(name: string): Led | undefined {
    return this.#led.get(name);
  }

  /** The run of this id, as long as it is judged. */
  following(id: string): FollowedRun | undefined {
    for (const { row, run, followed } of this.#led.values())
      if (row.id === id) return run !== undefined && isOpen(run) ? followed : undefined;
    return undefined;
  }

  /** Those that are judged. */
  get open(): readonly (Led & { readonly run: Run })[] {
    return [...this.#led.values()].flatMap(({ row, run, followed }) =>
      run !== undefined && isOpen(run) ? [{ row, run, followed }] : [],
    );
  }

  /** Does the configuration have what a run was started with? */
  fits(run: Run): boolean {
    const configured = this.#rollouts.get(run.rollout);
    return configured !== undefined && isOf(run, configured);
  }

  /** Asks the store for the newest runs. @throws StoreError */
  async look(): Promise<void> {
    const began = ++this.#clock;
    const rows = await this.#options.store.newestRuns();
    if (began < this.#knownSince) return;
    this.#knownSince = began;
    this.#rows = rows;
    this.isKnown = true;
    for (const name of this.#led.keys())
      if (!rows.some(({ rollout }) => rollout === name)) this.#led.delete(name);
    for (const row of rows) {
      const before = this.#led.get(row.rollout);
      if (!this.#adopt(row)) continue;
      const now = this.#led.get(row.rollout);
      if (now !== undefined) this.#options.onOthers(before, now);
    }
  }

  /** Takes over what this process has saved, unless a look has told already what others made of it since. */
  saved(row: StoredRun): void {
    const newest = this.#rows.find(({ rollout }) => rollout === row.rollout);
    const isSame = newest?.id === row.id;
    if (isSame ? newest.revision >= row.revision : newest !== undefined && row.revision > 1) return;
    this.#knownSince = ++this.#clock;
    this.#rows = [...this.#rows.filter(({ rollout }) => rollout !== row.rollout), row];
    this.#adopt(row, row.revision === 1);
  }

  /** @param isNew was it begun just now? @returns whether that was something new */
  #adopt(row: StoredRun, isNew = false): boolean {
    const rollout = this.#rollouts.get(row.rollout);
    if (rollout === undefined) return false;
    const before = this.#led.get(row.rollout);
    if (before?.row.id === row.id && before.row.revision === row.revision) return false;
    const run = runIn(row);
    const followed =
      before?.row.id === row.id ? before.followed : this.#follow(row, run ?? specOf(rollout), isNew);
    this.#led.set(row.rollout, { row, run, followed });
    return true;
  }

  #follow({ id, rollout: name }: StoredRun, { policy, sticky }: MonitorSpec, isNew: boolean): FollowedRun {
    const { onEnd, onLost, store, snapshotEvery } = this.#options;
    return new FollowedRun({
      id,
      isNew,
      spec: { policy, sticky },
      store,
      snapshotEvery,
      onEnd: (outcome, observations) => onEnd(name, outcome, observations),
      onLost: (problem) => onLost(name, problem),
    });
  }

  /**
   * Where each rollout stands that was started, or of which it is not known whether it was. As long as the store has told
   * nothing, the control answers alone: the candidate may be one that was rolled back.
   */
  standings(): Standings {
    const standings = new Map<string, Standing>();
    for (const [name, rollout] of this.#rollouts) {
      const standing = this.isKnown ? this.#standing(name) : unknown(rollout);
      if (standing !== undefined) standings.set(name, standing);
    }
    return standings;
  }

  #standing(name: string): Standing | undefined {
    const led = this.#led.get(name);
    if (led === undefined) return undefined;
    const { row, run, followed } = led;
    // What can't be read stands beside its document, or is no reason to give anybody the candidate.
    if (run === undefined)
      return { run: row.id, stage: 0, epoch: 0, share: row.state === "promoted" ? 1 : 0, shadowShare: 0 };
    const { id, stage, epoch } = run;
    const answers = !isOpen(run) || (followed.isCaughtUp && !isCondemned(run, followed));
    return {
      run: id,
      stage,
      epoch,
      share: answers ? run.percent / 100 : 0,
      shadowShare: answers ? run.shadowPercent / 100 : 0,
    };
  }
}

/** Was a run started with the variants and guardrails of this rollout? */
export function isOf({ fingerprint }: Run, rollout: Rollout): boolean {
  return known(fingerprints, rollout, fingerprintOf) === fingerprint;
}

/** Is it to be rolled back, though nobody may have saved that yet? */
function isCondemned(run: Run, { monitor }: FollowedRun): boolean {
  const { alarm } = monitor;
  return isToFail(run, monitor) && alarm?.kind === "failed" && run.policy.onFailure === "rollback";
}

/** For a run that can't be read, and is not judged. */
function specOf({ policy, sticky }: Rollout): MonitorSpec {
  return { policy, sticky: sticky !== undefined };
}

function unknown(rollout: Rollout): Standing {
  return { run: undefined, stage: positionOf(rollout, new Map()).stage, epoch: 0, share: 0, shadowShare: 0 };
}
