import { readFileSync } from "node:fs";
import { type Schema, Validator } from "@cfworker/json-schema";
import { z } from "zod";
import type { Answer, TuningRequest } from "./openai-tuning.ts";

/** The dated version that the specification is of. */
export const SPEC_VERSION = "2024-10-21";

const operation = z.object({
  query: z.array(z.string()).default([]),
  body: z.string().optional(),
  answers: z.record(z.string(), z.string()),
});
const spec = z
  .object({
    operations: z.record(z.string(), operation),
    definitions: z.record(z.string(), z.custom<Schema>()),
  })
  .parse(
    JSON.parse(
      readFileSync(new URL("../fixtures/azure-spec/fine-tuning.json", import.meta.url), "utf8"),
      closed,
    ),
  );

/** A member that the specification does not name is a fault too, such as one of OpenAI's own API. */
function closed(_key: string, value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null && "properties" in value && "type" in value;
  return isObject ? { ...value, additionalProperties: false } : value;
}

/** The operation that a request asks for, such as `GET /files/{file-id}`. */
export function operationOf(request: TuningRequest): string {
  return lookUp(request).name;
}

function lookUp({ method, path }: TuningRequest) {
  for (const [name, found] of Object.entries(spec.operations)) {
    const pattern = new RegExp(`^${name.replaceAll(/\{[\w-]+\}/g, "[^/]+")}$`);
    if (pattern.test(`${method} ${path}`)) return { name, ...found };
  }
  throw new Error(`the specification has no ${method} ${path}`);
}

/** What a request and the answer to it have wrong by Azure's specification of its fine-tuning API. */
export function faultsOf({
  request,
  status,
  body,
}: Answer & { readonly request: TuningRequest }): readonly string[] {
  const { name, query, body: asked, answers } = lookUp(request);
  const unknown = [...request.query.keys()].filter((key) => ![...query, "api-version"].includes(key));
  return [
    ...unknown.map((key) => `${name} has no parameter ${key}`),
    ...(request.query.get("api-version") === SPEC_VERSION ? [] : [`${name} is of no version`]),
    ...(typeof request.headers["api-key"] === "string" ? [] : [`${name} has no key`]),
    // What is refused may be wrong.
    ...(status < 400 && asked !== undefined ? faultsIn(asked, request.body) : []),
    ...answerFaults(name, answers[status] ?? (status >= 400 ? "ErrorResponse" : undefined), body),
  ];
}

function answerFaults(name: string, definition: string | undefined, body: unknown): readonly string[] {
  return definition === undefined ? [`${name} has no such status`] : faultsIn(definition, body);
}

/** As it goes over the wire. */
function faultsIn(definition: string, value: unknown): readonly string[] {
  const schema = { $ref: `#/definitions/${definition}`, definitions: spec.definitions };
  return new Validator(schema, "7", false)
    .validate(JSON.parse(JSON.stringify(value)))
    .errors.map(({ instanceLocation, error }) => `${definition} ${instanceLocation}: ${error}`);
}
