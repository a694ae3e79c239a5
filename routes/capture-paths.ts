import { whyDocument } from "../src/backtest/why-document.ts";
import { captureList, deletion, summaryList, wholeCapture } from "./admin/capture-fields.ts";
import { captureQuery, deletionQuery, feedbackQuery } from "./admin/capture-query.ts";
import { newFeedback, shownFeedback } from "./feedback-fields.ts";
import { BY_ADMIN_TOKEN, BY_KEY, ERROR, json, jsonSchema, operation } from "./openapi-parts.ts";
import { queryParameters } from "./query.ts";

const CAPTURE_ID = {
  name: "id",
  in: "path",
  required: true,
  description: "The request's id.",
  schema: { type: "string" },
};

/** Captures and feedback in the OpenAPI document. */
export const capturePaths: Readonly<Record<string, unknown>> = {
  "/v1/feedback": {
    post: {
      summary: "Tell what came of an earlier request.",
      requestBody: { required: true, content: json(jsonSchema(newFeedback)) },
      security: BY_KEY,
      responses: {
        201: { description: "The feedback as it is kept", content: json(jsonSchema(shownFeedback)) },
        default: ERROR,
      },
    },
  },
  "/admin/api/requests/{id}/why": {
    get: operation(
      "Why a captured request went where it did: rules, calls, and where its rollout stood.",
      "The rules that were tried, the decision and what came of it",
      jsonSchema(whyDocument),
      { parameters: [CAPTURE_ID], security: BY_ADMIN_TOKEN },
    ),
  },
  "/admin/api/captures": {
    get: operation("Captured requests.", "A page of captures", jsonSchema(captureList), {
      parameters: queryParameters(captureQuery),
      security: BY_ADMIN_TOKEN,
    }),
    delete: operation(
      "Delete all captures of a user, with their feedback and rows of comparisons.",
      "How much was deleted",
      jsonSchema(deletion),
      { parameters: queryParameters(deletionQuery), security: BY_ADMIN_TOKEN },
    ),
  },
  "/admin/api/captures/{id}": {
    get: operation("A capture with all its texts.", "The capture", jsonSchema(wholeCapture), {
      parameters: [CAPTURE_ID],
      security: BY_ADMIN_TOKEN,
    }),
    delete: operation("Delete one capture.", "How much was deleted", jsonSchema(deletion), {
      parameters: [CAPTURE_ID],
      security: BY_ADMIN_TOKEN,
    }),
  },
  "/admin/api/feedback": {
    get: operation("Feedback by route, variant and name.", "Sums", jsonSchema(summaryList), {
      parameters: queryParameters(feedbackQuery),
      security: BY_ADMIN_TOKEN,
    }),
  },
};
