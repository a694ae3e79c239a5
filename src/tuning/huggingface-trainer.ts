import type { HuggingFaceAccess } from "../domain/tuning.ts";
import { namespaceOf } from "./huggingface-client.ts";
import { type HubJob, type HubJobs, hubJobs, jobIdOf } from "./huggingface-jobs.ts";
import { type LogReading, readLog } from "./huggingface-log.ts";
import { withoutToken } from "./huggingface-problem.ts";
import { openRepository, type Repository } from "./huggingface-repository.ts";
import { type Observation, ProviderProblem, type Trainer, type TrainingRequest } from "./trainer.ts";
import { readProgress } from "./training-log.ts";
import { repositoryName, trainingScript, uploadName } from "./training-script.ts";

/** The Hub sends all lines that there are at once; its own library waits as long. */
const QUIET_MS = 5_000;
const SCRIPT = "train.py";

const BY_HAND =
  "This account or token can't run Hugging Face Jobs, which want credits and the right to start jobs. Train by hand: `crossover tune script JOB` " +
  "prints the script, and `uv run` runs it on any machine with a GPU. Deploy the model that it uploads, and then " +
  "`crossover tune register JOB --address URL`.";

/**
 * Trains with TRL on Hugging Face Jobs: the data set and a generated script go to a private repository, a job runs the
 * script, and the model comes to be in a private repository of the same name.
 * @param quietMs silence after which a running job's log has been read up to now
 */
export function huggingFaceTrainer(access: HuggingFaceAccess, { quietMs = QUIET_MS } = {}): Trainer {
  const namespace = namespaceOf(access);

  async function repositoryOf(jobId: string, signal: AbortSignal): Promise<Repository> {
    return openRepository(access, `${await namespace(signal)}/${repositoryName(jobId)}`);
  }

  async function jobs(signal: AbortSignal): Promise<HubJobs> {
    return hubJobs(access, await namespace(signal), BY_HAND);
  }

  async function modelOf(job: HubJob, signal: AbortSignal): Promise<string | undefined> {
    const jobId = jobIdOf(job);
    return jobId === undefined ? undefined : `${await namespace(signal)}/${repositoryName(jobId)}`;
  }

  /** A log that can't be read does not keep a job from being followed, or from having ended. */
  async function logOf(
    url: string,
    seen: string | undefined,
    ended: boolean,
    signal: AbortSignal,
  ): Promise<LogReading> {
    const quiet = ended ? undefined : quietMs;
    try {
      return await readLog({ url, token: access.token, seen, quietMs: quiet }, signal);
    } catch {
      signal.throwIfAborted();
      return { lines: [], seen };
    }
  }

  return {
    upload: async (file, signal) => {
      const repository = await repositoryOf(jobIdIn(file.name), signal);
      await repository.put(file.name, file.open, file.bytes, signal);
      return `datasets/${repository.name}/${file.name}`;
    },

    find: async ({ jobId }, signal) => (await (await jobs(signal)).find(jobId, signal))?.id,

    create: async (request, signal) => {
      const { jobId, spec } = request;
      const repository = await repositoryOf(jobId, signal);
      checkFiles(request, repository.name);
      const text = trainingScript({ jobId, spec, namespace: await namespace(signal) });
      const script = new Blob([text], { type: "text/x-python" });
      const name = uploadName(jobId, SCRIPT);
      await repository.put(name, async () => script, script.size, signal);
      return (await (await jobs(signal)).run(jobId, repository.name, name, signal)).id;
    },

    observe: async (id, seen, signal) => {
      const hub = await jobs(signal);
      const job = await hub.get(id, signal);
      const phase = phaseOf(job);
      const log =
        phase === "waiting" ? { lines: [], seen } : await logOf(hub.logURL(id), seen, isOver(job), signal);
      return {
        phase,
        status: job.status.stage,
        ...readProgress(log.lines),
        model: phase === "succeeded" ? await modelOf(job, signal) : undefined,
        checkpoints: [],
        problem:
          phase === "failed"
            ? failure(
                job,
                log.lines.map((line) => line.text),
                access,
              )
            : undefined,
        seen: log.seen,
      };
    },

    removeFiles: async ({ jobId }, signal) => (await repositoryOf(jobId, signal)).remove(signal),

    cancel: async (id, signal) => {
      const hub = await jobs(signal);
      if (isOver(await hub.get(id, signal)) || (await hub.cancel(id, signal))) return;
      if (!isOver(await hub.get(id, signal))) throw goesOn(id);
    },
  };
}

