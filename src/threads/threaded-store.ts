import type { RawSink } from "../captures/raw.ts";
import type { RedactionSettings } from "../domain/redactor.ts";
import type { RetentionSettings, StoreSettings, Table } from "../domain/table.ts";
import { type Store, StoreError } from "../store/store.ts";
import { type ArgsOf, type Failure, fromFailure, type Method, type ResultOf, toFailure } from "./protocol.ts";
import { type StartThread, SupervisedThread } from "./supervised-thread.ts";

export interface ThreadedStoreOptions {
  readonly settings: Pick<StoreSettings, "url" | "retention">;
  readonly redaction: RedactionSettings;
  readonly start: StartThread;
  /** Told when the store begins to fail, and with undefined when it works again. */
  readonly onTrouble: (trouble: Failure | undefined) => void;
  /** How long reading may take, in milliseconds. Default 5 s. */
  readonly readMs?: number;
  /** After how long without an answer to a write the store is in trouble, in milliseconds. Default 10 s. */
  readonly silentMs?: number;
  /** How often what is too old is deleted, in milliseconds. Default 1 minute. */
  readonly retainEveryMs?: number;
  /** How long closing may take, in milliseconds. Default 5 s. */
  readonly closeMs?: number;
  /** The first wait before a lost store is tried again, in milliseconds. Default 1 s. */
  readonly retryMs?: number;
}

/** Who asks for a change waits no longer than this, in milliseconds; it may be done later all the same. */
const CHANGE_MS = 10_000;
/** Deleting for good rewrites much of a store. */
const DELETE_MS = 60_000;
/** They go on in small steps, for minutes in a large store, and nothing is wrong: writes have their turns between. */
const LONG: ReadonlySet<Method> = new Set(["delete", "retain"]);
/** What the first read may take, for which a thread is started and the store opened, in milliseconds. */
const FIRST_READ_MS = 15_000;
/** After so long of nothing but failures the store is opened anew: its file or its disk may be another by now. */
const RENEW_MS = 30_000;
/** Reads that may wait for a store that does not answer; further ones are refused at once. */
const MOST_READS = 1000;

/**
 * A store in two threads: one writes and one reads, so that no search holds up a write and neither holds up the event loop.
 * Calls to a store that is lost are refused at once, until it is back.
 */
