import { readFileSync } from "node:fs";
import { type Schema, Validator } from "@cfworker/json-schema";
import { z } from "zod";

const spec = z
  .object({
    answers: z.record(z.string(), z.record(z.string(), z.string().nullable())),
    definitions: z.record(z.string(), z.custom<Schema>()),
  })
  .parse(
    JSON.parse(readFileSync(new URL("../fixtures/azure-spec/deployments.json", import.meta.url), "utf8")),
  );

/** What a body has wrong by one of the definitions of Azure's specification. */
export function faultsOf(definition: string, body: unknown): readonly string[] {
  const schema = { $ref: `#/definitions/${definition}`, definitions: spec.definitions };
  return new Validator(schema, "7", false).validate(body).errors.map((one) => `${definition}: ${one.error}`);
}

/** What an answer to one of the calls of deployments has wrong: its status or its body. */
export function answerFaultsOf(operation: string, status: number, body: unknown): readonly string[] {
  if (status >= 400) return faultsOf("ErrorResponse", body);
  const definition = spec.answers[operation]?.[status];
  if (definition === undefined) return [`${operation} may not answer ${status}`];
  if (definition === null) return body === undefined ? [] : [`${operation} ${status} has no body`];
  return faultsOf(definition, body);
}
