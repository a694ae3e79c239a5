import { z } from "zod";
import type { ChatLimits, ChatRequest } from "../domain/chat.ts";
import { badRequest, forbidden, modelNotAllowed, modelNotFound } from "../domain/errors.ts";
import { joinMembers, outline } from "../domain/json.ts";
import type { Key, Route, Table, Variant } from "../domain/table.ts";
import { reaches } from "../routing/reach.ts";
import { chatFields, parseChat, parseMembers } from "./parse.ts";

const MOST_VARIANTS = 8;

/** Stands in for the route where none is named, in metrics too. */
export const NO_ROUTE = "none";

/** The members of a comparison. All others are OpenAI's, and go to every variant. */
export const comparisonFields = chatFields.extend({
  model: chatFields.shape.model.optional().describe("The route in whose name the variants are called."),
  stream: z
    .boolean()
    .refine((stream) => !stream, "a comparison is answered in one piece")
    .nullish(),
  variants: z
    .array(z.string())
    .min(1, "expected at least one variant")
    .max(MOST_VARIANTS, `at most ${MOST_VARIANTS} variants`)
    .describe("Names of variants. The first one is the baseline."),
  expected: z.string().nullish().describe("The text of a good answer, to compare all answers with."),
  judge: z.boolean().nullish().describe("Ask the configured judge too? Default false."),
});

/** What a client wants compared. */
export interface WantedComparison {
  readonly request: ChatRequest;
  /** Undefined where none is named. */
  readonly route: string | undefined;
  readonly variants: readonly string[];
  /** A good answer, as a message. */
  readonly expected: unknown;
  readonly judge: boolean;
}

/** @throws GatewayError 400 that names the member */
export function parseComparison(bytes: Uint8Array, limits: ChatLimits): WantedComparison {
  const { model, variants, expected, judge } = parseMembers(bytes, limits, comparisonFields);
  const again = variants.findIndex((name, index) => variants.indexOf(name) !== index);
  if (again !== -1)
    throw badRequest("invalid_value", `\`${variants[again]}\` is named twice.`, `variants[${again}]`);
  const ours = ["variants", "expected", "judge"];
  const members = outline(new TextDecoder().decode(bytes)).filter(({ key }) => !ours.includes(key));
  const chat = joinMembers(members, { model: JSON.stringify(model ?? NO_ROUTE) });
  return {
    request: parseChat(new TextEncoder().encode(chat), limits),
    route: model,
    variants,
    expected: typeof expected === "string" ? { role: "assistant", content: expected } : undefined,
    judge: judge ?? false,
  };
}

/**
 * The route and the variants, as far as the key may use them: it needs the right to force variants.
 * @throws GatewayError 404 `model_not_found`, 403 `model_not_allowed` or `insufficient_permissions`, 400 for a name
 * that is none
 */
export function comparedVariants(
  { route: name, variants }: WantedComparison,
  table: Table,
  key: Key | undefined,
): { readonly route: Route | undefined; readonly variants: readonly Variant[] } {
  if (key !== undefined && !key.forceVariant)
    throw forbidden(
      "insufficient_permissions",
      "Your key may not choose variants, which comparing them takes.",
    );
  if (name === undefined && key?.routes !== undefined)
    throw badRequest(
      "missing_required_parameter",
      "`model` is missing: your key may use some routes only, so name one of them.",
      "model",
    );
  const route = name === undefined ? undefined : table.routes.get(name);
  if (name !== undefined && route === undefined) throw modelNotFound(name);
  if (name !== undefined && key?.routes?.includes(name) === false) throw modelNotAllowed(name);
  return { route, variants: variants.map((one, index) => variantOf(one, index, route, table, key)) };
}

function variantOf(
  name: string,
  index: number,
  route: Route | undefined,
  table: Table,
  key: Key | undefined,
): Variant {
  const param = `variants[${index}]`;
  // One answer for what is elsewhere and for what is nowhere, so that a key learns nothing of other routes.
  if (key?.routes !== undefined && route !== undefined && !reaches(route, name))
    throw forbidden(
      "insufficient_permissions",
      `Your key may choose only variants that the rules of \`${route.name}\` name, and their fallbacks.`,
      param,
    );
  const variant = table.variants.get(name);
  if (variant === undefined)
    throw badRequest("invalid_value", `\`${param}\` is the name of no variant.`, param);
  return variant;
}
