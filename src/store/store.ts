import type {
  Capture,
  CaptureOutcome,
  Feedback,
  FeedbackValue,
  Recipe,
  UsageHour,
} from "../domain/capture.ts";
import type { Path } from "../domain/table.ts";
import type { RolloutStore } from "./rollout-store.ts";
import type { RuleSetStore } from "./rule-sets.ts";
import type { TuningJobStore } from "./tuning-jobs.ts";

/** Which captures; every member narrows, what is undefined does not. */
export interface CaptureFilter {
  readonly route?: string | undefined;
  readonly rule?: string | undefined;
  readonly variant?: string | undefined;
  /** The variant that was decided on. */
  readonly decided?: string | undefined;
  /** Id of a rollout's run. */
  readonly run?: string | undefined;
  readonly path?: Path | undefined;
  readonly model?: string | undefined;
  readonly promptVersion?: string | undefined;
  readonly key?: string | undefined;
  readonly user?: string | undefined;
  readonly outcome?: CaptureOutcome | undefined;
  readonly status?: number | undefined;
  readonly cached?: boolean | undefined;
  readonly simulated?: boolean | undefined;
  /** Are the texts there? */
  readonly content?: boolean | undefined;
  /** From this time on, in milliseconds since 1970. */
  readonly from?: number | undefined;
  /** Before this time. */
  readonly to?: number | undefined;
  /** Words that all stand in the query or the answer. */
  readonly search?: string | undefined;
  readonly feedback?: FeedbackFilter | undefined;
}

/** Has feedback of this name, the latest of which is this value, or at least this number. `true` counts as 1, `false` as 0. */
export interface FeedbackFilter {
  readonly name: string;
  readonly equals?: FeedbackValue | undefined;
  readonly atLeast?: number | undefined;
}

export interface StoredCapture extends Capture {
  /** Oldest first. */
  readonly feedback: readonly Feedback[];
}

export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** By time; within one millisecond in an order that stays. */
  readonly order: "newest" | "oldest";
  /** Where the page before ended. */
  readonly cursor?: string | undefined;
}

export interface CapturePage {
  readonly captures: readonly StoredCapture[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/**
 * All that one write commits, or none of it. Captures whose id is there already are left as they are, save that those
 * without texts get them.
 */
export interface Batch {
  readonly captures: readonly Capture[];
  /** Those that are there already are left as they are. */
  readonly recipes: readonly Recipe[];
  /** Added to what is there. */
  readonly usage: readonly UsageHour[];
  /** Usage of an id that was written within the last minutes is not added again: its answer was lost on the way. */
  readonly usageId?: string | undefined;
}

/** Feedback of one name for one variant of a route. */
export interface FeedbackSummary {
  readonly route: string;
  readonly variant: string;
  readonly name: string;
  /** Requests that have it; the latest value of each counts. */
  readonly count: number;
  /** How many of the values are numbers or booleans; the mean rests on these. */
  readonly numbers: number;
  /** How many of these are 0 or 1, or false or true. */
  readonly binary: number;
  /** Of numbers and booleans (1 and 0); undefined where there are none. */
  readonly mean: number | undefined;
  /** Of numbers and booleans: sample variance; undefined below two. */
  readonly variance: number | undefined;
  /** How often each text was given, at most the 100 most frequent of at most 200 characters. */
  readonly labels: Readonly<Record<string, number>>;
}

/** A comparison of variants, with a document of its own shape. */
export interface StoredComparison {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly route: string | undefined;
  readonly variants: readonly string[];
  /** JSON: what was asked for and what came out. */
  readonly summary: string;
}

/** One query of a comparison. */
export interface ComparisonRow {
  readonly index: number;
  /** The capture that it came from. */
  readonly captureId: string | undefined;
  /** OpenAI's user, where the capture had one: its rows go when the user's data go. */
  readonly user: string | undefined;
  /** JSON: query and results. */
  readonly document: string;
}

export interface StoreSize {
  readonly captures: number;
  readonly bytes: number;
  /** When the oldest capture came, in milliseconds since 1970. */
  readonly oldest: number | undefined;
}

/** What was deleted. */
export interface Deleted {
  readonly captures: number;
  readonly feedback: number;
  readonly comparisonRows: number;
}

/** Where captures and what is made of them are kept. Every method may throw StoreError. */
export interface Store extends TuningJobStore, RolloutStore, RuleSetStore {
  /** Resolves once it is committed. */
  write(batch: Batch): Promise<void>;
  find(id: string): Promise<StoredCapture | undefined>;
  page(filter: CaptureFilter, page: PageRequest): Promise<CapturePage>;
  count(filter: CaptureFilter): Promise<number>;
  recipe(version: string): Promise<Recipe | undefined>;
  addFeedback(feedback: Feedback): Promise<void>;
  /** @param filter of the captures that have it */
  feedbackSummary(filter: CaptureFilter): Promise<readonly FeedbackSummary[]>;
  /** Hours that begin in this time, oldest first. */
  usage(filter: {
    readonly route?: string | undefined;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  }): Promise<readonly UsageHour[]>;
  saveComparison(comparison: StoredComparison, rows: readonly ComparisonRow[]): Promise<void>;
  comparisons(limit: number): Promise<readonly StoredComparison[]>;
  comparison(
    id: string,
  ): Promise<{ readonly comparison: StoredComparison; readonly rows: readonly ComparisonRow[] } | undefined>;
  /** Deletes captures with their feedback and the rows of comparisons that came from them, so that no file holds their bytes. */
  delete(filter: CaptureFilter & ({ readonly user: string } | { readonly id: string })): Promise<Deleted>;
  /** Deletes what is older, then the oldest until the rest fits. In small steps: a write waits for none of them long. */
  retain(limits: {
    readonly before: number | undefined;
    readonly maxBytes: number | undefined;
  }): Promise<number>;
  size(): Promise<StoreSize>;
  close(): Promise<void>;
}

/** The store can't do it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** May the same succeed later, without anybody's change to the data? Full disks, locks and lost connections. */
  readonly temporary: boolean;
  /** Is it the caller's own fault, such as a cursor that no page ended with? */
  readonly invalid: boolean;
  constructor(message: string, temporary: boolean, invalid = false) {
    super(message);
    this.temporary = temporary;
    this.invalid = invalid;
  }
}

/** All captures of a filter, oldest first, read in pages. */
export async function* scan(
  store: Pick<Store, "page">,
  filter: CaptureFilter,
  pageSize = 500,
): AsyncGenerator<StoredCapture> {
  let cursor: string | undefined;
  do {
    const { captures, next } = await store.page(filter, { limit: pageSize, order: "oldest", cursor });
    yield* captures;
    cursor = next;
  } while (cursor !== undefined);
}
