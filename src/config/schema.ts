import { z } from "zod";
import { INSTANT_RULE, instantOf } from "../domain/instant.ts";
import { NAME, NAME_RULE } from "../domain/name.ts";
import type { ProviderKind } from "../domain/provider.ts";
import { capture } from "./capture-schema.ts";
import { compare } from "./compare-schema.ts";
import { breaker, retries, seconds, timeouts } from "./failure-schema.ts";
import { limiting, limits, redis } from "./limits-schema.ts";
import { redaction } from "./redaction-schema.ts";
import { rollout } from "./rollout-schema.ts";
import { server } from "./server-schema.ts";
import { stickyBy } from "./sticky.ts";
import { store } from "./store-schema.ts";
import { tuning } from "./tuning-schema.ts";

const name = z.string().regex(NAME, NAME_RULE);

const instant = z.string().refine((text) => instantOf(text) !== undefined, INSTANT_RULE);

const usdPerMillion = z.number().nonnegative();

const price = z
  .strictObject({
    input: usdPerMillion,
    cachedInput: usdPerMillion
      .optional()
      .describe("Price of input that the provider had cached. Default: the price of input."),
    output: usdPerMillion,
    hostingPerHour: z
      .number()
      .nonnegative()
      .optional()
      .describe("USD an hour that a dedicated deployment costs, used or not."),
  })
  .describe("USD per million tokens. Without it the public price table is asked.");

const model = z.strictObject({
  provider: name.describe("One of `providers`."),
  model: z
    .string()
    .min(1)
    .describe(
      "The upstream's own name: an OpenAI model or `ft:` id, an Azure deployment, a Hugging Face model id or endpoint URL.",
    ),
  fineTuned: z
    .boolean()
    .optional()
    .describe("Default: true for an `ft:` id, and where `baseModel`, `datasetHash` or `tuningJob` is given."),
  baseModel: z
    .string()
    .min(1)
    .optional()
    .describe("The upstream's name of the model that it was fine-tuned from."),
  datasetHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case")
    .optional()
    .describe("SHA-256 of the file that it was fine-tuned on, without a byte-order mark."),
  tuningJob: z.string().min(1).optional().describe("Id of the job that fine-tuned it."),
  simulated: z
    .boolean()
    .optional()
    .describe(
      "Did the built-in simulator make it in the provider's place? The provider itself does not know such a model.",
    ),
  price: price.optional(),
  trainingCost: z
    .number()
    .nonnegative()
    .optional()
    .describe("USD that its training cost or will cost, for reports."),
});

const example = z.strictObject({
  user: z.string().describe("What the user says."),
  assistant: z.string().describe("What the model should answer."),
});

const prompt = z.strictObject({
  system: z.string().optional().describe("The system message. Sees {{ query }} and {{ metadata.NAME }}."),
  examples: z
    .union([z.string().min(1), z.array(example)])
    .optional()
    .describe(
      "Few-shot examples: a list of user and assistant pairs, or the path of a JSONL file beside this one.",
    ),
  cue: z
    .string()
    .optional()
    .describe("Text around the last user message, such as `Recipe for: {{ query }}`."),
  merge: z
    .enum(["prepend", "append", "replace"])
    .optional()
    .describe(
      "Where ours goes when the client sends a system message too: before it (default), after it, or in its place.",
    ),
});

const variant = z.strictObject({
  model: name.describe("One of `models`."),
  prompt: name.optional().describe("One of `prompts`. With one the path is enriched, without one bare."),
  params: z
    .record(z.string(), z.json())
    .optional()
    .describe("Request members that apply where the client gives none, such as temperature."),
  bare: z
    .enum(["strip-system", "keep"])
    .optional()
    .describe(
      "On the bare path: drop the client's system messages, which fine-tuning made superfluous (default), or keep them.",
    ),
  hedge: seconds
    .optional()
    .describe(
      "Call the model a second time when the client has nothing after so many seconds; the faster answer counts. Both are paid for. Default: never.",
    ),
  fallback: z
    .array(name)
    .optional()
    .describe("Variants to try, in this order, when this one fails before its first byte."),
  replaces: z
    .literal(true)
    .optional()
    .describe("In `registered.yaml` alone: it counts in place of the configuration's variant of this name."),
});

const use = z.union([
  name.describe("A variant."),
  z.strictObject({
    split: z.record(name, z.number().min(0).max(1e9)).describe("Variants with their weights."),
    stickyBy: stickyBy.optional(),
    name: name.optional().describe("Name of the split, part of the sticky hash. Default: route/rule."),
  }),
  z.strictObject({ rollout: name.describe("One of `rollouts`.") }),
]);

const rule = z.strictObject({
  name: name.optional().describe("Shown in headers and metrics. Default: rule-1, rule-2, ..."),
  when: z.string().min(1).optional().describe("A CEL condition. Without one the rule always matches."),
  use,
});

