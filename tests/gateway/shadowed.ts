import type { Standing } from "../../src/domain/rollout.ts";
import { twoPaths } from "../support/config.ts";
import type { Upstream } from "../support/upstream.ts";
import { startWatched, type WatchedGateway } from "../support/watched-gateway.ts";

export const ASK = { model: "moved", user: "u1", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
export const ASK_STREAM = { ...ASK, stream: true };

/** All requests are the control's, and all of them are shadowed. */
export const STANDING: Standing = { run: "run-1", stage: 1, epoch: 3, share: 0, shadowShare: 1 };

/** What the candidate's answer costs: 10 tokens at 3 USD a million, and 5 at 6. */
export const CANDIDATE_USD = 60e-6;

export interface Upstreams {
  readonly control: Upstream;
  readonly candidate: Upstream;
}

/** A configuration whose rollout `move` goes from the variant `prompted` to `tuned`, each with an upstream of its own. */
export function moving(
  { control, candidate }: Upstreams,
  rollout: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return twoPaths(control.url, {
    providers: {
      up: { kind: "openai-compatible", baseURL: `${control.url}/v1`, apiKey: "sk-upstream-secret-0001" },
      tuner: { kind: "openai-compatible", baseURL: `${candidate.url}/v1`, apiKey: "sk-upstream-secret-0002" },
    },
    models: {
      base: { provider: "up", model: "base-model", price: { input: 1, output: 2 } },
      ft: { provider: "tuner", model: "base-model-tuned", fineTuned: true, price: { input: 3, output: 6 } },
    },
    rollouts: {
      move: {
        control: "prompted",
        candidate: "tuned",
        stages: [{ percent: 0, shadow: 100 }, 50],
        ...rollout,
      },
    },
    routes: {
      moved: { rules: [{ name: "all", use: { rollout: "move" } }] },
      bare: { rules: [{ name: "all", use: "tuned" }] },
    },
    ...more,
  });
}

export function startMoving(config: Record<string, unknown>, standing = STANDING): Promise<WatchedGateway> {
  return startWatched(config, { move: standing });
}

/** How many requests ended with this outcome of shadowing. */
export function ended(gateway: WatchedGateway, outcome: string): Promise<number> {
  return gateway.metric("crossover_shadow_total", { rollout: "move", outcome });
}
