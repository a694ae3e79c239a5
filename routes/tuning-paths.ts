import { tuningJob } from "../src/tuning/job.ts";
import {
  deploymentList,
  deploymentsQuery,
  jobQuery,
  jobsQuery,
  newTuningJob,
  nothing,
  registration,
  removalQuery,
  removedDeployment,
  removedJob,
  scaledDeployment,
  scaling,
  tuningJobList,
  tuningPlan,
} from "./admin/tuning-fields.ts";
import { BY_ADMIN_TOKEN, ERROR, json, jsonSchema, operation } from "./openapi-parts.ts";
import { queryParameters } from "./query.ts";

const JOB_ID = {
  name: "id",
  in: "path",
  required: true,
  description: "The job's id; with `.html` behind it a page.",
  schema: { type: "string" },
};
const inPath = (name: string): unknown => ({ name, in: "path", required: true, schema: { type: "string" } });
const DEPLOYMENT = [inPath("provider"), inPath("name")];
const PAGE = { "text/html": { schema: { type: "string" } } };

/** Fine-tuning in the OpenAPI document. */
export const tuningPaths: Readonly<Record<string, unknown>> = {
  "/admin/api/tuning-jobs": {
    get: operation(
      "The latest fine-tuning jobs.",
      "Jobs",
      jsonSchema(tuningJobList),
      { parameters: queryParameters(jobsQuery), security: BY_ADMIN_TOKEN },
      PAGE,
    ),
    post: {
      summary: "Begin a fine-tuning job, or with `dry_run` tell what it would take.",
      requestBody: { required: true, content: json(jsonSchema(newTuningJob)) },
      security: BY_ADMIN_TOKEN,
      responses: {
        201: { description: "The job, which has begun", content: json(jsonSchema(tuningJob)) },
        200: {
          description: "The plan, with `dry_run`",
          content: { ...json(jsonSchema(tuningPlan)), ...PAGE },
        },
        default: ERROR,
      },
    },
  },
  "/admin/api/tuning-jobs/{id}": {
    get: operation(
      "One fine-tuning job.",
      "The job",
      jsonSchema(tuningJob),
      { parameters: [JOB_ID, ...queryParameters(jobQuery)], security: BY_ADMIN_TOKEN },
      PAGE,
    ),
    delete: operation(
      "Delete a job with all copies of its data set.",
      "What is gone",
      jsonSchema(removedJob),
      { parameters: [JOB_ID, ...queryParameters(removalQuery)], security: BY_ADMIN_TOKEN },
    ),
  },
  "/admin/api/tuning-jobs/{id}/cancel": {
    post: operation("Ask for a job's end.", "The job", jsonSchema(tuningJob), {
      parameters: [JOB_ID],
      requestBody: { required: false, content: json(jsonSchema(nothing)) },
      security: BY_ADMIN_TOKEN,
    }),
  },
  "/admin/api/tuning-jobs/{id}/resume": {
    post: operation(
      "Go on with a job that waits for a person, where it was.",
      "The job",
      jsonSchema(tuningJob),
      {
        parameters: [JOB_ID],
        requestBody: { required: false, content: json(jsonSchema(nothing)) },
        security: BY_ADMIN_TOKEN,
      },
    ),
  },
  "/admin/api/tuning-jobs/{id}/register": {
    post: operation(
      "Tell where the model of a job that waits for a person answers.",
      "The job",
      jsonSchema(tuningJob),
      {
        parameters: [JOB_ID],
        requestBody: { required: true, content: json(jsonSchema(registration)) },
        security: BY_ADMIN_TOKEN,
      },
    ),
  },
  "/admin/api/deployments": {
    get: operation(
      "What answers for tuned models at the providers.",
      "Deployments",
      jsonSchema(deploymentList),
      { parameters: queryParameters(deploymentsQuery), security: BY_ADMIN_TOKEN },
      PAGE,
    ),
  },
  "/admin/api/deployments/{provider}/{name}": {
    delete: operation("Take a deployment down.", "What is gone", jsonSchema(removedDeployment), {
      parameters: DEPLOYMENT,
      security: BY_ADMIN_TOKEN,
    }),
  },
  "/admin/api/deployments/{provider}/{name}/scale": {
    post: operation("Scale a deployment.", "What was asked for", jsonSchema(scaledDeployment), {
      parameters: DEPLOYMENT,
      requestBody: { required: true, content: json(jsonSchema(scaling)) },
      security: BY_ADMIN_TOKEN,
    }),
  },
};