export class ThreadedStore implements Store {
  readonly #options: ThreadedStoreOptions;
  #writer: SupervisedThread | undefined;
  /** Started by the first read. */
  #reader: SupervisedThread | undefined;
  #hasRead = false;
  #reads = 0;
  #retention: RetentionSettings;
  #redaction: RedactionSettings;
  #lost: Failure | undefined;
  #readerLost: Failure | undefined;
  #failed: Failure | undefined;
  /** When the first failure since the last success came. */
  #failingSince: number | undefined;
  #readsFailSince: number | undefined;
  #isTroubled = false;
  #opened = openable();
  readonly #settled = Promise.withResolvers<void>();
  #retaining: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ThreadedStoreOptions) {
    this.#options = options;
    this.#retention = options.settings.retention;
    this.#redaction = options.redaction;
  }

  /** Opens the store now; else the first call does. Calls may come before it is open. */
  open(): void {
    this.#writing();
  }

  /** What keeps it from working, as far as is known. */
  get trouble(): Failure | undefined {
    return this.#lost ?? this.#failed ?? this.#readerLost;
  }

  get state(): "ok" | "degraded" {
    return this.trouble === undefined ? "ok" : "degraded";
  }

  /** Resolves when it is known whether the store can be opened. Never rejects. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Puts a table's settings in force for what comes after. Another place takes a restart. */
  use({ store, redaction }: Pick<Table, "store" | "redaction">): void {
    this.#retention = store?.retention ?? this.#retention;
    this.#redaction = redaction.settings;
    this.#writer?.redactBy(this.#redaction);
  }

  /**
   * Waits for its turn however long that takes. What a dying thread refuses may have been written all the same: captures
   * are not written twice then, but usage is counted again.
   */
  readonly write: Store["write"] = (batch) => this.#change("write", [batch]);
  /** The same for requests as they passed. */
  readonly capture: RawSink["write"] = (batch) => this.#change("capture", [batch]);
  readonly addFeedback: Store["addFeedback"] = (feedback) =>
    within(CHANGE_MS, this.#change("addFeedback", [feedback]));
  readonly saveComparison: Store["saveComparison"] = (comparison, rows) =>
    within(CHANGE_MS, this.#change("saveComparison", [comparison, rows]));
  readonly saveTuningJob: Store["saveTuningJob"] = (job) =>
    within(CHANGE_MS, this.#change("saveTuningJob", [job]));
  readonly renewTuningJob: Store["renewTuningJob"] = (lease) =>
    within(CHANGE_MS, this.#change("renewTuningJob", [lease]));
  readonly deleteTuningJob: Store["deleteTuningJob"] = (job, comparison) =>
    within(DELETE_MS, this.#change("deleteTuningJob", [job, comparison]));
  readonly saveRun: Store["saveRun"] = (run, changes, options) =>
    within(CHANGE_MS, this.#change("saveRun", [run, changes, options]));
  readonly appendObservations: Store["appendObservations"] = (run, id, document, after) =>
    within(CHANGE_MS, this.#change("appendObservations", [run, id, document, after]));
  readonly saveSnapshot: Store["saveSnapshot"] = (snapshot) =>
    within(CHANGE_MS, this.#change("saveSnapshot", [snapshot]));
  readonly claimEvents: Store["claimEvents"] = (claim) =>
    within(CHANGE_MS, this.#change("claimEvents", [claim]));
  readonly endEvent: Store["endEvent"] = (id) => within(CHANGE_MS, this.#change("endEvent", [id]));
  readonly leaveEvent: Store["leaveEvent"] = (id) => within(CHANGE_MS, this.#change("leaveEvent", [id]));
  readonly saveRuleSet: Store["saveRuleSet"] = (ruleSet) =>
    within(CHANGE_MS, this.#change("saveRuleSet", [ruleSet]));
  readonly delete: Store["delete"] = (filter) => within(DELETE_MS, this.#change("delete", [filter]));
  readonly retain: Store["retain"] = (limits) => this.#change("retain", [limits]);

  readonly find: Store["find"] = (id) => this.#read("find", [id]);
  readonly page: Store["page"] = (filter, page) => this.#read("page", [filter, page]);
  readonly count: Store["count"] = (filter) => this.#read("count", [filter]);
  readonly recipe: Store["recipe"] = (version) => this.#read("recipe", [version]);
  readonly feedbackSummary: Store["feedbackSummary"] = (filter) => this.#read("feedbackSummary", [filter]);
  readonly usage: Store["usage"] = (filter) => this.#read("usage", [filter]);
  readonly comparisons: Store["comparisons"] = (limit) => this.#read("comparisons", [limit]);
  readonly comparison: Store["comparison"] = (id) => this.#read("comparison", [id]);
  readonly tuningJob: Store["tuningJob"] = (id) => this.#read("tuningJob", [id]);
  readonly tuningJobs: Store["tuningJobs"] = (filter) => this.#read("tuningJobs", [filter]);
  readonly openTuningJobs: Store["openTuningJobs"] = (limit) => this.#read("openTuningJobs", [limit]);
  readonly newestRuns: Store["newestRuns"] = () => this.#read("newestRuns", []);
  readonly run: Store["run"] = (id) => this.#read("run", [id]);
  readonly runsOf: Store["runsOf"] = (rollout, limit) => this.#read("runsOf", [rollout, limit]);
  readonly rolloutChanges: Store["rolloutChanges"] = (filter) => this.#read("rolloutChanges", [filter]);
  readonly observations: Store["observations"] = (run, after) => this.#read("observations", [run, after]);
  readonly snapshot: Store["snapshot"] = (run) => this.#read("snapshot", [run]);
  readonly ruleSet: Store["ruleSet"] = (version) => this.#read("ruleSet", [version]);
  readonly size: Store["size"] = () => this.#read("size", []);

  /** Finishes what was asked and closes the store, within some seconds. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retaining);
    const { closeMs = 5000 } = this.#options;
    await Promise.all([this.#writer?.close(closeMs), this.#reader?.close(closeMs)]);
  }

  #writing(): SupervisedThread {
    if (this.#isClosed) throw new StoreError("the store is closed", true);
    if (this.#writer === undefined) {
      this.#writer = this.#startThread((lost) => this.#writerIs(lost));
      this.#heeded(this.#opened.promise).catch(() => {}); // told as a state
      this.#retainLater();
    }
    return this.#writer;
  }

  #startThread(onState: (lost: Failure | undefined) => void): SupervisedThread {
    const { start, settings, retryMs } = this.#options;
    return new SupervisedThread({
      start,
      url: settings.url,
      redaction: this.#redaction,
      onState,
      ...(retryMs === undefined ? {} : { waitMs: retryMs }),
    });
  }

  async #change<M extends Method>(method: M, args: ArgsOf<M>): Promise<ResultOf<M>> {
    try {
      const answered = this.#writing().call(method, args);
      const result = await (LONG.has(method) ? answered : this.#heeded(answered));
      this.#changed(undefined);
      return result;
    } catch (error) {
      const failure = toFailure(error);
      if (!failure.invalid) this.#changed(failure);
      this.#renewIfUseless();
      throw error;
    }
  }

  /** Sees trouble in what takes too long. */
  async #heeded<T>(answered: Promise<T>): Promise<T> {
    const { silentMs = 10_000 } = this.#options;
    const silence = setTimeout(() => this.#changed(noAnswer(silentMs)), silentMs);
    silence.unref();
    try {
      return await answered;
    } finally {
      clearTimeout(silence);
    }
  }

  /** Undefined: a change succeeded. */
  #changed(failed: Failure | undefined): void {
    this.#failed = failed;
    this.#failingSince = failed && (this.#failingSince ?? Date.now());
    this.#tell();
  }

  #renewIfUseless(): void {
    if (this.#lost !== undefined || this.#failingSince === undefined) return;
    if (Date.now() - this.#failingSince < RENEW_MS) return;
    this.#failingSince = undefined;
    this.#writer?.renew();
    this.#reader?.renew();
  }

  #writerIs(lost: Failure | undefined): void {
    this.#lost = lost;
    if (lost === undefined) {
      this.#failed = undefined;
      this.#opened.resolve();
    } else {
      this.#opened.reject(fromFailure(lost));
      this.#opened = openable();
    }
    this.#settled.resolve();
    this.#tell();
  }

  /** Tells when trouble begins and when it ends. */
  #tell(): void {
    const { trouble } = this;
    if (this.#isClosed || (trouble !== undefined) === this.#isTroubled) return;
    this.#isTroubled = trouble !== undefined;
    this.#options.onTrouble(trouble);
  }

  async #read<M extends Method>(method: M, args: ArgsOf<M>): Promise<ResultOf<M>> {
    if (this.#reads >= MOST_READS) throw new StoreError("too many wait for the store to answer", true);
    this.#reads++;
    const answered = this.#readThread()
      .then((reader) => reader.call(method, args))
      .finally(() => this.#reads--);
    const { readMs = 5000 } = this.#options;
    try {
      const result = await within(this.#hasRead ? readMs : Math.max(readMs, FIRST_READ_MS), answered);
      this.#hasRead = true;
      this.#readsFailSince = undefined;
      return result;
    } catch (error) {
      if (!toFailure(error).invalid) this.#readFailed();
      throw error;
    }
  }

  #readFailed(): void {
    this.#readsFailSince ??= Date.now();
    if (this.#readerLost !== undefined || Date.now() - this.#readsFailSince < RENEW_MS) return;
    this.#readsFailSince = undefined;
    this.#reader?.renew();
  }

  /** The reader comes after the writer, which brings a store of an older version up to date. */
  async #readThread(): Promise<SupervisedThread> {
    this.#writing();
    if (this.#reader === undefined && this.#lost !== undefined) throw fromFailure(this.#lost);
    if (this.#reader === undefined) await this.#opened.promise;
    if (this.#isClosed) throw new StoreError("the store is closed", true);
    this.#reader ??= this.#startThread((lost) => {
      this.#readerLost = lost;
      this.#tell();
    });
    return this.#reader;
  }

  #retainLater(): void {
    this.#retaining = setTimeout(async () => {
      const { maxAgeMs, maxBytes } = this.#retention;
      // A failure is told as trouble; the next turn tries again.
      await this.retain({ before: Date.now() - maxAgeMs, maxBytes }).catch(() => {});
      if (!this.#isClosed) this.#retainLater();
    }, this.#options.retainEveryMs ?? 60_000);
    this.#retaining.unref();
  }
}

/** Whose rejection nobody has to hear. */
function openable(): PromiseWithResolvers<void> {
  const opened = Promise.withResolvers<void>();
  opened.promise.catch(() => {});
  return opened;
}

function noAnswer(ms: number): Failure {
  return { message: `the store has not answered for ${ms / 1000} s`, temporary: true, invalid: false };
}

/** @throws StoreError when it takes longer; it may be done later all the same */
async function within<T>(ms: number, answered: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(fromFailure(noAnswer(ms))), ms);
  try {
    return await Promise.race([answered, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
