import { readFileSync } from "node:fs";
import { type Schema, Validator } from "@cfworker/json-schema";
import { z } from "zod";

const operation = z.object({
  query: z.array(z.string()).default([]),
  /** The definition of what is sent, where it is looked at. */
  body: z.string().optional(),
  /** By status, such as 200 or 2XX: the definition of what is answered; null where nothing is said of it. */
  answers: z.record(z.string(), z.string().nullable()),
});
const specSchema = z.object({
  /** The definition of an answer that refuses. */
  errors: z.string(),
  operations: z.record(z.string(), operation),
  definitions: z.record(z.string(), z.custom<Schema>()),
});

export interface SpecRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface SpecAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a provider says of its API. */
export interface ApiSpec {
  /** The operation that a request asks for, such as `GET /files/{file-id}`; undefined: nothing is said of it. */
  operationOf(request: Pick<SpecRequest, "method" | "path">): string | undefined;
  /** What a request and the answer to it have wrong. */
  faultsOf(request: SpecRequest, answer: SpecAnswer): readonly string[];
}

/** Reads a specification of the fixtures, such as `azure-spec/fine-tuning.json`. */
export function apiSpec(fixture: string): ApiSpec {
  const text = readFileSync(new URL(`../fixtures/${fixture}`, import.meta.url), "utf8");
  const { errors, operations, definitions } = specSchema.parse(JSON.parse(text, closed));

  const operationOf: ApiSpec["operationOf"] = ({ method, path }) =>
    Object.keys(operations).find((name) =>
      new RegExp(`^${name.replaceAll(/\{[\w-]+\}/g, "[^/]+")}$`).test(`${method} ${path}`),
    );

  /** As it goes over the wire. */
  function faultsIn(definition: string, value: unknown): readonly string[] {
    if (value === undefined) return [`${definition}: there is none`];
    return new Validator({ $ref: `#/definitions/${definition}`, definitions }, "2020-12", false)
      .validate(JSON.parse(JSON.stringify(value)))
      .errors.map(({ instanceLocation, error }) => `${definition} ${instanceLocation}: ${error}`);
  }

  function faultsOf(request: SpecRequest, { status, body }: SpecAnswer): readonly string[] {
    const name = operationOf(request) ?? "";
    const found = operations[name];
    if (found === undefined) return [`there is no ${request.method} ${request.path}`];
    const isRefused = status >= 400;
    const key = [`${status}`, `${Math.floor(status / 100)}XX`].find((one) => one in found.answers);
    const answered = key === undefined ? (isRefused ? errors : undefined) : found.answers[key];
    return [
      ...[...request.query.keys()]
        .filter((parameter) => !found.query.includes(parameter))
        .map((parameter) => `${name} has no parameter ${parameter}`),
      // What is refused may be wrong.
      ...(found.body === undefined || isRefused ? [] : faultsIn(found.body, request.body)),
      ...(answered === undefined ? [`${name} does not answer ${status}`] : []),
      ...(answered ? faultsIn(answered, body) : []),
    ];
  }
  return { operationOf, faultsOf };
}

/** A member that is not named is a fault too, such as one of OpenAI's own API at Azure, unless more are expected. */
function closed(_key: string, value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null && "properties" in value && "type" in value;
  return isObject ? { additionalProperties: false, ...value } : value;
}
