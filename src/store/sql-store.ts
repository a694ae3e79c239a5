import type { Kysely, Transaction } from "kysely";
import type { Feedback, Recipe, UsageHour } from "../domain/capture.ts";
import {
  type ComparisonDocument,
  comparisonOf,
  readComparison,
  saveComparison,
} from "./comparison-queries.ts";
import { deleteCaptures } from "./deletion.ts";
import type { Database } from "./dialect.ts";
import { parseRecipe } from "./documents.ts";
import { claimEvents, endEvent, leaveEvent } from "./event-queries.ts";
import { addFeedback, summarize } from "./feedback-queries.ts";
import { selected } from "./filter.ts";
import { appendObservations, readObservations, readSnapshot, saveSnapshot } from "./observation-log.ts";
import { readPage, withTexts } from "./page.ts";
import { retain } from "./retention.ts";
import { readChanges, readNewestRuns, readRun, readRunsOf, saveRun } from "./rollout-queries.ts";
import type {
  ChangeFilter,
  EventClaim,
  LogPart,
  SaveOptions,
  StoredChange,
  StoredEvent,
  StoredRun,
  StoredSnapshot,
} from "./rollout-store.ts";
import { clean, usageOf } from "./rows.ts";
import { readRuleSet, saveRuleSet } from "./rule-set-queries.ts";
import type { StoredRuleSet } from "./rule-sets.ts";
import type { Schema } from "./schema.ts";
import type {
  Batch,
  CaptureFilter,
  CapturePage,
  ComparisonRow,
  Deleted,
  FeedbackSummary,
  PageRequest,
  Store,
  StoredCapture,
  StoredComparison,
  StoreSize,
} from "./store.ts";
import {
  deleteTuningJob,
  readOpenTuningJobs,
  readTuningJob,
  readTuningJobs,
  renewTuningJob,
  saveTuningJob,
} from "./tuning-job-queries.ts";
import type { StoredTuningJob, TuningJobColumns, TuningJobFilter } from "./tuning-jobs.ts";
import { Writer } from "./writer.ts";

/** The store over a database that Kysely speaks to. */
export class SqlStore implements Store {
  readonly #db: Kysely<Schema>;
  readonly #database: Database;
  readonly #writer: Writer;

  constructor(database: Database) {
    this.#db = database.db;
    this.#database = database;
    this.#writer = new Writer(database.dialect);
  }

  write(batch: Batch): Promise<void> {
    return this.#change((transaction) => this.#writer.write(transaction, batch));
  }

