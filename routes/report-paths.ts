import { reportList, reportQuery } from "./admin/report-query.ts";
import { BY_ADMIN_TOKEN, jsonSchema, operation } from "./openapi-parts.ts";
import { queryParameters } from "./query.ts";

/** Reports in the OpenAPI document. */
export const reportPaths: Readonly<Record<string, unknown>> = {
  "/admin/api/report": {
    get: operation(
      "What both paths of a route cost, when a fine-tuned model pays, and advice.",
      "A report for each route asked for",
      jsonSchema(reportList),
      { parameters: queryParameters(reportQuery), security: BY_ADMIN_TOKEN },
    ),
  },
};
