import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Schema, Validator } from "@cfworker/json-schema";
import { OpenAI } from "openai";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Answer, TuningDouble, TuningRequest } from "../support/openai-tuning.ts";
import {
  begin,
  calm,
  problemOf,
  requestOf,
  rowsOf,
  startStage,
  uploadOf,
  watched,
} from "./openai-samples.ts";

const content = z.object({ schema: z.record(z.string(), z.unknown()) });
const operation = z.object({
  requestBody: z.object({ content: z.record(z.string(), content) }).optional(),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), content).optional() })),
});
const specSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

const spec = specSchema.parse(
  JSON.parse(
    readFileSync(join(import.meta.dirname, "../fixtures/openai-spec/openai-gateway-subset.json"), "utf8"),
    asJsonSchema,
  ),
);

/** OpenAPI 3.0 says `exclusiveMinimum: true` for what JSON schema gives a number. */
function asJsonSchema(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("exclusiveMinimum" in value)) return value;
  const { exclusiveMinimum, ...rest } = value;
  if (exclusiveMinimum !== true) return value;
  return { ...rest, exclusiveMinimum: "minimum" in rest ? rest.minimum : 0 };
}

function operationOf({ method, path }: TuningRequest) {
  for (const [template, methods] of Object.entries(spec.paths)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const found = methods[method.toLowerCase()];
    if (pattern.test(path) && found !== undefined) return { name: `${method} ${template}`, ...found };
  }
  throw new Error(`the document has no ${method} ${path}`);
}

/** What is wrong with a value, as it goes over the wire, by a schema of the document. */
function faultsIn(value: unknown, schema: Schema | undefined): readonly string[] {
  if (schema === undefined) throw new Error("the document has no schema for it");
  const validator = new Validator({ ...schema, components: spec.components }, "2020-12");
  return validator
    .validate(JSON.parse(JSON.stringify(value)))
    .errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

function faultsOf({
  request,
  status,
  body,
}: Answer & { readonly request: TuningRequest }): readonly string[] {
  if (status >= 400) return faultsIn(body, { $ref: "#/components/schemas/ErrorResponse" });
  const { requestBody, responses } = operationOf(request);
  const asked = requestBody?.content["application/json"]?.schema;
  return [
    ...faultsIn(body, responses["200"]?.content?.["application/json"]?.schema),
    ...(asked === undefined ? [] : faultsIn(request.body, asked)),
  ];
}

function expectAsDocumented({ answers }: TuningDouble): void {
  for (const answer of answers) {
    const faults = faultsOf(answer);
    if (faults.length > 0) {
      throw new Error(
        `${answer.request.method} ${answer.request.path}: ${faults.join("; ")}\n${JSON.stringify(answer.body)}`,
      );
    }
  }
}

test("the document is read: what is not as it says is found", () => {
  const request = {
    method: "GET",
    path: "/files/x",
    query: new URLSearchParams(),
    headers: {},
    body: undefined,
  };
  const file = {
    id: "x",
    object: "file",
    bytes: 1,
    created_at: 1,
    filename: "a",
    purpose: "fine-tune",
    status: "processed",
  };
  expect(faultsOf({ request, status: 200, body: file })).toEqual([]);
  expect(faultsOf({ request, status: 200, body: { ...file, status: "odd" } })).not.toEqual([]);
  expect(faultsOf({ request, status: 200, body: { ...file, bytes: undefined } })).not.toEqual([]);
  expect(faultsOf({ request, status: 404, body: { error: { message: "no" } } })).not.toEqual([]);
});

test("its answers and the trainer's requests are as OpenAI's document of its API says", async () => {
  const stage = await startStage("openai", { pageSize: 3 });
  const { double, trainer } = stage;
  await watched(stage);
  const file = await trainer.upload(uploadOf(rowsOf(3), "short.jsonl"), calm());
  await trainer.find(requestOf(file), calm());
  const short = await trainer.create(requestOf(file), calm());
  double.advance();
  expect((await trainer.observe(short, undefined, calm())).problem?.message).toContain(
    "at least 10 examples",
  );
  const third = await trainer.create(requestOf(file), calm());
  await trainer.cancel(third, calm());
  await trainer.cancel(third, calm());
  await problemOf(trainer.observe("ftjob-none", undefined, calm()));
  await problemOf(trainer.create(requestOf("file-none"), calm()));
  await problemOf(trainer.create(requestOf(file, { base_model: "gpt-9" }), calm()));
  const client = new OpenAI({ apiKey: double.apiKey, baseURL: `${double.url}/v1` });
  await client.files.content(file);
  await client.files.delete(file);
  expectAsDocumented(double);
  const operations = double.answers
    .filter(({ status }) => status === 200)
    .map(({ request }) => operationOf(request).name);
  expect([...new Set(operations)].toSorted()).toEqual([
    "DELETE /files/{file_id}",
    "GET /files",
    "GET /files/{file_id}",
    "GET /files/{file_id}/content",
    "GET /fine_tuning/jobs",
    "GET /fine_tuning/jobs/{fine_tuning_job_id}",
    "GET /fine_tuning/jobs/{fine_tuning_job_id}/checkpoints",
    "GET /fine_tuning/jobs/{fine_tuning_job_id}/events",
    "POST /files",
    "POST /fine_tuning/jobs",
    "POST /fine_tuning/jobs/{fine_tuning_job_id}/cancel",
  ]);
});

test("a job goes on by itself when it is asked for, where that is wanted", async () => {
  const stage = await startStage("openai", { auto: true });
  const id = await begin(stage);
  const phases: string[] = [];
  for (let turn = 0; turn < 4; turn++)
    phases.push((await stage.trainer.observe(id, undefined, calm())).phase);
  expect(phases).toEqual(["waiting", "running", "running", "succeeded"]);
});
