import type { Context, Hono } from "hono";
import type { z } from "zod";
import { badRequest } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { TuningJob } from "../../src/tuning/job.ts";
import { PAGE_POLICY } from "../../src/tuning/pages/frame.ts";
import { jobPage } from "../../src/tuning/pages/job-page.ts";
import { type JobChoices, jobsPage, planPart } from "../../src/tuning/pages/jobs-page.ts";
import { jobNotFound } from "../../src/tuning/refusals.ts";
import type { TuningPlan } from "../../src/tuning/tuning.ts";
import { endpoint } from "../endpoint.ts";
import type { DatasetFiles, Platform } from "../platform.ts";
import { parseQuery } from "../query.ts";
import { bodyOf } from "./body.ts";
import { page } from "./page.ts";
import {
  jobQuery,
  jobsQuery,
  type NewTuningJob,
  newTuningJob,
  nothing,
  questionOf,
  registration,
  removalQuery,
  type removedJob,
  shownPlan,
  type tuningJobList,
} from "./tuning-fields.ts";
import { withTuning } from "./with-tuning.ts";

/** `/admin/api/tuning-jobs`: plan and begin jobs, list them, follow one, cancel it, go on with it; as JSON or as pages. */
export function tuningJobs(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/admin/api/tuning-jobs", {
    GET: async (context) => {
      const { route, limit, format } = parseQuery(context.req.url, jobsQuery);
      const jobs = await withTuning(gateway, platform, (tuning) => tuning.jobs({ route, limit }));
      if (format === "html") return page(context, jobsPage(jobs, choicesOf(gateway)), PAGE_POLICY);
      const answer: Readonly<z.infer<typeof tuningJobList>> = { object: "list", data: [...jobs] };
      return context.json(answer);
    },
    POST: async (context) => {
      const { format } = parseQuery(context.req.url, jobQuery);
      return withTuning(gateway, platform, async (tuning) => {
        const wanted = await bodyOf(context, gateway, newTuningJob, gateway.table.server.maxBodyBytes);
        const plan = await tuning.plan(questionOf(wanted, await filesOf(wanted, platform)));
        if (wanted.dry_run) return planned(context, plan, format);
        const job = await tuning.start(plan, wanted.force);
        gateway.log("info", "fine-tuning job begun", { job: job.id, provider: job.spec.provider });
        return context.json(job, 201, { location: `/admin/api/tuning-jobs/${job.id}` });
      });
    },
  });
  endpoint(app, "/admin/api/tuning-jobs/:id", {
    GET: async (context) => {
      const { format } = parseQuery(context.req.url, jobQuery);
      const name = idIn(context);
      const job = await found(gateway, platform, name.replace(/\.html$/, ""));
      const isPage = format === "html" || name.endsWith(".html");
      return isPage ? page(context, jobPage(job, Date.now()), PAGE_POLICY) : context.json(job);
    },
    DELETE: async (context) => {
      const { forget } = parseQuery(context.req.url, removalQuery);
      const { id, deleted, left } = await withTuning(gateway, platform, (tuning) =>
        tuning.remove(idIn(context), forget),
      );
      if (deleted) gateway.log("info", "fine-tuning job deleted", { job: id });
      else gateway.log("warn", "fine-tuning job not deleted", { job: id, error: left });
      const answer: Readonly<z.infer<typeof removedJob>> = {
        object: "crossover.tuning_job",
        id,
        deleted,
        left: left ?? null,
      };
      return context.json(answer);
    },
  });
  endpoint(app, "/admin/api/tuning-jobs/:id/cancel", {
    POST: async (context) => {
      await bodyOf(context, gateway, nothing);
      const job = await withTuning(gateway, platform, (tuning) => tuning.cancel(idIn(context)));
      gateway.log("info", "end of a fine-tuning job asked for", { job: job.id });
      return context.json(job);
    },
  });
  endpoint(app, "/admin/api/tuning-jobs/:id/resume", {
    POST: async (context) => {
      await bodyOf(context, gateway, nothing);
      return context.json(await withTuning(gateway, platform, (tuning) => tuning.resume(idIn(context))));
    },
  });
  endpoint(app, "/admin/api/tuning-jobs/:id/register", {
    POST: async (context) => {
      const { address, ...names } = await bodyOf(context, gateway, registration);
      return context.json(
        await withTuning(gateway, platform, (tuning) => tuning.register(idIn(context), address, names)),
      );
    },
  });
}

function idIn(context: Context): string {
  return context.req.param("id") ?? "";
}

async function found(gateway: Gateway, platform: Platform, id: string): Promise<TuningJob> {
  const job = await withTuning(gateway, platform, (tuning) => tuning.job(id));
  if (job === undefined) throw jobNotFound(id);
  return job;
}

async function filesOf({ dataset }: NewTuningJob, { datasetAt }: Platform): Promise<DatasetFiles> {
  if (typeof dataset !== "string") {
    const { training, validation } = dataset;
    return {
      training: { kind: "text", text: training },
      validation: validation === undefined ? undefined : { kind: "text", text: validation },
    };
  }
  if (datasetAt === undefined)
    throw badRequest("invalid_value", "This gateway has no files: send the data set itself.", "dataset");
  return datasetAt(dataset);
}

/** The plan as a part of the page, where a page asks. */
function planned(context: Context, plan: TuningPlan, format: "json" | "html"): Response {
  return format === "html" ? page(context, planPart(plan), PAGE_POLICY) : context.json(shownPlan(plan));
}

function choicesOf({ table }: Gateway): JobChoices {
  const able = [...table.providers.values()].filter(({ tuning }) => tuning !== undefined);
  return {
    routes: [...table.routes.keys()],
    providers: able.map(({ name, simulated }) => ({ name, simulated })),
  };
}
