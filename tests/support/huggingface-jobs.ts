import { EventEmitter } from "node:events";
import { z } from "zod";
import type { HubRoute } from "./huggingface-hub.ts";
import { HubError, type HubRepositories, notFound } from "./huggingface-repositories.ts";

/** As huggingface_hub's `_create_job_spec` makes it. */
const jobSpec = z.strictObject({
  dockerImage: z.string(),
  command: z.array(z.string()),
  arguments: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  secrets: z.record(z.string(), z.string()),
  flavor: z.string(),
  timeoutSeconds: z.int(),
  labels: z.record(z.string(), z.string()),
  volumes: z.array(
    z.strictObject({
      type: z.literal("dataset"),
      source: z.string(),
      mountPath: z.string().startsWith("/"),
      readOnly: z.literal(true),
    }),
  ),
});
type JobSpec = z.infer<typeof jobSpec>;

type Stage = "SCHEDULING" | "RUNNING" | "COMPLETED" | "CANCELED" | "ERROR" | "DELETED";

const HARDWARE = [
  { name: "cpu-basic", unitCostMicroUSD: 167, unitCostUSD: 0.000167, unitLabel: "minute" },
  { name: "a10g-small", unitCostMicroUSD: 16667, unitCostUSD: 0.016667, unitLabel: "minute" },
].map((one) => ({
  ...one,
  prettyName: one.name,
  cpu: "4 vCPU",
  ram: "15 GB",
  ephemeralStorage: "20 GB",
  accelerator: null,
}));

const ACCOUNT = { id: "6871a7b0c0ffee0000000002" } as const;

/** A job of the double. The test moves it on. */
export class HubJob {
  readonly spec: JobSpec;
  readonly id: string;
  readonly namespace: string;
  readonly created = new Date();
  stage: Stage = "SCHEDULING";
  message: string | null = null;
  readonly lines: { readonly data: string; readonly timestamp: string }[] = [];
  readonly changed = new EventEmitter();

  constructor(spec: JobSpec, id: string, namespace: string) {
    this.spec = spec;
    this.id = id;
    this.namespace = namespace;
  }

  get isOver(): boolean {
    return this.stage !== "SCHEDULING" && this.stage !== "RUNNING";
  }

  run(): void {
    this.to("RUNNING");
    this.log("===== Job started at 2026-11-01 00:00:00 =====");
  }

  /** Writes lines, each with the time of now unless another is given. */
  log(...texts: readonly string[]): void {
    for (const data of texts) this.lines.push({ data, timestamp: new Date().toISOString() });
    this.changed.emit("change");
  }

  to(stage: Stage, message: string | null = null): void {
    this.stage = stage;
    this.message = message;
    this.changed.emit("change");
  }
}

/** Oldest first. */
export type HubJobs = HubJob[];

export function jobRoutes(
  jobs: HubJobs,
  repositories: HubRepositories,
  namespaces: readonly string[],
  pageSize: number,
): readonly HubRoute[] {
  const jobOf = (namespace: string, id: string): HubJob => {
    const found = jobs.find((job) => job.namespace === namespace && job.id === id);
    if (found === undefined) throw notFound("JobNotFound", "Job not found");
    return found;
  };
  return [
    { method: "GET", path: /^\/api\/jobs\/hardware$/, open: true, answer: () => ({ body: HARDWARE }) },
    {
      method: "POST",
      path: /^\/api\/jobs\/([^/]+)$/,
      answer: ({ json, params: [namespace = ""] }) => {
        if (!namespaces.includes(namespace))
          throw new HubError(403, "You may not run jobs in this namespace");
        const spec = jobSpec.parse(json);
        check(spec, repositories);
        const job = new HubJob(spec, (0x6871a7b0c0ff + jobs.length).toString(16).padEnd(24, "0"), namespace);
        jobs.push(job);
        return { body: shown(job) };
      },
    },
    {
      method: "GET",
      path: /^\/api\/jobs\/([^/]+)$/,
      answer: ({ query, url, path, params: [namespace = ""] }) => {
        const wanted = query.getAll("label").map((text) => text.split("="));
        const all = jobs
          .filter((job) => job.namespace === namespace)
          .filter(({ spec }) => wanted.every(([key = "", value]) => spec.labels[key] === value))
          .toReversed();
        const from = Number(query.get("cursor") ?? 0);
        const next = new URL(path, url);
        next.searchParams.set("cursor", String(from + pageSize));
        return {
          body: all.slice(from, from + pageSize).map(shown),
          headers: from + pageSize < all.length ? { link: `<${next.href}>; rel="next"` } : {},
        };
      },
    },
    {
      method: "GET",
      path: /^\/api\/jobs\/([^/]+)\/([^/]+)$/,
      answer: ({ params: [namespace = "", id = ""] }) => ({ body: shown(jobOf(namespace, id)) }),
    },
    {
      method: "POST",
      path: /^\/api\/jobs\/([^/]+)\/([^/]+)\/cancel$/,
      answer: ({ params: [namespace = "", id = ""] }) => {
        const job = jobOf(namespace, id);
        if (job.isOver) throw new HubError(409, "The job has ended");
        job.to("CANCELED");
        return { body: shown(job) };
      },
    },
    {
      method: "GET",
      path: /^\/api\/jobs\/([^/]+)\/([^/]+)\/logs$/,
      answer: ({ params: [namespace = "", id = ""] }) => {
        const job = jobOf(namespace, id);
        return {
          // The whole log, and then each new line, until the job ends.
          stream: (response) => {
            let sent = 0;
            const send = (): void => {
              for (const line of job.lines.slice(sent)) response.write(`data: ${JSON.stringify(line)}\n\n`);
              sent = job.lines.length;
              if (job.isOver) response.end();
            };
            response.write(": keep-alive\n\n");
            send();
            job.changed.on("change", send);
            response.on("close", () => job.changed.off("change", send));
          },
        };
      },
    },
  ];
}

/** A job that could not even start is refused. */
function check({ flavor, command, volumes, secrets }: JobSpec, repositories: HubRepositories): void {
  if (!HARDWARE.some(({ name }) => name === flavor)) throw new HubError(400, `Unknown flavor ${flavor}`);
  if (secrets["HF_TOKEN"] === undefined) throw new HubError(400, "The job has no token");
  const [volume] = volumes;
  const files = repositories.get(`datasets/${volume?.source}`)?.files;
  if (volume === undefined || files === undefined) throw new HubError(400, "Volume source not found");
  const script = command.at(-1)?.replace(`${volume.mountPath}/`, "") ?? "";
  if (!files.has(script)) throw new HubError(400, `There is no ${script} to run`);
}

function shown(job: HubJob) {
  const { spec } = job;
  return {
    type: "job",
    id: job.id,
    createdAt: job.created.toISOString(),
    ...(job.stage !== "SCHEDULING" && { startedAt: job.created.toISOString() }),
    ...(job.isOver && { finishedAt: new Date().toISOString() }),
    dockerImage: spec.dockerImage,
    command: spec.command,
    arguments: spec.arguments,
    environment: spec.environment,
    secrets: Object.keys(spec.secrets),
    flavor: spec.flavor,
    labels: spec.labels,
    volumes: spec.volumes,
    timeout: spec.timeoutSeconds,
    status: { stage: job.stage, message: job.message, failureCount: 0 },
    owner: { ...ACCOUNT, name: job.namespace, type: "user", avatarUrl: "/avatars/acme.svg" },
    createdBy: { ...ACCOUNT, name: job.namespace },
  };
}
