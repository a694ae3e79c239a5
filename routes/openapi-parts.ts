import { z } from "zod";

/** What the operations of the OpenAPI document are made of. */

const errorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

/** Each may be open: without keys or tokens in the configuration none is asked for. */
export const BY_KEY = [{ key: [] }, {}];
export const BY_ADMIN_TOKEN = [{ adminToken: [] }, { key: [] }, {}];

export const ERROR = { description: "An error in OpenAI's shape", content: json(jsonSchema(errorSchema)) };

export function operation(
  summary: string,
  description: string,
  schema: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
  otherContent: Readonly<Record<string, unknown>> = {},
): unknown {
  return {
    summary,
    ...more,
    responses: {
      200: { description, content: { ...json(schema), ...otherContent } },
      default: ERROR,
    },
  };
}

export function json(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { "application/json": { schema } };
}

export function jsonSchema(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
