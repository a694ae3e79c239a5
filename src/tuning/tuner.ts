import { randomBytes } from "node:crypto";
import { GatewayError } from "../domain/errors.ts";
import type { StoredTuningJob } from "../store/tuning-jobs.ts";
import { Background } from "./background.ts";
import { hashOf, needsMark } from "./data-files.ts";
import { Deployments } from "./deployments.ts";
import { TIMING, type TunerDeps, type TuningTiming } from "./deps.ts";
import { drive } from "./driver.ts";
import { isEarlier } from "./earlier.ts";
import { freeAt, HEAR_MS, HeldJob, isFree, isWorkable, LeaseLost } from "./held-job.ts";
import { isEnded, type TuningJob } from "./job.ts";
import { type NewNames, renamed, requireNames } from "./names.ts";
import { newJob } from "./new-job.ts";
import { Places } from "./places.ts";
import { planned } from "./plan.ts";
import {
  datasetChanged,
  jobEnded,
  jobExists,
  jobNotFound,
  jobUnreadable,
  justChanged,
  notEnded,
  waitsForNobody,
} from "./refusals.ts";
import { requireAddress } from "./register-step.ts";
import { removed } from "./removal.ts";
import { endedUnread, jobIn, rowOf, shownJob } from "./stored-job.ts";
import { sweep } from "./sweep.ts";
import { cancelAsked, cancelled, reopened, resumed } from "./transitions.ts";
import type { DeploymentOverview, JobRemoval, Tuning, TuningPlan, TuningQuestion } from "./tuning.ts";
import { wait } from "./wait.ts";

/** Jobs of one fingerprint that are looked at, the latest. */
const SAME = 50;
/** Jobs that upload files or compare variants at a time: what only waits for its provider needs no place. */
const PLACES = 4;
/** How long jobs may take to be given back, in milliseconds. */
const CLOSE_MS = 5_000;

/** Fine-tuning over a store: any process that has it may begin jobs, follow them and work on them. */
export class Tuner implements Tuning {
  readonly #deps: TunerDeps;
  readonly #timing: TuningTiming;
  readonly #deployments: Deployments;
  readonly #background: Background;
  readonly #closing = new AbortController();
  /** Jobs that are worked on here. */
  readonly #held = new Map<string, HeldJob>();
  readonly #places = new Places(PLACES);
  readonly #sessions = new Set<Promise<void>>();

