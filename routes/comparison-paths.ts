import { comparisonAnswer } from "../src/comparison/document.ts";
import { comparisonFields } from "../src/gateway/parse-comparison.ts";
import { comparisonList, comparisonQuery, comparisonsQuery, wholeComparison } from "./admin/comparisons.ts";
import { BY_ADMIN_TOKEN, BY_KEY, json, jsonSchema, operation } from "./openapi-parts.ts";
import { queryParameters } from "./query.ts";

const COMPARISON_ID = {
  name: "id",
  in: "path",
  required: true,
  description: "The comparison's id; with `.html` behind it a page.",
  schema: { type: "string" },
};

const NO_CAPTURE = {
  name: "x-crossover-no-capture",
  in: "header",
  required: false,
  description: "`true`: do not store this comparison.",
  schema: { type: "string" },
};

/** Comparisons in the OpenAPI document. */
export const comparisonPaths: Readonly<Record<string, unknown>> = {
  "/v1/compare": {
    post: operation(
      "Ask several variants the same, and tell how far their answers agree.",
      "The comparison",
      jsonSchema(comparisonAnswer),
      {
        requestBody: {
          required: true,
          content: json({ ...jsonSchema(comparisonFields), additionalProperties: true }),
        },
        parameters: [NO_CAPTURE],
        security: BY_KEY,
      },
    ),
  },
  "/admin/api/comparisons": {
    get: operation("The latest comparisons, without their rows.", "Comparisons", jsonSchema(comparisonList), {
      parameters: queryParameters(comparisonsQuery),
      security: BY_ADMIN_TOKEN,
    }),
  },
  "/admin/api/comparisons/{id}": {
    get: operation(
      "One comparison with its rows.",
      "The comparison",
      jsonSchema(wholeComparison),
      { parameters: [COMPARISON_ID, ...queryParameters(comparisonQuery)], security: BY_ADMIN_TOKEN },
      { "text/html": { schema: { type: "string" } } },
    ),
  },
};
