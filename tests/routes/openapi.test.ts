import { expect, test } from "vitest";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { answerOf, postCompare } from "../support/compare.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startStored } from "../support/stored-gateway.ts";
import { startUpstream } from "../support/upstream.ts";

const schemas = z.record(z.string(), z.looseObject({ schema: z.looseObject({}) }));
const operation = z.strictObject({
  summary: z.string().min(1),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(["path", "query", "header", "cookie"]),
        required: z.boolean(),
        description: z.string().optional(),
        schema: z.looseObject({}),
      }),
    )
    .optional(),
  security: z
    .array(z.partialRecord(z.enum(["key", "adminToken", "metricsToken"]), z.array(z.string())))
    .optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: schemas }).optional(),
  responses: z
    .record(
      z.string().regex(/^([1-5]\d\d|default)$/),
      z.strictObject({ description: z.string().min(1), content: schemas }),
    )
    .refine((responses) => Object.keys(responses).length > 0),
});
/** What OpenAPI 3.1 asks of a document, as far as ours goes. */
const documentSchema = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  paths: z.record(
    z.string().startsWith("/"),
    z.partialRecord(z.enum(["get", "post", "put", "delete", "patch"]), operation),
  ),
  components: z.looseObject({}).optional(),
});

async function documentOf({ url }: TestGateway): Promise<z.infer<typeof documentSchema>> {
  const answer = await fetch(`${url}/openapi.json`);
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  return documentSchema.parse(await answer.json());
}

/** Every schema in a document, and every reference. */
function* nodesOf(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield Object.fromEntries(Object.entries(value));
  for (const inner of Object.values(value)) yield* nodesOf(inner);
}

test("the document has the form of OpenAPI 3.1 and the package's version", async () => {
  const document = await documentOf(await startGateway(twoPaths("http://127.0.0.1:9")));
  expect(document.info.version).toBe(manifest.version);
  for (const [path, item] of Object.entries(document.paths)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    for (const { parameters = [] } of Object.values(item)) {
      const declared = parameters.filter((one) => one.in === "path");
      expect(declared.map((one) => one.name)).toEqual(named);
      expect(declared.every((one) => one.required)).toBe(true);
    }
  }
});

test("every reference resolves within the document", async () => {
  const document = await documentOf(await startGateway(twoPaths("http://127.0.0.1:9")));
  for (const { $ref } of nodesOf(document)) {
    if ($ref === undefined) continue;
    expect($ref).toMatch(/^#\//);
    const target = String($ref)
      .slice(2)
      .split("/")
      .reduce<unknown>(
        (inner, part) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, part) : undefined),
        document,
      );
    expect(target, String($ref)).toBeDefined();
  }
});

