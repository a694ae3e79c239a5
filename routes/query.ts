import { z } from "zod";
import { badRequest, type GatewayError } from "../src/domain/errors.ts";
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
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw issue?.code === "unrecognized_keys"
    ? unknownParameter(issue.keys[0] ?? "", schema)
    : fieldError(issue, query);
}

function unknownParameter(name: string, schema: z.ZodType): GatewayError {
  const known = Object.keys(z.toJSONSchema(schema, { io: "input" }).properties ?? {});
  const shown = shortened(name);
  const message = `There is no parameter \`${shown}\` here. Known: ${known.join(", ")}.`;
  return badRequest("unknown_parameter", message, shown);
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

/** `true` or `false`. */
export const yesOrNo = z.enum(["true", "false"]).transform((value) => value === "true");

const MOST_LISTED = 1000;

/** How many of a list are asked for. @param what is listed, in the plural */
export function limitOf(what: string) {
  return z
    .string()
    .regex(/^\d+$/, "a whole number is expected")
    .transform(Number)
    .pipe(z.number().min(1).max(MOST_LISTED))
    .default(100)
    .describe(`Most ${what}, 1 to ${MOST_LISTED}. Default 100.`);
}
