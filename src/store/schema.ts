import type { Generated, Selectable } from "kysely";
import type { CaptureOutcome } from "../domain/capture.ts";
import type { Path } from "../domain/table.ts";

/** 0 or 1: SQLite has no booleans, and both databases keep the same rows. */
type Flag = number;

/** The facts of a request: narrow rows, so that filters read little. */
export interface CaptureTable {
  /** Its place in the order of time, by which its texts and their words go too. */
  seq: number;
  id: string;
  at: number;
  route: string;
  rule: string;
  variant: string;
  decided: string;
  path: Path;
  model: string;
  provider: string;
  propensity: number;
  sticky_by: string | null;
  sticky_key: string | null;
  rollout: string | null;
  stage: number | null;
  key: string | null;
  user: string | null;
  /** JSON. */
  metadata: string;
  status: number;
  outcome: CaptureOutcome;
  error_code: string | null;
  attempts: number;
  stream: Flag;
  cached: Flag;
  simulated: Flag;
  input_tokens: number | null;
  cached_input_tokens: number | null;
  output_tokens: number | null;
  added_tokens: number;
  cost_usd: number | null;
  first_token_ms: number | null;
  duration_ms: number;
  prompt: string | null;
  prompt_version: string | null;
  recipe: string;
  /** Id of the rollout's run. */
  run: string | null;
  epoch: number | null;
  /** The candidate's, then. */
  share: number | null;
  table_version: string | null;
  /** JSON; null where there are none. */
  calls: string | null;
  /** Characters of all texts; null where the texts were not kept. */
  content_length: number | null;
}

export interface ContentTable {
  seq: number;
  request: string;
  query: string;
  answer: string | null;
  answer_text: string;
  finish_reason: string | null;
  truncated: Flag;
}

export interface FeedbackTable {
  seq: Generated<number>;
  id: string;
  request_id: string;
  name: string;
  kind: "number" | "boolean" | "text";
  /** Of numbers and booleans. */
  number: number | null;
  text: string | null;
  comment: string | null;
  key: string | null;
  at: number;
}

/** The latest value of each name of each request, for filters and sums. */
export interface LatestFeedbackTable {
  request_id: string;
  name: string;
  at: number;
  number: number | null;
  text: string | null;
}

export interface RecipeTable {
  version: string;
  /** JSON. */
  document: string;
}

export interface UsageTable {
  hour: number;
  route: string;
  variant: string;
  path: Path;
  model: string;
  /** Empty where there is none: it is part of the key. */
  prompt_version: string;
  requests: number;
  errors: number;
  failures: number;
  cached: number;
  priced: number;
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
  added_tokens: number;
  cost_usd: number;
  cost_usd_squares: number;
  duration_ms: number;
}

/** Usage that was written lately, so that it is not added twice. */
export interface UsagePartTable {
  id: string;
  at: number;
}

export interface ComparisonTable {
  id: string;
  at: number;
  route: string | null;
  /** JSON. */
  variants: string;
  /** JSON. */
  summary: string;
}

export interface ComparisonRowTable {
  comparison_id: string;
  position: number;
  capture_id: string | null;
  user: string | null;
  /** JSON. */
  document: string;
}

export interface TuningJobTable {
  id: string;
  at: number;
  route: string;
  provider: string;
  state: string;
  open: Flag;
  fingerprint: string;
  owner: string | null;
  owned_until: number;
  revision: number;
  /** JSON. */
  document: string;
}

export interface RolloutRunTable {
  id: string;
  rollout: string;
  /** From 1, one more with each run of the rollout: clocks of two gateways may differ. */
  number: number;
  at: number;
  state: string;
  revision: number;
  /** JSON. */
  document: string;
}

export interface RolloutChangeTable {
  seq: Generated<number>;
  id: string;
  run: string;
  rollout: string;
  at: number;
  action: string;
  /** JSON. */
  document: string;
}

export interface RolloutObservationTable {
  run: string;
  seq: number;
  /** JSON. */
  document: string;
}

/** Log entries that were put there lately, so that they are not put there again. */
export interface RolloutEntryTable {
  id: string;
  at: number;
}

/** The newest of each run. */
export interface RolloutSnapshotTable {
  run: string;
  seq: number;
  /** JSON. */
  document: string;
}

/** Events that webhooks are still to be told of. */
export interface RolloutEventTable {
  /** Of the change. */
  id: string;
  rollout: string;
  at: number;
  due: number;
  /** JSON. */
  body: string;
}

export interface RuleSetTable {
  version: string;
  at: number;
  /** JSON. */
  document: string;
}

export interface Schema {
  captures: CaptureTable;
  contents: ContentTable;
  feedback: FeedbackTable;
  latest_feedback: LatestFeedbackTable;
  recipes: RecipeTable;
  usage: UsageTable;
  usage_parts: UsagePartTable;
  comparisons: ComparisonTable;
  comparison_rows: ComparisonRowTable;
  tuning_jobs: TuningJobTable;
  rollout_runs: RolloutRunTable;
  rollout_changes: RolloutChangeTable;
  rollout_observations: RolloutObservationTable;
  rollout_entries: RolloutEntryTable;
  rollout_snapshots: RolloutSnapshotTable;
  rollout_events: RolloutEventTable;
  rule_sets: RuleSetTable;
}

export type CaptureRow = Selectable<CaptureTable>;
export type ContentRow = Selectable<ContentTable>;
export type FeedbackRow = Omit<Selectable<FeedbackTable>, "seq">;
export type UsageRow = Selectable<UsageTable>;
