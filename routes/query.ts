import { z } from "zod";
import { badRequest } from "../src/domain/errors.ts";
import { fieldError, shortened } from "../src/gateway/parse.ts";

/**
 * The parameters of an address, by their schema. Each may be given once.
 * @throws GatewayError 400 that names the parameter
 */
export function parseQuery<T>(url: string, schema: z.ZodType<T>): T {
  const given = new Map<string, string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (given.has(name))
      throw badRequest("invalid_value", `\`${shortened(name)}\` is given twice.`, shortened(name));
    given.set(name, value);
  }
  const query = Object.fromEntries(given);
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw fieldError(parsed.error.issues[0], query);
  return parsed.data;
}

/** The parameters of a schema as OpenAPI lists them. */
export function queryParameters(schema: z.ZodType): readonly unknown[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = typeof property === "object" ? property : {};
    return {
      name,
      in: "query",
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}
