import type { z } from "zod";
import { changeList, rolloutDocument, rolloutList, runList } from "../src/rollouts/document.ts";
import { beginning, change, changesQuery, runsQuery, weight } from "./admin/rollout-fields.ts";
import { BY_ADMIN_TOKEN, json, jsonSchema, operation } from "./openapi-parts.ts";
import { queryParameters } from "./query.ts";

const NAME = {
  name: "name",
  in: "path",
  required: true,
  description: "The rollout's name; a slash in it is written as `%2F`.",
  schema: { type: "string" },
};

function action(summary: string, schema: z.ZodType, required = false): object {
  return {
    post: operation(summary, "The rollout", jsonSchema(rolloutDocument), {
      parameters: [NAME],
      requestBody: { required, content: json(jsonSchema(schema)) },
      security: BY_ADMIN_TOKEN,
    }),
  };
}

/** Rollouts in the OpenAPI document. */
export const rolloutPaths: Readonly<Record<string, unknown>> = {
  "/admin/api/rollouts": {
    get: operation("Every rollout, and where it stands.", "Rollouts", jsonSchema(rolloutList), {
      security: BY_ADMIN_TOKEN,
    }),
  },
  "/admin/api/rollouts/{name}": {
    get: operation(
      "Where a rollout stands, what its guardrails know, and what it waits for.",
      "The rollout",
      jsonSchema(rolloutDocument),
      { parameters: [NAME], security: BY_ADMIN_TOKEN },
    ),
  },
  "/admin/api/rollouts/{name}/changes": {
    get: operation(
      "Its audit trail, newest first: who did what, when and why, and what was known then.",
      "Changes",
      jsonSchema(changeList),
      { parameters: [NAME, ...queryParameters(changesQuery)], security: BY_ADMIN_TOKEN },
    ),
  },
  "/admin/api/rollouts/{name}/runs": {
    get: operation("Its runs, newest first.", "Runs", jsonSchema(runList), {
      parameters: [NAME, ...queryParameters(runsQuery)],
      security: BY_ADMIN_TOKEN,
    }),
  },
  "/admin/api/rollouts/{name}/start": action("Begin a run.", beginning),
  "/admin/api/rollouts/{name}/pause": action("Hold the weight where it is. It is judged on.", change),
  "/admin/api/rollouts/{name}/resume": action("Let the weight grow again.", change),
  "/admin/api/rollouts/{name}/promote": action("Send all traffic to the candidate.", change),
  "/admin/api/rollouts/{name}/rollback": action("Send all traffic to the control.", change),
  "/admin/api/rollouts/{name}/set-weight": action(
    "Set the candidate's share by hand. It does not grow until it is resumed.",
    weight,
    true,
  ),
};
