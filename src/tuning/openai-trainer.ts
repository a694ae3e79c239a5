import type { OpenAI } from "openai";
import { z } from "zod";
import { trainedName } from "../datasets/tunable-models.ts";
import type { AzureAccess, OpenAIAccess } from "../domain/tuning.ts";
import { explainFailedJob } from "./explain-openai.ts";
import type { Checkpoint } from "./job.ts";
import {
  checkpointAnswer,
  type EventAnswer,
  eventAnswer,
  fileAnswer,
  type JobAnswer,
  jobAnswer,
  pageOf,
} from "./openai-answers.ts";
import { ask, isDated, openaiClient } from "./openai-client.ts";
import { findFile, IMPORT_POLL_MS, removeFiles, untilImported, uploadFile } from "./openai-files.ts";
import { itemsOf, PAGE_SIZE } from "./openai-pages.ts";
import { isOldestFirst, isOver, phaseOf, progressOf } from "./openai-progress.ts";
import { type Observation, ProviderProblem, type Trainer, type TrainingRequest } from "./trainer.ts";

/** The member of a job's metadata with our job's id. */
const JOB_KEY = "crossover_job";

/** Most pages of events that one observation reads. Events before them are left out. */
const EVENT_PAGES = 25;
const LIST_PAGES = 1000;

const jobPage = pageOf(jobAnswer);
const eventPage = pageOf(eventAnswer);
const checkpointPage = pageOf(checkpointAnswer);

/** Trains at OpenAI, or at an Azure resource by the same API. */
export function openaiTrainer(
  access: OpenAIAccess | AzureAccess,
  { importPollMs = IMPORT_POLL_MS }: { readonly importPollMs?: number } = {},
): Trainer {
  const client = openaiClient(access);
  return {
    upload: async (file, signal) => {
      const there = await findFile(client, file, signal);
      const uploaded = there ?? (await uploadFile(client, file, signal));
      await untilImported(client, uploaded, importPollMs, signal);
      return uploaded.id;
    },
    find: (request, signal) => findJob(client, access.api, request, signal),
    create: async (request, signal) => {
      const body = creationOf(access, request);
      const job = await ask("creating", jobAnswer, signal, (options) =>
        client.fineTuning.jobs.create(body, options),
      );
      return job.id;
    },
    observe: (id, seen, signal) => observe(client, id, seen, signal),
    removeFiles: (files, signal) => removeFiles(client, files, signal),
    cancel: (id, signal) => cancel(client, id, signal),
  };
}

/** A job that carries our job's id, or trains on its file, which no other job's has the name of. */
async function findJob(
  client: OpenAI,
  api: "openai" | "azure",
  { jobId, trainingFile }: TrainingRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  // OpenAI lists the newest first: what is older than the file was not created for it. Azure keeps few jobs, in no order it promises.
  const from = api === "openai" ? await createdAt(client, trainingFile, signal) : 0;
  const read = (after: string | undefined) =>
    ask("reading", jobPage, signal, (options) =>
      client.fineTuning.jobs.list({ limit: PAGE_SIZE, ...(after !== undefined && { after }) }, options),
    );
  for await (const job of itemsOf<typeof jobAnswer>(read, LIST_PAGES)) {
    if (job.metadata?.[JOB_KEY] === jobId || job.training_file === trainingFile) return job.id;
    if ((job.created_at ?? from) < from) return undefined;
  }
  return undefined;
}

/** When a file was created, in Unix seconds; 0 when that can't be known any more. */
async function createdAt(client: OpenAI, file: string, signal: AbortSignal): Promise<number> {
  const known = await unlessRefused(
    ask("reading", fileAnswer, signal, (options) => client.files.retrieve(file, options)),
  );
  return known?.created_at ?? 0;
}

/** What a job is created with. Nothing is sent that was not given. */
function creationOf(
  access: OpenAIAccess | AzureAccess,
  { jobId, spec, trainingFile, validationFile }: TrainingRequest,
): OpenAI.FineTuning.JobCreateParams {
  const { n_epochs, batch_size, learning_rate_multiplier } = spec.hyperparameters;
  const hyperparameters = {
    ...(n_epochs !== null && { n_epochs }),
    ...(batch_size !== null && { batch_size }),
    ...(learning_rate_multiplier !== null && { learning_rate_multiplier }),
  };
  const given = Object.keys(hyperparameters).length > 0 && { hyperparameters };
  // Azure's versions up to 2025 take hyperparameters by themselves; `method` came later, and metadata with v1.
  const isOld = access.api === "azure" && isDated(access.apiVersion);
  return {
    model: trainedName(spec.base_model, access.api),
    training_file: trainingFile,
    ...(validationFile !== undefined && { validation_file: validationFile }),
    ...(spec.suffix !== null && { suffix: spec.suffix }),
    ...(spec.seed !== null && { seed: spec.seed }),
    ...(isOld
      ? given
      : {
          method: { type: "supervised" as const, ...(given && { supervised: given }) },
          metadata: { [JOB_KEY]: jobId },
        }),
  };
}

