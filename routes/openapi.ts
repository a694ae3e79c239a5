import type { Hono } from "hono";
import { z } from "zod";
import { chatFields } from "../src/gateway/parse.ts";
import { issuedKey, keyList, newKey, rotation, shownKey } from "./admin/key-fields.ts";
import { capturePaths } from "./capture-paths.ts";
import { comparisonPaths } from "./comparison-paths.ts";
import { endpoint } from "./endpoint.ts";
import { BY_ADMIN_TOKEN, BY_KEY, ERROR, json, jsonSchema, operation } from "./openapi-parts.ts";
import { passThroughPaths } from "./pass-through-paths.ts";
import { reportPaths } from "./report-paths.ts";
import { rolloutPaths } from "./rollout-paths.ts";
import { tuningPaths } from "./tuning-paths.ts";

const modelSchema = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
});

const decisionSchema = z.looseObject({
  object: z.literal("crossover.decision"),
  route: z.string(),
  rule: z.string(),
  variant: z.string(),
  path: z.enum(["enriched", "bare"]),
  propensity: z.number(),
  rollout: z.string().nullable(),
  stage: z.int().nullable().describe("Index of the rollout's stage, counted from 0."),
  share: z.number().nullable().describe("Of the rollout's candidate, from 0 to 1."),
  run: z.string().nullable().describe("Id of the rollout's run; null for one that nobody has started."),
  trace: z.array(
    z.object({
      rule: z.string(),
      when: z.string().nullable(),
      matched: z.boolean(),
      values: z.record(z.string(), z.unknown()),
      why: z.string(),
    }),
  ),
});

const KEY_NAME = {
  name: "name",
  in: "path",
  required: true,
  description: "The key's name; a slash in it is written as `%2F`.",
  schema: { type: "string" },
};

/** `GET /openapi.json`, built from the schemas that validate. */
export function openapi(app: Hono, version: string): void {
  const document = JSON.stringify(openapiDocument(version));
  endpoint(app, "/openapi.json", {
    GET: (context) => context.body(document, 200, { "content-type": "application/json" }),
  });
}

export function openapiDocument(version: string): Readonly<Record<string, unknown>> {
  const chatRequest = {
    required: true,
    content: json({ ...jsonSchema(chatFields), additionalProperties: true }),
  };
  return {
    openapi: "3.1.0",
    info: {
      title: "Crossover",
      version,
      description:
        "One OpenAI-compatible chat endpoint. Members of OpenAI's body that are not listed here pass through untouched.",
    },
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "A client's key, where keys are configured." },
        adminToken: {
          type: "http",
          scheme: "bearer",
          description: "`server.adminToken`, where it is set, or a key with `admin: true`.",
        },
        metricsToken: {
          type: "http",
          scheme: "bearer",
          description: "`server.metricsToken`, where it is set.",
        },
      },
    },
    paths: {
      "/v1/chat/completions": {
        post: operation(
          "Answer a chat completion by the route that `model` names.",
          "OpenAI's chat completion, or its stream of events",
          { type: "object" },
          { requestBody: chatRequest, parameters: hintHeaders(), security: BY_KEY },
          { "text/event-stream": { schema: { type: "string" } } },
        ),
      },
      "/v1/models": {
        get: operation(
          "List the routes that the key may use.",
          "Routes",
          jsonSchema(z.object({ object: z.literal("list"), data: z.array(modelSchema) })),
          { security: BY_KEY },
        ),
      },
      "/v1/models/{id}": {
        get: operation("One route.", "Route", jsonSchema(modelSchema), {
          parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
          security: BY_KEY,
        }),
      },
      "/admin/api/explain": {
        post: operation(
          "Where a request would go and why. Calls nobody.",
          "Decision with its trace",
          jsonSchema(decisionSchema),
          {
            requestBody: chatRequest,
            parameters: [
              {
                name: "key",
                in: "query",
                required: false,
                description: "Decide for this key.",
                schema: { type: "string" },
              },
            ],
            security: BY_ADMIN_TOKEN,
          },
        ),
      },
      "/admin/api/config": {
        get: operation(
          "The configuration in force, without secrets.",
          "Configuration",
          { type: "object" },
          { security: BY_ADMIN_TOKEN },
        ),
      },
      "/admin/api/config/reload": {
        post: operation(
          "Read the configuration anew.",
          "Whether another one is in force",
          { type: "object" },
          { security: BY_ADMIN_TOKEN },
        ),
      },
      "/admin/api/keys": {
        get: operation(
          "All keys, those of the configuration and the created ones. Never a secret or its hash.",
          "Keys",
          jsonSchema(keyList),
          { security: BY_ADMIN_TOKEN },
        ),
        post: {
          summary: "Create a key. Its secret is told once.",
          requestBody: { required: true, content: json(jsonSchema(newKey)) },
          security: BY_ADMIN_TOKEN,
          responses: {
            201: { description: "The key with its secret", content: json(jsonSchema(issuedKey)) },
            default: ERROR,
          },
        },
      },
      "/admin/api/keys/{name}/rotate": {
        post: operation(
          "Give a created key a new secret, told once.",
          "The key with its secret",
          jsonSchema(issuedKey),
          {
            parameters: [KEY_NAME],
            requestBody: { required: false, content: json(jsonSchema(rotation)) },
            security: BY_ADMIN_TOKEN,
          },
        ),
      },
      "/admin/api/keys/{name}": {
        delete: operation(
          "Revoke a created key. It ends with this answer; its name stays taken.",
          "The key",
          jsonSchema(shownKey),
          { parameters: [KEY_NAME], security: BY_ADMIN_TOKEN },
        ),
      },
      ...passThroughPaths,
      ...capturePaths,
      ...reportPaths,
      ...comparisonPaths,
      ...tuningPaths,
      ...rolloutPaths,
      "/health/live": { get: operation("Liveness.", "The process answers", { type: "object" }) },
      "/health/ready": { get: operation("Readiness.", "The gateway can serve", { type: "object" }) },
      "/metrics": {
        get: {
          summary: "Prometheus metrics.",
          security: [{ metricsToken: [] }, {}],
          responses: {
            200: { description: "Metrics", content: { "text/plain": { schema: { type: "string" } } } },
          },
        },
      },
    },
  };
}

function hintHeaders(): readonly unknown[] {
  const header = (name: string, description: string): unknown => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  });
  return [
    header("x-crossover-variant", "Force a variant; only keys with that right."),
    header("x-crossover-dry-run", "`true`: answer with the decision, call nobody. `false` or none: answer."),
    header("x-crossover-no-capture", "`true`: do not store this request."),
  ];
}
