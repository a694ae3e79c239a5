import { BY_ADMIN_TOKEN, operation } from "./openapi-parts.ts";

const PROVIDER = {
  name: "x-crossover-provider",
  in: "header",
  required: false,
  description: "The provider that is meant. Default: `tuning.provider`, or the only one that can.",
  schema: { type: "string" },
};

const ID = { name: "id", in: "path", required: true, schema: { type: "string" } };

/** Of OpenAI's documents only the address is told here: they pass on as they are. */
function passed(
  summary: string,
  more: Readonly<Record<string, unknown>> = {},
  parameters: readonly unknown[] = [],
) {
  return operation(
    summary,
    "As OpenAI's API has it",
    { type: "object" },
    { ...more, parameters: [...parameters, PROVIDER], security: BY_ADMIN_TOKEN },
  );
}

const FORM = {
  requestBody: { required: true, content: { "multipart/form-data": { schema: { type: "object" } } } },
};
const JOB = {
  requestBody: { required: true, content: { "application/json": { schema: { type: "object" } } } },
};

/** What passes on to a provider, in the OpenAPI document. */
export const passThroughPaths: Readonly<Record<string, unknown>> = {
  "/v1/files": {
    get: passed("The files at the provider."),
    post: passed("Upload a file to the provider.", FORM),
  },
  "/v1/files/{id}": {
    get: passed("One file.", {}, [ID]),
    delete: passed("Delete a file.", {}, [ID]),
  },
  "/v1/files/{id}/content": { get: passed("What is in a file.", {}, [ID]) },
  "/v1/fine_tuning/jobs": {
    get: passed("The provider's fine-tuning jobs."),
    post: passed(
      "Start a fine-tuning job at the provider, which `/admin/api/tuning-jobs` knows nothing of.",
      JOB,
    ),
  },
  "/v1/fine_tuning/jobs/{id}": { get: passed("One job.", {}, [ID]) },
  "/v1/fine_tuning/jobs/{id}/events": { get: passed("What a job said.", {}, [ID]) },
  "/v1/fine_tuning/jobs/{id}/checkpoints": { get: passed("A job's checkpoints.", {}, [ID]) },
  "/v1/fine_tuning/jobs/{id}/cancel": { post: passed("Cancel a job.", {}, [ID]) },
};