async function observe(
  client: OpenAI,
  id: string,
  seen: string | undefined,
  signal: AbortSignal,
): Promise<Observation> {
  // The job first: the events of one that has ended are then all there.
  const job = await ask("reading", jobAnswer, signal, (options) =>
    client.fineTuning.jobs.retrieve(id, options),
  );
  const events = await eventsSince(client, id, seen, signal);
  const model = job.fine_tuned_model ?? undefined;
  const told = phaseOf(job.status);
  // Its name may come a moment later.
  const phase = told === "succeeded" && model === undefined ? "running" : told;
  return {
    phase,
    status: job.status,
    ...progressOf(events),
    estimatedFinish: job.estimated_finish ? job.estimated_finish * 1000 : undefined,
    trainedTokens: job.trained_tokens ?? undefined,
    epochs: job.hyperparameters?.n_epochs,
    model: phase === "succeeded" ? model : undefined,
    checkpoints: phase === "succeeded" ? await checkpointsOf(client, id, signal) : [],
    problem: phase === "failed" ? new ProviderProblem(explainFailedJob(job.error)) : undefined,
    seen: events[0]?.id ?? seen,
  };
}

/** @returns newest first */
async function eventsSince(
  client: OpenAI,
  id: string,
  seen: string | undefined,
  signal: AbortSignal,
): Promise<readonly EventAnswer[]> {
  let oldestFirst = false;
  const read = async (after: string | undefined) => {
    const page = await ask("reading", eventPage, signal, (options) =>
      client.fineTuning.jobs.listEvents(
        id,
        { limit: PAGE_SIZE, ...(after !== undefined && { after }) },
        options,
      ),
    );
    oldestFirst ||= isOldestFirst(page.data);
    return page;
  };
  const events: EventAnswer[] = [];
  for await (const event of itemsOf<typeof eventAnswer>(read, EVENT_PAGES)) {
    if (event.id === seen && !oldestFirst) break;
    events.push(event);
  }
  if (!oldestFirst) return events;
  return events.slice(events.findIndex((event) => event.id === seen) + 1).toReversed();
}

/** Of a job that succeeded. Where a provider has none to list, there are none. */
async function checkpointsOf(client: OpenAI, id: string, signal: AbortSignal): Promise<Checkpoint[]> {
  const read = async (after: string | undefined) =>
    (await unlessRefused(
      ask("reading", checkpointPage, signal, (options) =>
        client.fineTuning.jobs.checkpoints.list(
          id,
          { limit: PAGE_SIZE, ...(after !== undefined && { after }) },
          options,
        ),
      ),
    )) ?? { data: [] };
  const checkpoints: Checkpoint[] = [];
  for await (const one of itemsOf<typeof checkpointAnswer>(read, LIST_PAGES)) {
    checkpoints.push({ id: one.id, step: one.step_number, model: one.fine_tuned_model_checkpoint });
  }
  return checkpoints.sort((a, b) => a.step - b.step);
}

async function cancel(client: OpenAI, id: string, signal: AbortSignal): Promise<void> {
  try {
    await ask("cancelling", z.unknown(), signal, (options) => client.fineTuning.jobs.cancel(id, options));
  } catch (error) {
    const refused = error instanceof ProviderProblem && [400, 409, 422].includes(error.status ?? 0);
    if (!refused || !(await hasEnded(client, id, signal))) throw error;
  }
}

async function hasEnded(client: OpenAI, id: string, signal: AbortSignal): Promise<boolean> {
  const job: JobAnswer = await ask("reading", jobAnswer, signal, (options) =>
    client.fineTuning.jobs.retrieve(id, options),
  );
  return isOver(job.status);
}

/** Undefined when the provider refused; what may pass is thrown on. */
async function unlessRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderProblem && error.kind === "final") return undefined;
    throw error;
  }
}
