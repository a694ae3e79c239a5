import type { RawBatch, RawCapture, RawContent, RawSink } from "../../src/captures/raw.ts";
import type { CaptureFacts, Recipe } from "../../src/domain/capture.ts";

export function factsOf(id: string, more: Partial<CaptureFacts> = {}): CaptureFacts {
  return {
    id,
    at: Date.UTC(2026, 10, 26, 3, 30),
    route: "route",
    rule: "all",
    variant: "prompted",
    decided: "prompted",
    path: "enriched",
    model: "base",
    provider: "up",
    propensity: 1,
    stickyBy: undefined,
    stickyKey: undefined,
    rollout: undefined,
    stage: undefined,
    key: undefined,
    user: undefined,
    metadata: {},
    status: 200,
    outcome: "success",
    errorCode: undefined,
    attempts: 1,
    stream: false,
    cached: false,
    inputTokens: 10,
    cachedInputTokens: 2,
    outputTokens: 5,
    addedTokens: 4,
    costUsd: 0.5,
    firstTokenMs: undefined,
    durationMs: 20,
    prompt: "helper",
    promptVersion: "v1",
    recipe: "r1",
    ...more,
  };
}

export const REQUEST = '{"model":"route","messages":[{"role":"user","content":"Hi"}]}';

export function rawOf(
  id: string,
  content: Partial<RawContent> = {},
  more: Partial<CaptureFacts> = {},
): RawCapture {
  return { facts: factsOf(id, more), content: { request: REQUEST, answer: undefined, ...content } };
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
