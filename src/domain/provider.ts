import { z } from "zod";
import type { Transport } from "./transport.ts";
import type { TuningAccess } from "./tuning.ts";

/** A model as its provider addresses it. */
export interface ModelRef {
  readonly name: string;
  /** OpenAI model or `ft:` id, Azure deployment, Hugging Face model id or endpoint URL. */
  readonly model: string;
}

/** What a kind is told of the gateway. */
export interface ProviderContext {
  /** The folder in which the gateway keeps its files, relative to the working directory. */
  readonly dataDir: string;
}

export const metadataMode = z.enum(["forward", "if-stored"]);
export type MetadataMode = z.infer<typeof metadataMode>;

/** Where and how to call one model. Built once, when the configuration loads. */
export interface Target {
  readonly url: string;
  /** Where the same model makes embeddings in OpenAI's format; undefined where its provider has no such address. */
  readonly embeddingsUrl?: string | undefined;
  /** Constant headers, authentication included. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the body's `model` becomes. */
  readonly model: string;
  /** Does this upstream know `stream_options.include_usage`? */
  readonly streamUsage: boolean;
  /** Does it take `metadata` always, or, as OpenAI does, only with `store: true`? */
  readonly metadata: MetadataMode;
  /** Strings that must never leave the gateway, such as keys. */
  readonly secrets: readonly string[];
  /** A transport of its own, for upstreams that are not on the network. */
  readonly transport?: Transport | undefined;
}

/** One kind of provider: how its settings look and how to reach a model with them. */
export interface ProviderKind {
  readonly kind: string;
  readonly settings: z.ZodObject;
  /**
   * @param settings parsed by `settings`
   * @throws ProblemError when the two do not fit together
   */
  connect(settings: unknown, model: ModelRef, context: ProviderContext): Target;
  /**
   * How models are trained with these settings, which have a key. Absent: this kind trains none.
   * @returns undefined when these settings don't do
   */
  readonly tuning?: ((settings: unknown, context: ProviderContext) => TuningAccess | undefined) | undefined;
  /** Models that belong to this kind in the public price table; undefined when it has none. */
  readonly priceTable?: string | undefined;
  /** May it have models with `ft:` ids? What was fine-tuned at one provider exists there only. */
  readonly ftIds: boolean;
  /** With these settings there is no key, and the simulator may stand in. */
  lacksKey(settings: unknown): boolean;
}

/** A problem with the configuration under one key, such as `apiKey`. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

/** Builds a kind from a typed schema; the settings are parsed once more so that no cast is needed. */
export function defineProvider<S extends z.ZodObject>(definition: {
  readonly kind: string;
  readonly settings: S;
  readonly connect: (settings: z.infer<S>, model: ModelRef, context: ProviderContext) => Target;
  readonly tuning?: (settings: z.infer<S>, context: ProviderContext) => TuningAccess | undefined;
  readonly lacksKey: (settings: z.infer<S>) => boolean;
  readonly priceTable?: string;
  readonly ftIds?: boolean;
}): ProviderKind {
  const { kind, settings, priceTable, ftIds = false, tuning } = definition;
  return {
    kind,
    settings,
    priceTable,
    ftIds,
    connect: (value, model, context) => definition.connect(settings.parse(value), model, context),
    tuning: tuning && ((value, context) => tuning(settings.parse(value), context)),
    lacksKey: (value) => definition.lacksKey(settings.parse(value)),
  };
}