function goesOn(id: string): ProviderProblem {
  return new ProviderProblem({
    message: `Hugging Face did not cancel the training job ${id}, and it goes on.`,
    raw: "",
    kind: "temporary",
  });
}

/** @throws ProviderProblem for a name that is not of a job's files */
function jobIdIn(name: string): string {
  const jobId = /^crossover-(.+)-[a-z]+\.jsonl$/.exec(name)?.[1];
  if (jobId === undefined) throw unexpectedFile(name);
  return jobId;
}

/** The script reads the files by names that it knows beforehand: a job that would not find them is not paid for. */
function checkFiles(
  { jobId, spec, trainingFile, validationFile }: TrainingRequest,
  repository: string,
): void {
  const expected = (file: string): string => `datasets/${repository}/${uploadName(jobId, file)}`;
  if (trainingFile !== expected(spec.training.name)) throw unexpectedFile(trainingFile);
  if (validationFile !== (spec.validation === null ? undefined : expected(spec.validation.name)))
    throw unexpectedFile(validationFile ?? "");
}

function unexpectedFile(name: string): ProviderProblem {
  return new ProviderProblem({
    message: `The training script does not expect a file of the name ${JSON.stringify(name)}.`,
    raw: "",
    kind: "final",
  });
}

function phaseOf({ status, startedAt }: HubJob): Observation["phase"] {
  switch (status.stage) {
    case "COMPLETED":
      return "succeeded";
    case "ERROR":
    case "DELETED":
      return "failed";
    case "CANCELED":
      return "cancelled";
    case "SCHEDULING":
      return "waiting";
    case "RUNNING":
      return "running";
    default: // a word that is not known yet: a job goes on until it is told to have ended
      return startedAt ? "running" : "waiting";
  }
}

function isOver(job: HubJob): boolean {
  const phase = phaseOf(job);
  return phase !== "waiting" && phase !== "running";
}

/** Of the log's end, in characters: a stack trace fits in. */
const MOST_RAW = 4_000;

function failure(
  { status }: HubJob,
  lines: readonly string[],
  { token, flavor, timeoutSeconds }: HuggingFaceAccess,
): ProviderProblem {
  const message = withoutToken(status.message ?? "", token);
  const raw = [message, lines.join("\n").slice(-MOST_RAW)].join("\n").trim();
  return new ProviderProblem({
    message: `The training job failed on Hugging Face: ${message === "" ? `its stage is ${status.stage}` : message}`,
    hint: hintOf(raw, flavor, timeoutSeconds),
    code: status.stage,
    raw,
    kind: "final",
  });
}

/** What helps against the usual reasons, which stand in the log. */
function hintOf(raw: string, flavor: string, timeoutSeconds: number): string | undefined {
  if (/out of memory|OutOfMemoryError/i.test(raw))
    return `The model does not fit into ${flavor}. Set a larger \`flavor\`, or train a smaller base model.`;
  if (/time(d)? ?out/i.test(raw) && !/ReadTimeout|ConnectTimeout/.test(raw))
    return `It took longer than ${timeoutSeconds / 3600} hours. Set a longer \`timeoutHours\`, a larger \`flavor\`, or fewer epochs.`;
  if (/gated repo|GatedRepoError|awaiting a review/i.test(raw))
    return "Its owner gives the base model only to those who ask: open its page on the Hub with this account, and accept the terms.";
  if (/RepositoryNotFoundError|is not a valid model identifier/i.test(raw))
    return "The base model is not on the Hub under this name, or the token may not read it.";
  return undefined;
}
