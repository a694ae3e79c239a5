import { type ChatRequest, canAskUsage, toWire } from "../domain/chat.ts";
import type { Shaping } from "../domain/table.ts";
import { bare } from "../prompts/bare.ts";
import { enrich } from "../prompts/enrich.ts";

/** A request as its upstream will get it. */
export interface Shaped {
  readonly wire: string;
  /** Estimated tokens that the prompt adds. */
  readonly addedTokens: number;
  /** The usage chunk of the stream is for us: the client did not ask for it. */
  readonly hideUsage: boolean;
}

/** Enriches the request for a variant with a prompt, bares it for one without. Always starts from the client's own request. */
export function shape(request: ChatRequest, variant: Shaping): Shaped {
  const { request: shaped, addedTokens } =
    variant.prompt === undefined
      ? { request: bare(request, variant.bare), addedTokens: 0 }
      : enrich(request, variant.prompt);
  const { model, streamUsage, metadata } = variant.model.target;
  const hideUsage = request.fields.stream && streamUsage && canAskUsage(request);
  return {
    wire: toWire(shaped, {
      model,
      defaults: variant.params,
      askUsage: hideUsage,
      metadataIfStored: metadata === "if-stored",
    }),
    addedTokens,
    hideUsage,
  };
}