  constructor(deps: TunerDeps) {
    this.#deps = deps;
    this.#timing = { ...TIMING, ...deps.timing };
    this.#deployments = new Deployments(deps);
    this.#background = new Background({
      ...deps,
      everyMs: this.#timing.scanMs,
      leaseMs: this.#timing.leaseMs,
      signal: this.#closing.signal,
      workOn: (id) => this.#session(id, this.#closing.signal),
    });
  }

  plan(question: TuningQuestion): Promise<TuningPlan> {
    return planned(question, this.#deps);
  }

  async start(plan: TuningPlan, force: boolean): Promise<TuningJob> {
    const { store, folders } = this.#deps;
    const { jobId, fingerprint, sources } = plan;
    const same = await store.tuningJobs({ fingerprint, limit: SAME });
    const earlier = same.find((row) => row.open || (!force && isEarlier(row)));
    if (earlier !== undefined) throw jobExists(earlier);
    await requireNames(plan, this.#deps);
    await folders.create(jobId, sources, needsMark(plan.spec.api));
    try {
      await this.#requireUnchanged(plan);
      const job = newJob(plan, Date.now());
      const row = rowOf(job, { fingerprint, owner: undefined, ownedUntil: 0, revision: 1 });
      if (await store.saveTuningJob(row)) {
        this.#background.wake();
        return job;
      }
      const [open] = await store.tuningJobs({ fingerprint, open: true, limit: 1 });
      throw jobExists(open);
    } catch (error) {
      // A store that did not answer may have the job all the same: then its files must stay.
      if (error instanceof GatewayError) await folders.remove(jobId);
      throw error;
    }
  }

  async job(id: string): Promise<TuningJob | undefined> {
    const row = await this.#deps.store.tuningJob(id);
    return row && shownJob(row);
  }

  async jobs(filter: Parameters<Tuning["jobs"]>[0]): Promise<readonly TuningJob[]> {
    const rows = await this.#deps.store.tuningJobs(filter);
    return rows.map(shownJob);
  }

  async cancel(id: string): Promise<TuningJob> {
    const asked = (found: TuningJob, now: number): TuningJob => {
      if (isEnded(found.state)) throw jobEnded(found);
      return cancelAsked(found, now);
    };
    const job = await this.#change(id, asked, (row) => {
      if (!row.open) throw jobEnded(shownJob(row));
      return endedUnread(row);
    });
    this.#count(job);
    await this.#held.get(id)?.refresh();
    this.#background.wake(id);
    return job;
  }

  async register(id: string, address: string, names: NewNames = {}): Promise<TuningJob> {
    await this.#requireNewNames(id, names);
    const job = await this.#change(id, (found, now) => {
      if (found.state !== "manual") throw waitsForNobody(found);
      const job = reopened(renamed(found, names, this.#deps.table()), address.trim(), now);
      requireAddress(job, this.#deps);
      return job;
    });
    this.#background.wake(id);
    return job;
  }

  async resume(id: string): Promise<TuningJob> {
    const job = await this.#change(id, (found, now) => {
      if (found.state !== "manual") throw waitsForNobody(found);
      return resumed(found, now);
    });
    this.#background.wake(id);
    return job;
  }

  async remove(id: string, forget = false): Promise<JobRemoval> {
    const { store } = this.#deps;
    const before = await store.tuningJob(id);
    if (jobIn(before)?.state === "manual") await this.#giveUp(id);
    const row = await store.tuningJob(id);
    if (row === undefined) throw jobNotFound(id);
    const job = jobIn(row);
    if (job === undefined && row.open) throw jobUnreadable(row);
    if (job !== undefined && isWorkable(job)) throw notEnded(job);
    const removal = isFree(row, this.#timing.leaseMs) ? await removed(row, forget, this.#deps) : undefined;
    if (removal === undefined) throw justChanged(id);
    return removal;
  }

  /** Nobody goes on with a job whose files are being deleted. What there is of it at the provider stays, and costs. */
  async #giveUp(id: string): Promise<void> {
    const job = await this.#change(id, (found, now) => {
      if (found.state !== "manual") throw justChanged(id);
      return cancelled(found, "Cancelled, to be deleted.", now);
    });
    this.#count(job);
  }

  async work(id: string, signal: AbortSignal, waits?: (until: number) => void): Promise<TuningJob> {
    const ending = AbortSignal.any([signal, this.#closing.signal]);
    for (;;) {
      await this.#session(id, ending);
      const row = await this.#deps.store.tuningJob(id);
      if (row === undefined) throw jobNotFound(id);
      const job = shownJob(row);
      if (!isWorkable(job)) return job;
      // Somebody else works on it, or did until now.
      if (!isFree(row, this.#timing.leaseMs)) waits?.(freeAt(row, this.#timing.leaseMs));
      await wait(Math.min(this.#timing.scanMs, this.#timing.leaseMs / 3, HEAR_MS), ending);
    }
  }

  deployments(provider?: string): Promise<DeploymentOverview> {
    return this.#deployments.list(provider);
  }

  scale(provider: string, name: string, capacity: number): Promise<void> {
    return this.#deployments.scale(provider, name, capacity);
  }

  undeploy(provider: string, name: string): Promise<void> {
    return this.#deployments.remove(provider, name);
  }

  /** Works on jobs that nobody works on, those first whose files are on this machine, until it is closed. */
  run(): void {
    this.#background.start();
    void this.#inSession(this.#sweep());
  }

  /** Gives all jobs back, so that others go on at once, within some seconds. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort(new LeaseLost());
    const given = Promise.allSettled([this.#background.ended, ...this.#sessions]);
    const late = new AbortController();
    // Leases end by themselves where a store does not answer.
    await Promise.race([given, wait(CLOSE_MS, late.signal).catch(() => {})]);
    late.abort();
  }

  /** @throws GatewayError 400 for names that can't be had */
  async #requireNewNames(id: string, names: NewNames): Promise<void> {
    const row = await this.#deps.store.tuningJob(id);
    const job = jobIn(row);
    if (row === undefined || job === undefined || (names.model ?? names.variant) === undefined) return;
    const { spec } = renamed(job, names, this.#deps.table());
    await requireNames({ jobId: id, spec, fingerprint: row.fingerprint }, this.#deps);
  }

  /** @throws GatewayError 409 when what was planned is not what the folder has now */
  async #requireUnchanged({ jobId, spec }: TuningPlan): Promise<void> {
    for (const file of [spec.training, spec.validation]) {
      if (file === null) continue;
      const copy = await this.#deps.folders.open(jobId, file.name);
      if (copy.size !== file.bytes || (await hashOf(copy)) !== file.sha256) throw datasetChanged(file.name);
    }
  }

  /** Works on a job while it can have it. @throws the signal's reason, StoreError */
  #session(id: string, signal: AbortSignal): Promise<void> {
    return this.#inSession(this.#workOn(id, signal));
  }

  /** What the end waits for. */
  #inSession(work: Promise<void>): Promise<void> {
    const session = work.finally(() => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  async #sweep(): Promise<void> {
    try {
      await sweep(this.#deps, this.#closing.signal);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#deps.log("warn", "folders without a job could not be deleted", { error: String(error) });
    }
  }

  async #workOn(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#held.has(id)) return;
    const { store } = this.#deps;
    const { leaseMs } = this.#timing;
    const held = await HeldJob.claim(id, { store, owner: randomBytes(8).toString("hex"), leaseMs, signal });
    if (held === undefined) return;
    this.#held.set(id, held);
    try {
      await drive(held, this.#deps, this.#timing, this.#places);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LeaseLost)) throw error;
    } finally {
      this.#held.delete(id);
      await held.release();
    }
    if (held.hasEnded) this.#count(held.job);
  }

  /** Whoever brings a job to its end counts it. */
  #count({ state, spec }: TuningJob): void {
    if (isEnded(state)) this.#deps.metrics?.tuningEnded(spec.provider, state);
  }

  /**
   * @param unread changes a job that can't be read. Default: nothing can
   * @throws GatewayError 404, and what the changes throw
   */
  async #change(
    id: string,
    change: (job: TuningJob, now: number) => TuningJob,
    unread: (row: StoredTuningJob) => StoredTuningJob = (row) => {
      throw jobUnreadable(row);
    },
  ): Promise<TuningJob> {
    for (;;) {
      const row = await this.#deps.store.tuningJob(id);
      if (row === undefined) throw jobNotFound(id);
      const found = jobIn(row);
      const changed =
        found === undefined
          ? unread(row)
          : rowOf(change(found, Date.now()), { ...row, revision: row.revision + 1 });
      if (await this.#deps.store.saveTuningJob(changed)) return shownJob(changed);
    }
  }
}
