import type { RawBatch, RawCapture, RawContent, RawSink } from "../../src/captures/raw.ts";
import type { CaptureFacts, Recipe } from "../../src/domain/capture.ts";
import { factsOf } from "../support/facts.ts";

export const REQUEST = '{"model":"route","messages":[{"role":"user","content":"Hi"}]}';

export function rawOf(
  id: string,
  content: Partial<RawContent> = {},
  more: Partial<CaptureFacts> = {},
): RawCapture {
  const facts = factsOf(id, more);
  return {
    facts,
    recipe: recipeOf(facts.recipe),
    content: { request: REQUEST, answer: undefined, ...content },
  };
}

export function recipeOf(version = "r1"): Recipe {
  return {
    version,
    prompt: undefined,
    params: {},
    bare: "keep",
    upstreamModel: "m",
    streamUsage: true,
    metadata: "forward",
  };
}

/** Does with each batch what it is told to, in turn; what it resolves for it has stored. */
export class ScriptedSink implements RawSink {
  readonly stored: RawBatch[] = [];
  writes = 0;
  #act: (batch: RawBatch) => Promise<void>;

  constructor(act: (batch: RawBatch) => Promise<void> = async () => {}) {
    this.#act = act;
  }

  become(act: (batch: RawBatch) => Promise<void>): void {
    this.#act = act;
  }

  async write(batch: RawBatch): Promise<void> {
    this.writes++;
    await this.#act(batch);
    this.stored.push(batch);
  }

  get ids(): readonly string[] {
    return this.stored.flatMap(({ captures }) => captures.map(({ facts }) => facts.id));
  }

  get requests(): number {
    return this.stored.flatMap(({ usage }) => usage).reduce((sum, { requests }) => sum + requests, 0);
  }
}
