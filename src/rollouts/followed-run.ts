import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { LogEntry, RolloutStore } from "../store/rollout-store.ts";
import { observationsIn } from "./log-entry.ts";
import { maybe } from "./maybe.ts";
import { Monitor, type MonitorSpec } from "./monitor.ts";
import type { Observation } from "./observation.ts";
import { type Batch, Pending } from "./pending.ts";
import type { Verdict } from "./run.ts";
import { verdict } from "./stored-run.ts";

export interface FollowedRunOptions {
  readonly id: string;
  /** Was it begun just now, so that its log is empty? */
  readonly isNew: boolean;
  readonly spec: MonitorSpec;
  readonly store: RolloutStore;
  /** Observations between two snapshots, at least. */
  readonly snapshotEvery: number;
  readonly onEnd: (outcome: "logged" | "dropped", observations: number) => void;
  /** Told when a snapshot can't be read, and judging begins anew. */
  readonly onLost: (problem: string) => void;
}

/** Entries that the log tells at once. */
const PAGE = 1000;
/** Sticky keys that a snapshot may have for each observation since the one before. */
const UNITS_FOR_EACH = 10;
/** How often snapshots are made while one is read, at most. */
const MOST_LOADS = 5;

const snapshot = z.object({ monitor: z.unknown(), verdict: maybe(verdict) });

/** A run as this process sees it: what of its log is folded into its monitor, and what waits to be logged. */
export class FollowedRun {
  readonly id: string;
  readonly #options: FollowedRunOptions;
  readonly #pending: Pending;
  #monitor: Monitor;
  #verdict: Verdict | undefined;
  #seq = 0;
  #isCaughtUp: boolean;
  #underWay: Promise<number> | undefined;
  #reading: Promise<number> | undefined;

  constructor(options: FollowedRunOptions) {
    this.id = options.id;
    this.#options = options;
    this.#pending = new Pending(options.onEnd);
    this.#monitor = new Monitor(options.spec);
    this.#isCaughtUp = options.isNew;
  }

  get monitor(): Monitor {
    return this.#monitor;
  }

  /** Of the first guardrail that was crossed. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** Number of the last entry of its log that is folded; 0: none. */
  get seq(): number {
    return this.#seq;
  }

  /** Was its log read to the end, at least once? */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  get hasPending(): boolean {
    return !this.#pending.isEmpty;
  }

  /** Does more wait than one entry holds? */
  get isBehind(): boolean {
    return this.#pending.isBehind;
  }

  observe(observation: Observation): void {
    this.#pending.add(observation);
  }

  /** What shadowing cost on a day (UTC, in days since 1970), also of what waits to be logged. In USD. */
  shadowSpent(day: number): number {
    return this.#monitor.shadowSpent(day) + this.#pending.spentUsd(day);
  }

  /** Logs what waits, and folds all that is in the log. @returns the run's revision @throws StoreError */
  catchUp(): Promise<number> {
    this.#underWay ??= this.#logAndRead().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Folds all that is in the log, without making it longer. @returns the run's revision @throws StoreError */
  read(): Promise<number> {
    if (this.#underWay !== undefined) return this.#underWay;
    this.#reading ??= this.#fold(undefined).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Keeps what is known so far. @throws StoreError */
  async keep(): Promise<void> {
    if (this.#seq === 0) return;
    const document = JSON.stringify({ monitor: this.#monitor.state(), verdict: this.#verdict });
    await this.#options.store.saveSnapshot({ run: this.id, seq: this.#seq, document });
  }

  async #logAndRead(): Promise<number> {
    // One after another: whoever reads tells of its own failure.
    await this.#reading?.catch(() => {});
    return this.#fold(this.#pending.next());
  }

  /** @param batch what is to be logged before */
  async #fold(batch: Batch | undefined): Promise<number> {
    const { store } = this.#options;
    if (!this.#isCaughtUp) await this.#load();
    let part =
      batch === undefined
        ? await store.observations(this.id, this.#seq)
        : await store.appendObservations(this.id, batch.id, batch.document, this.#seq);
    if (batch !== undefined) this.#pending.logged();
    let isDue = false;
    for (let loads = 0; ; ) {
      const isCut = part.isCut && loads++ < MOST_LOADS;
      if (isCut) await this.#load();
      else for (const entry of part.entries) isDue = this.#foldEntry(entry, batch?.document) || isDue;
      if (!isCut && part.entries.length < PAGE) break;
      part = await store.observations(this.id, this.#seq);
    }
    this.#isCaughtUp = true;
    if (isDue) await this.keep();
    return part.revision;
  }

  /** @returns whether a snapshot is due: who logged the entry that made it so keeps it */
  #foldEntry({ seq, document }: LogEntry, own: string | undefined): boolean {
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    const every = this.#snapshotEvery();
    const before = Math.floor(this.#monitor.observed / every);
    for (const observation of observationsIn(document)) {
      const alarm = this.#monitor.observe(observation);
      if (alarm === undefined) continue;
      const { guardrail, evidence, observation: number } = alarm;
      const candidateRequests = this.#monitor.counts.candidate;
      this.#verdict = { guardrail, seq, observation: number, evidence, candidateRequests };
    }
    return document === own && Math.floor(this.#monitor.observed / every) > before;
  }

  /** Doubled until making one, which takes the longer the more sticky keys there are, costs little for each observation. */
  #snapshotEvery(): number {
    let { snapshotEvery } = this.#options;
    while (snapshotEvery < this.#monitor.units / UNITS_FOR_EACH) snapshotEvery *= 2;
    return snapshotEvery;
  }

  /** Goes on from the newest snapshot, be it further than this or, in a store that was restored, not as far. */
  async #load(): Promise<void> {
    const { store, spec, onLost } = this.#options;
    const stored = await store.snapshot(this.id);
    this.#seq = stored?.seq ?? 0;
    this.#monitor = new Monitor(spec);
    this.#verdict = undefined;
    if (stored === undefined) return;
    try {
      const read = snapshot.parse(parseJson(stored.document));
      this.#monitor = Monitor.from(spec, read.monitor);
      this.#verdict = read.verdict;
    } catch (error) {
      onLost(String(error));
    }
  }
}
