import { readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { z } from "zod";
import { simulator } from "../../../src/providers/simulator.ts";
import { until } from "../../support/until.ts";
import { play } from "../simulated.ts";

/** Questions to a bank, each with its intent, in a random order. */
export const QUERIES = readFileSync(
  join(import.meta.dirname, "../../../demo/banking77/queries.jsonl"),
  "utf8",
)
  .trimEnd()
  .split("\n")
  .map((line) => z.strictObject({ text: z.string(), category: z.string() }).parse(JSON.parse(line)));
export type Query = (typeof QUERIES)[number];

export const BASE = "gpt-4.1-mini-2025-04-14";

/** The official SDK on the simulator's tuning API. */
export function tunerOn(dataDir: string, settings: object = {}): OpenAI {
  const access = simulator.tuning?.({ kind: "simulator", ...settings }, { dataDir });
  if (access?.api !== "openai") throw new TypeError("the simulator trains by OpenAI's API");
  const { baseURL, apiKey, fetch } = access;
  return new OpenAI({ baseURL, apiKey, maxRetries: 0, ...(fetch === undefined ? {} : { fetch }) });
}

/** A file for training that holds the queries bare, each with its intent as the answer. */
export function fileOf(queries: readonly Query[], name = "train.jsonl"): File {
  return jsonl(
    queries.map(({ text, category }) => ({
      messages: [
        { role: "user", content: text },
        { role: "assistant", content: category },
      ],
    })),
    name,
  );
}

export function jsonl(rows: readonly unknown[], name = "train.jsonl"): File {
  return new File([rows.map((row) => `${JSON.stringify(row)}\n`).join("")], name);
}

export async function upload(tuner: OpenAI, file: File): Promise<string> {
  return (await tuner.files.create({ file, purpose: "fine-tune" })).id;
}

type JobOptions = Partial<OpenAI.FineTuning.JobCreateParams>;

/** Uploads the rows and creates a job. */
export async function begin(
  tuner: OpenAI,
  file: File,
  more: JobOptions = {},
): Promise<OpenAI.FineTuning.FineTuningJob> {
  const training_file = await upload(tuner, file);
  return tuner.fineTuning.jobs.create({ model: BASE, training_file, ...more });
}

/** The job once it has ended. */
export function ended(tuner: OpenAI, id: string): Promise<OpenAI.FineTuning.FineTuningJob> {
  return until(async () => {
    const job = await tuner.fineTuning.jobs.retrieve(id);
    return job.finished_at === null ? undefined : job;
  }, 120_000);
}

/** The whole way to a model. */
export async function trained(
  tuner: OpenAI,
  file: File,
  more: JobOptions = {},
): Promise<OpenAI.FineTuning.FineTuningJob & { readonly fine_tuned_model: string }> {
  const job = await ended(tuner, (await begin(tuner, file, more)).id);
  if (job.fine_tuned_model === null) throw new Error(`${job.status}: ${JSON.stringify(job.error)}`);
  return { ...job, fine_tuned_model: job.fine_tuned_model };
}

/** Everything that a job told, oldest first. */
export async function eventsOf(
  tuner: OpenAI,
  id: string,
): Promise<readonly OpenAI.FineTuning.FineTuningJobEvent[]> {
  const events: OpenAI.FineTuning.FineTuningJobEvent[] = [];
  for await (const event of tuner.fineTuning.jobs.listEvents(id, { limit: 100 })) events.push(event);
  return events.reverse();
}

/** What a call is refused with. */
export function refused(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (problem: unknown) => problem,
  );
}

type Message = { readonly role: string; readonly content: string };
const completion = z.object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })) });

/** What a model answers to a query, after the messages that come before it. */
export async function answerOf(
  dataDir: string,
  model: string,
  query: string,
  before: readonly Message[] = [],
): Promise<string> {
  const messages = [...before, { role: "user", content: query }];
  const { text } = await play({}, { model, messages }, dataDir);
  return completion.parse(JSON.parse(text)).choices[0]?.message.content ?? "";
}

/** The share of queries whose intent a model finds. */
export async function accuracyOf(
  dataDir: string,
  model: string,
  queries: readonly Query[],
  before: readonly Message[] = [],
): Promise<number> {
  const answers = await Promise.all(queries.map(({ text }) => answerOf(dataDir, model, text, before)));
  return queries.filter(({ category }, at) => answers[at] === category).length / queries.length;
}

/** The first queries of each intent as examples in a prompt. */
export function shotsOf(queries: readonly Query[], perIntent: number): readonly Message[] {
  const taken = new Map<string, number>();
  return queries.flatMap(({ text, category }) => {
    const count = taken.get(category) ?? 0;
    taken.set(category, count + 1);
    if (count >= perIntent) return [];
    return [
      { role: "user", content: text },
      { role: "assistant", content: category },
    ];
  });
}
