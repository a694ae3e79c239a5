import { promptOf } from "../config/compile-prompt.ts";
import type { Recipe } from "../domain/capture.ts";
import type { ChatRequest } from "../domain/chat.ts";
import { known } from "../domain/made.ts";
import type { Shaping } from "../domain/table.ts";
import { parseChat } from "./parse.ts";
import { shape } from "./shape.ts";

const UNLIMITED = {
  depth: Number.POSITIVE_INFINITY,
  nodes: Number.POSITIVE_INFINITY,
  messages: Number.POSITIVE_INFINITY,
} as const;

/** Recipes whose prompts are compiled: a set of captures has few. */
const compiled = new WeakMap<Recipe, Shaping>();

/** A capture's request, which was within the limits of its time. @throws GatewayError 400 for a text that is no chat request */
export function parseCaptured(request: string): ChatRequest {
  return parseChat(Buffer.from(request), UNLIMITED);
}

/**
 * The body that the upstream got, from the client's own.
 * @param request a capture's; where something was redacted, so it is in the result
 * @throws GatewayError 400 for a text that is no chat request, 500 `prompt_failed` as when it was served
 */
export function rebuild(request: string, recipe: Recipe): string {
  return shape(parseCaptured(request), known(compiled, recipe, shapingOf)).wire;
}

function shapingOf({ prompt, params, bare, upstreamModel, streamUsage, metadata }: Recipe): Shaping {
  return {
    prompt:
      prompt &&
      promptOf(prompt, (path, message) => {
        throw new RangeError(`the recipe's prompt can't be used: ${path.join(".")}: ${message}`);
      }),
    params,
    bare,
    model: { target: { model: upstreamModel, streamUsage, metadata } },
  };
}
