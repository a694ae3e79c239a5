import type { CaptureQueue } from "../captures/capture-queue.ts";
import { isSampled } from "../captures/sampled.ts";
import type { SentRequest } from "../domain/chat.ts";
import type { CaptureSettings } from "../domain/table.ts";
import { type Ending, factsOf } from "./facts.ts";

export interface CapturingOptions {
  readonly queue: CaptureQueue;
  readonly request: SentRequest;
  /** Name of the client's key. */
  readonly key: string | undefined;
  /** Undefined: nothing is kept, and what the request takes is counted only. */
  readonly settings: CaptureSettings | undefined;
}

/** What is kept of one request. */
export class Capturing {
  readonly #options: CapturingOptions;

  constructor(options: CapturingOptions) {
    this.#options = options;
  }

  /** Is the answer to be recorded? */
  get wanted(): boolean {
    return this.#options.settings !== undefined;
  }

  ended(ending: Ending): void {
    const { queue, request, key, settings } = this.#options;
    const facts = factsOf(request, key, ending);
    if (settings === undefined) return queue.skip(facts);
    const keepsContent = (settings.errors && facts.status >= 400) || isSampled(facts.id, settings.sample);
    const content = { request: request.text, answer: ending.answer };
    queue.take({ facts, recipe: ending.variant.recipe, content }, keepsContent);
  }
}
