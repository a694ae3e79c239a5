import type { LossPoint } from "./job.ts";
import type { EventAnswer } from "./openai-answers.ts";
import type { Observation } from "./trainer.ts";

export type Phase = Observation["phase"];

/** What a job's events tell. */
export type Progress = Pick<Observation, "events" | "losses" | "step" | "steps">;

/**
 * The words of OpenAI, and of Azure (FineTuningState in azureopenai.json, 2025-04-01-preview, and older ones). A job with another word
 * is still looked after: it counts as running.
 */
const PHASES: ReadonlyMap<string, Phase> = new Map([
  ["validating_files", "waiting"],
  ["queued", "waiting"],
  ["created", "waiting"],
  ["creating", "waiting"],
  ["pending", "waiting"],
  ["notrunning", "waiting"],
  ["succeeded", "succeeded"],
  ["failed", "failed"],
  ["cancelled", "cancelled"],
  ["canceled", "cancelled"],
]);

export function phaseOf(status: string): Phase {
  return PHASES.get(status.toLowerCase()) ?? "running";
}

export function isOver(status: string): boolean {
  return ["succeeded", "failed", "cancelled"].includes(phaseOf(status));
}

/**
 * Reads a job's events.
 * @param events newest first
 */
export function progressOf(events: readonly EventAnswer[]): Progress {
  const oldestFirst = events.toReversed();
  // Metrics come for every step; their messages repeat them in words.
  const isMetrics = ({ type, data }: EventAnswer): boolean => type === "metrics" && data?.step != null;
  const metrics = oldestFirst.filter(isMetrics).flatMap(({ data }) => data ?? []);
  const last = metrics.at(-1);
  return {
    events: oldestFirst
      .filter((event) => !isMetrics(event))
      .map(({ created_at, message }) => ({ at: created_at * 1000, message })),
    losses: metrics.flatMap(lossPoint),
    step: last?.step ?? undefined,
    steps: last?.total_steps ?? undefined,
  };
}

function lossPoint(data: NonNullable<EventAnswer["data"]>): LossPoint[] {
  const training = lossOf(data.train_loss);
  const validation = lossOf(data.full_valid_loss) ?? lossOf(data.valid_loss);
  return data.step == null || (training === null && validation === null)
    ? []
    : [{ step: data.step, training, validation }];
}

/** Azure says -1 for a step at which it was not measured. */
function lossOf(value: number | null | undefined): number | null {
  return value == null || value < 0 ? null : value;
}

/**
 * OpenAI lists events newest first; Azure's description of its API has an example with the oldest first.
 * @param events of one list, as it gave them
 */
export function isOldestFirst(events: readonly { readonly created_at: number }[]): boolean {
  const first = events[0]?.created_at ?? 0;
  return first < (events.at(-1)?.created_at ?? 0);
}
