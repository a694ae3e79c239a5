import { z } from "zod";
import type { HuggingFaceAccess } from "../domain/tuning.ts";
import { ask, type Call, call, parsed } from "./huggingface-client.ts";

/** Where a job's data set repository is mounted in its container. */
const MOUNT = "/crossover";
/** What `hf jobs uv run` uses: Debian with Python 3.12 and uv, which installs what a script needs. */
const IMAGE = "ghcr.io/astral-sh/uv:python3.12-bookworm";
const LABEL = "crossover_job";
/** More pages than any account has jobs for. */
const MOST_PAGES = 100;

/** Stages as in huggingface_hub's JobStage; the Hub may know more. */
const job = z.object({
  id: z.string(),
  createdAt: z.string().nullish(),
  startedAt: z.string().nullish(),
  status: z.object({ stage: z.string(), message: z.string().nullish() }),
  labels: z.record(z.string(), z.string()).nullish(),
});
export type HubJob = z.infer<typeof job>;

export function jobIdOf({ labels }: HubJob): string | undefined {
  return labels?.[LABEL];
}

/** Jobs of one namespace on Hugging Face. Every method may throw ProviderProblem, and the signal's reason. */
export interface HubJobs {
  /** @param jobId of ours @param repository of its data set @param script the script's path there */
  run(jobId: string, repository: string, script: string, signal: AbortSignal): Promise<HubJob>;
  get(id: string, signal: AbortSignal): Promise<HubJob>;
  /** The first one that was created for a job of ours. */
  find(jobId: string, signal: AbortSignal): Promise<HubJob | undefined>;
  /** @returns false when there was nothing to cancel */
  cancel(id: string, signal: AbortSignal): Promise<boolean>;
  logURL(id: string): string;
}

export function hubJobs(access: HuggingFaceAccess, namespace: string, byHand: string): HubJobs {
  const base = `${access.hubURL}/api/jobs/${encodeURIComponent(namespace)}`;
  const at = (id: string): string => `${base}/${encodeURIComponent(id)}`;
  return {
    run: (jobId, repository, script, signal) =>
      ask(
        access.token,
        {
          method: "POST",
          url: base,
          doing: "start the training job",
          creates: true,
          byHand,
          body: {
            dockerImage: IMAGE,
            command: ["uv", "run", `${MOUNT}/${script}`],
            arguments: [],
            environment: { PYTHONUNBUFFERED: "1" },
            secrets: { HF_TOKEN: access.token },
            flavor: access.flavor,
            timeoutSeconds: Math.ceil(access.timeoutSeconds),
            labels: { [LABEL]: jobId, name: `crossover-${jobId}` },
            volumes: [{ type: "dataset", source: repository, mountPath: MOUNT, readOnly: true }],
          },
        },
        job,
        signal,
      ),
    get: (id, signal) =>
      ask(access.token, { url: at(id), doing: `tell of the training job ${id}` }, job, signal),
    find: async (jobId, signal) => {
      const url = `${base}?${new URLSearchParams({ label: `${LABEL}=${jobId}` })}`;
      // The label is looked at here too: where the filter is not known, all jobs come.
      const ours = (
        await allJobs(access.token, { url, doing: "list the training jobs", byHand }, signal)
      ).filter((one) => jobIdOf(one) === jobId);
      const created = (one: HubJob): number => Date.parse(one.createdAt ?? "") || 0;
      return ours.toSorted((a, b) => created(a) - created(b))[0];
    },
    cancel: async (id, signal) => {
      const wanted: Call = {
        method: "POST",
        url: `${at(id)}/cancel`,
        doing: `cancel the training job ${id}`,
        expected: [400, 404, 409],
      };
      return (await call(access.token, wanted, signal)).status < 300;
    },
    logURL: (id) => `${at(id)}/logs`,
  };
}

async function allJobs(token: string, first: Call, signal: AbortSignal): Promise<readonly HubJob[]> {
  const jobs: HubJob[] = [];
  let url: string | undefined = first.url;
  for (let page = 0; url !== undefined && page < MOST_PAGES; page++) {
    const reply = await call(token, { ...first, url }, signal);
    jobs.push(...parsed(reply.body, z.array(job), { ...first, token }));
    url = reply.next;
  }
  return jobs;
}