  find(id: string): Promise<StoredCapture | undefined> {
    return this.#do(async () => {
      const row = await this.#db
        .selectFrom("captures")
        .selectAll()
        .where("id", "=", clean(id))
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const [capture] = await withTexts(this.#db, [row]);
      return capture;
    });
  }

  page(filter: CaptureFilter, page: PageRequest): Promise<CapturePage> {
    return this.#do(() => readPage(this.#database, filter, page));
  }

  count(filter: CaptureFilter): Promise<number> {
    return this.#do(async () => {
      const { count } = await selected(this.#database, filter)
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return count;
    });
  }

  recipe(version: string): Promise<Recipe | undefined> {
    return this.#do(async () => {
      const row = await this.#db
        .selectFrom("recipes")
        .select("document")
        .where("version", "=", clean(version))
        .executeTakeFirst();
      return row === undefined ? undefined : parseRecipe(row.document);
    });
  }

  addFeedback(feedback: Feedback): Promise<void> {
    return this.#change((transaction) => addFeedback(transaction, feedback));
  }

  feedbackSummary(filter: CaptureFilter): Promise<readonly FeedbackSummary[]> {
    return this.#do(() => summarize(this.#database, filter));
  }

  usage(filter: {
    readonly route?: string | undefined;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  }): Promise<readonly UsageHour[]> {
    const { route, from, to } = filter;
    return this.#do(async () => {
      let query = this.#db.selectFrom("usage").selectAll();
      if (route !== undefined) query = query.where("route", "=", clean(route));
      if (from !== undefined) query = query.where("hour", ">=", from);
      if (to !== undefined) query = query.where("hour", "<", to);
      const rows = await query
        .orderBy("hour")
        .orderBy("route")
        .orderBy("variant")
        .orderBy("path")
        .orderBy("model")
        .orderBy("prompt_version")
        .execute();
      return rows.map(usageOf);
    });
  }

  saveComparison(comparison: StoredComparison, rows: readonly ComparisonRow[]): Promise<void> {
    return this.#change((transaction) => saveComparison(transaction, comparison, rows));
  }

  comparisons(limit: number): Promise<readonly StoredComparison[]> {
    return this.#do(async () => {
      const rows = await this.#db
        .selectFrom("comparisons")
        .selectAll()
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(comparisonOf);
    });
  }

  comparison(id: string): Promise<ComparisonDocument | undefined> {
    return this.#do(() => readComparison(this.#db, clean(id)));
  }

  saveTuningJob(job: StoredTuningJob): Promise<boolean> {
    return this.#do(() => saveTuningJob(this.#db, job));
  }

  renewTuningJob(lease: Pick<StoredTuningJob, "id" | "ownedUntil" | "revision">): Promise<boolean> {
    return this.#do(() => renewTuningJob(this.#db, lease));
  }

  deleteTuningJob(
    job: Pick<StoredTuningJob, "id" | "revision">,
    comparison: string | undefined,
  ): Promise<boolean> {
    return this.#do(() => deleteTuningJob(this.#database, job, comparison));
  }

  tuningJob(id: string): Promise<StoredTuningJob | undefined> {
    return this.#do(() => readTuningJob(this.#db, id));
  }

  tuningJobs(filter: TuningJobFilter): Promise<readonly StoredTuningJob[]> {
    return this.#do(() => readTuningJobs(this.#db, filter));
  }

  openTuningJobs(limit: number): Promise<readonly TuningJobColumns[]> {
    return this.#do(() => readOpenTuningJobs(this.#db, limit));
  }

  saveRun(run: StoredRun, changes: readonly StoredChange[], options: SaveOptions = {}): Promise<boolean> {
    return this.#do(() => saveRun(this.#database, run, changes, options));
  }

  newestRuns(): Promise<readonly StoredRun[]> {
    return this.#do(() => readNewestRuns(this.#db));
  }

  run(id: string): Promise<StoredRun | undefined> {
    return this.#do(() => readRun(this.#db, id));
  }

  runsOf(rollout: string, limit: number): Promise<readonly StoredRun[]> {
    return this.#do(() => readRunsOf(this.#db, rollout, limit));
  }

  rolloutChanges(filter: ChangeFilter): Promise<readonly StoredChange[]> {
    return this.#do(() => readChanges(this.#db, filter));
  }

  appendObservations(run: string, id: string, document: string, after: number): Promise<LogPart> {
    return this.#do(() => appendObservations(this.#database, run, id, document, after));
  }

  observations(run: string, after: number): Promise<LogPart> {
    return this.#do(() => readObservations(this.#db, run, after));
  }

  saveSnapshot(snapshot: StoredSnapshot): Promise<void> {
    return this.#do(() => saveSnapshot(this.#database, snapshot));
  }

  snapshot(run: string): Promise<StoredSnapshot | undefined> {
    return this.#do(() => readSnapshot(this.#db, run));
  }

  claimEvents(claim: EventClaim): Promise<readonly StoredEvent[]> {
    return this.#do(() => claimEvents(this.#db, claim));
  }

  endEvent(id: string): Promise<void> {
    return this.#do(() => endEvent(this.#db, id));
  }

  leaveEvent(id: string): Promise<void> {
    return this.#do(() => leaveEvent(this.#db, id));
  }

  saveRuleSet(ruleSet: StoredRuleSet): Promise<void> {
    return this.#do(() => saveRuleSet(this.#db, ruleSet));
  }

  ruleSet(version: string): Promise<StoredRuleSet | undefined> {
    return this.#do(() => readRuleSet(this.#db, version));
  }

  delete(filter: CaptureFilter & ({ readonly user: string } | { readonly id: string })): Promise<Deleted> {
    return this.#do(() => deleteCaptures(this.#database, filter));
  }

  retain(limits: {
    readonly before: number | undefined;
    readonly maxBytes: number | undefined;
  }): Promise<number> {
    return this.#do(() => retain(this.#database, limits));
  }

  size(): Promise<StoreSize> {
    return this.#do(async () => {
      const { captures, oldest } = await this.#db
        .selectFrom("captures")
        .select((eb) => [eb.fn.countAll<number>().as("captures"), eb.fn.min("at").as("oldest")])
        .executeTakeFirstOrThrow();
      return { captures, bytes: await this.#database.dialect.bytes(this.#db), oldest: oldest ?? undefined };
    });
  }

  close(): Promise<void> {
    return this.#do(() => this.#db.destroy());
  }

  #change(change: (transaction: Transaction<Schema>) => Promise<void>): Promise<void> {
    return this.#do(() => this.#db.transaction().execute(change));
  }

  async #do<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.#database.dialect.failure(error);
    }
  }
}
