import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { LossPoint } from "./job.ts";
import type { Observation } from "./trainer.ts";
import { LINE_PREFIX } from "./training-script.ts";

/** A line of a training job's log. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** What the training script says of itself in a log. */
export type TrainingProgress = Pick<
  Observation,
  "events" | "losses" | "step" | "steps" | "trainedTokens" | "estimatedFinish"
>;

/** Most lines that are told of at once: the installing of packages and a stack trace fit in. */
const MOST_EVENTS = 200;
const LONGEST_LINE = 500;

const count = z.number().nonnegative().nullish();
const loss = z.number().nullish();
const told = z.discriminatedUnion("event", [
  z.object({ event: z.literal("begin"), step: count, steps: count }),
  z.object({
    event: z.literal("log"),
    step: z.int().nonnegative(),
    steps: count,
    loss,
    eval_loss: loss,
    tokens: count,
    finish: z.number().nullish(),
  }),
  z.object({ event: z.literal("done"), model: z.string() }),
]);
type Told = z.infer<typeof told>;

/** Reads what the training script tells, and keeps the other lines as events. Never throws: a log may hold anything. */
export function readProgress(lines: readonly LogLine[]): TrainingProgress {
  const read = lines.map((line) => ({ line, told: toldIn(line.text) }));
  const logs = read.flatMap(({ told }) => (told?.event === "log" ? [told] : []));
  const counts = read.flatMap(({ told }) => (told === undefined || told.event === "done" ? [] : [told]));
  const finish = logs.findLast((log) => typeof log.finish === "number")?.finish;
  return {
    events: eventsOf(read),
    losses: lossesOf(logs),
    step: whole(counts.at(-1)?.step),
    steps: whole(counts.at(-1)?.steps),
    trainedTokens: whole(logs.findLast((log) => typeof log.tokens === "number")?.tokens),
    estimatedFinish: typeof finish === "number" ? Math.round(finish * 1000) : undefined,
  };
}

function toldIn(text: string): Told | undefined {
  if (!text.startsWith(LINE_PREFIX)) return undefined;
  const result = told.safeParse(parseJson(text.slice(LINE_PREFIX.length)));
  return result.success ? result.data : undefined;
}

function whole(value: number | null | undefined): number | undefined {
  return typeof value === "number" ? Math.round(value) : undefined;
}

/** By step; the training's and the validation's loss of one step come in two lines. */
function lossesOf(logs: readonly Extract<Told, { event: "log" }>[]): readonly LossPoint[] {
  const points = new Map<number, LossPoint>();
  for (const { step, loss = null, eval_loss = null } of logs) {
    if (loss === null && eval_loss === null) continue;
    const before = points.get(step);
    points.set(step, {
      step,
      training: loss ?? before?.training ?? null,
      validation: eval_loss ?? before?.validation ?? null,
    });
  }
  return [...points.values()].sort((a, b) => a.step - b.step);
}

function eventsOf(
  read: readonly { readonly line: LogLine; readonly told: Told | undefined }[],
): TrainingProgress["events"] {
  const events = read.flatMap(({ line, told }) => {
    const message = told === undefined ? plain(line.text) : sentence(told);
    return message === undefined ? [] : [{ at: line.at, message }];
  });
  return events.slice(-MOST_EVENTS);
}

function sentence(told: Told): string | undefined {
  switch (told.event) {
    case "begin":
      return `Training began${typeof told.steps === "number" ? `: ${told.steps} steps` : ""}.`;
    case "log":
      return undefined; // it is in the losses
    case "done":
      return `The model was uploaded to ${told.model}.`;
  }
}

/** A line as a person wants it: without colours, without what a progress bar wrote before, not too long. */
function plain(text: string): string | undefined {
  const shown = text.slice(text.lastIndexOf("\r", text.length - 2) + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escape sequences begin with one
  const line = shown.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").trim();
  // The trainer's own line of a step says what ours says.
  if (line === "" || line.startsWith("===== Job started") || /^\{'(loss|eval_loss|train_runtime)'/.test(line))
    return undefined;
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}