test("every path of the document is served, and every endpoint is in the document", async () => {
  const upstream = await startUpstream();
  const secret = "key-that-may-do-everything";
  const both = twoPaths(upstream.url, { keys: { all: { secret, admin: true, forceVariant: true } } });
  const passing = { kind: "openai", apiKey: "sk-of-openai-0001", baseURL: `${upstream.url}/v1` };
  const config = { ...both, providers: { ...Object(both["providers"]), passing } };
  const { gateway } = await startStored(config);
  const document = await documentOf(gateway);
  const chat = { model: "bare", messages: [{ role: "user", content: "Why?" }] };
  const asked = await gateway.post(chat, { authorization: `Bearer ${secret}` });
  const request_id = asked.headers.get("x-crossover-request-id") ?? "";
  const comparison = { ...chat, variants: ["tuned"] };
  const compared = await postCompare(gateway, comparison, { headers: { authorization: `Bearer ${secret}` } });
  const comparison_id = (await answerOf(compared)).id;
  const bodies: Readonly<Record<string, unknown>> = {
    "/v1/compare": comparison,
    "/v1/feedback": { request_id, name: "thumbs", value: true },
    "/admin/api/keys": { name: "app" },
    "/admin/api/keys/{name}/rotate": { overlap_seconds: 60 },
  };
  const ids = [
    ["/v1/models", "bare"],
    ["/admin/api/comparisons", comparison_id],
  ] as const;
  for (const [path, item] of Object.entries(document.paths)) {
    // They need a provider that trains, and a rollout: see tuning-jobs.test.ts and rollouts.test.ts.
    if (/\/(tuning-jobs|deployments|rollouts)/.test(path)) continue;
    const id = ids.find(([start]) => path.startsWith(start))?.[1] ?? request_id;
    const url = `${gateway.url}${path.replace("{id}", id).replace("{name}", "app")}`;
    for (const [method, { parameters = [], responses }] of Object.entries(item)) {
      const needed = parameters.filter((one) => one.in === "query" && one.required);
      const query = new URLSearchParams(needed.map(({ name }) => [name, "nobody"]));
      const answer = await fetch(`${url}?${query}`, {
        method: method.toUpperCase(),
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        ...(method === "post" ? { body: JSON.stringify(bodies[path] ?? chat) } : {}),
      });
      const [good] = Object.entries(responses).filter(([status]) => status !== "default");
      expect([method, path, answer.status]).toEqual([method, path, Number(good?.[0])]);
      const types = Object.keys(good?.[1].content ?? {});
      expect(types).toContain(answer.headers.get("content-type")?.replace(/;.*/, ""));
    }
  }
  expect(Object.keys(document.paths).sort()).toEqual(
    [
      "/v1/chat/completions",
      "/v1/models",
      "/v1/models/{id}",
      "/v1/feedback",
      "/v1/compare",
      "/v1/files",
      "/v1/files/{id}",
      "/v1/files/{id}/content",
      "/v1/fine_tuning/jobs",
      "/v1/fine_tuning/jobs/{id}",
      "/v1/fine_tuning/jobs/{id}/cancel",
      "/v1/fine_tuning/jobs/{id}/checkpoints",
      "/v1/fine_tuning/jobs/{id}/events",
      "/admin/api/comparisons",
      "/admin/api/comparisons/{id}",
      "/admin/api/tuning-jobs",
      "/admin/api/tuning-jobs/{id}",
      "/admin/api/tuning-jobs/{id}/cancel",
      "/admin/api/tuning-jobs/{id}/register",
      "/admin/api/tuning-jobs/{id}/resume",
      "/admin/api/deployments",
      "/admin/api/rollouts",
      "/admin/api/rollouts/{name}",
      ...["changes", "runs", "start", "pause", "resume", "promote", "rollback", "set-weight"].map(
        (what) => `/admin/api/rollouts/{name}/${what}`,
      ),
      "/admin/api/deployments/{provider}/{name}",
      "/admin/api/deployments/{provider}/{name}/scale",
      "/admin/api/explain",
      "/admin/api/config",
      "/admin/api/config/reload",
      "/admin/api/keys",
      "/admin/api/keys/{name}",
      "/admin/api/keys/{name}/rotate",
      "/admin/api/captures",
      "/admin/api/captures/{id}",
      "/admin/api/feedback",
      "/admin/api/report",
      "/admin/api/requests/{id}/why",
      "/health/live",
      "/health/ready",
      "/metrics",
    ].sort(),
  );
});

test("the schema of a decision fits what explain answers", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const document = await documentOf(gateway);
  const schema =
    document.paths["/admin/api/explain"]?.post?.responses["200"]?.content["application/json"]?.schema;
  const answer = await fetch(`${gateway.url}/admin/api/explain`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "enriched", messages: [{ role: "user", content: "Why?" }] }),
  });
  const decision = await answer.json();
  expect(schema?.["required"]).toEqual(
    expect.arrayContaining(["object", "route", "rule", "variant", "path", "propensity", "trace"]),
  );
  expect(Object.keys(decision)).toEqual(
    expect.arrayContaining([...z.array(z.string()).parse(schema?.["required"])]),
  );
});

test("the chat request has the fields that the gateway reads, and lets others pass", async () => {
  const document = await documentOf(await startGateway(twoPaths("http://127.0.0.1:9")));
  const schema =
    document.paths["/v1/chat/completions"]?.post?.requestBody?.content["application/json"]?.schema;
  expect(schema).toMatchObject({
    type: "object",
    additionalProperties: true,
    required: ["model", "messages"],
  });
  expect(Object.keys(z.looseObject({}).parse(schema?.["properties"]))).toEqual(
    expect.arrayContaining(["model", "messages", "stream", "user", "metadata"]),
  );
});