const route = z.strictObject({
  description: z.string().optional(),
  limits: limits.optional(),
  rules: z.array(rule).optional().describe("Tried in order; the first match wins."),
  cache: z
    .strictObject({
      ttl: z.number().positive().max(31_536_000).describe("Seconds for which an answer is given again."),
    })
    .optional()
    .describe("Give the answer of an earlier request to the same request again. Default: off."),
  capture: capture
    .optional()
    .describe("Which of its requests are kept with their answers. Default: as `capture` at the top says."),
  default: use
    .optional()
    .describe("What to use when no rule matches: the same as a last rule without `when`."),
});

const proof = {
  secret: z
    .string()
    .optional()
    .describe("The key itself, taken from the environment with a dollar sign and the name in braces."),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case")
    .optional()
    .describe("SHA-256 of the key, so that the file holds no secret."),
};

const key = z.strictObject({
  ...proof,
  previous: z
    .strictObject({ ...proof, until: instant.describe("Until when it is good.") })
    .optional()
    .describe("The secret before this one, good for a while after a rotation."),
  expires: instant
    .optional()
    .describe("When the key ends: a date, of which the end in UTC is meant, or a time with its zone."),
  admin: z.boolean().optional().describe("May the key use the admin surface? Default false."),
  limits: limits.optional(),
  tags: z.array(z.string()).optional(),
  routes: z.array(name).optional().describe("Routes that the key may use. Default: all."),
  forceVariant: z
    .boolean()
    .optional()
    .describe("May the key choose a variant with x-crossover-variant? Default false."),
  capture: z.boolean().optional().describe("May its requests be captured? Default true."),
});

/**
 * The schema of a configuration file, for the kinds of provider given. Kinds are handed in, so that a
 * new one touches only its own file.
 */
export function configSchema(kinds: readonly ProviderKind[]) {
  const known = kinds.map(({ kind }) => kind).join(", ");
  const provider = z.discriminatedUnion("kind", toTuple(kinds.map((kind) => providerSchema(kind))), {
    error: ({ code }) => (code === "invalid_union" ? `expected one of the kinds ${known}` : undefined),
  });
  return z
    .strictObject({
      $schema: z.string().optional(),
      include: z
        .array(z.string().min(1))
        .optional()
        .describe("Further files, relative to this one: a path, or a folder and `*.yaml`."),
      server: server.optional(),
      timeouts: timeouts.optional(),
      retries: retries.optional(),
      limits: limiting.optional(),
      redis: redis.optional(),
      tags: z
        .record(z.string().min(1), z.strictObject({ limits: limits.optional() }))
        .optional()
        .describe("What all keys with a tag may take together."),
      cache: z
        .strictObject({
          maxBytes: z
            .number()
            .int()
            .min(1024 * 1024)
            .max(64 * 1024 ** 3)
            .optional()
            .describe("Most memory for answers, in bytes. Default 64 MiB."),
        })
        .optional()
        .describe("Where routes have a `cache`."),
      breaker: z
        .union([z.literal(false), breaker])
        .optional()
        .describe("When calls are kept from a model that fails; false: never."),
      providers: z.record(name, provider).optional(),
      models: z.record(name, model).optional(),
      prompts: z.record(name, prompt).optional(),
      variants: z.record(name, variant).optional(),
      rollouts: z.record(name, rollout).optional(),
      routes: z.record(name, route).optional(),
      redaction: redaction.optional(),
      store: store.optional(),
      capture: capture
        .optional()
        .describe("Which requests are kept with their answers, on routes that do not say it. Default: all."),
      compare: compare.optional(),
      tuning: tuning.optional(),
      keys: z
        .record(name, key)
        .optional()
        .describe(
          "Keys that clients must give. Without any, the gateway listens on a loopback address only.",
        ),
    })
    .describe("Crossover configuration");
}

const providerCommon = {
  timeouts: timeouts.optional(),
  withoutKey: z
    .literal("simulator")
    .optional()
    .describe(
      "When the key is empty, let the simulator answer in this provider's place, instead of refusing to start.",
    ),
};

/** What every provider has, whatever its kind; the rest is left for the kind itself. */
export const providerBase = z.looseObject({ kind: z.string(), ...providerCommon });

function providerSchema(kind: ProviderKind): z.ZodObject {
  return kind.settings.extend(providerCommon);
}

function toTuple(schemas: readonly z.ZodObject[]): [z.ZodObject, ...z.ZodObject[]] {
  const [first, ...rest] = schemas;
  if (first === undefined) throw new RangeError("configSchema needs at least one kind of provider");
  return [first, ...rest];
}

export type Config = z.infer<ReturnType<typeof configSchema>>;
export type ProviderConfig = z.infer<typeof providerBase>;
export type ModelConfig = z.infer<typeof model>;
export type UseConfig = z.infer<typeof use>;
export type RouteConfig = z.infer<typeof route>;
export type KeyConfig = z.infer<typeof key>;
export type PromptConfig = z.infer<typeof prompt>;
