import { twoPaths } from "../support/config.ts";
import type { TestGateway, TestGatewayOptions } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import { completion, sendJson, startUpstream, type Upstream } from "../support/upstream.ts";

export const ASKED = { by: "ann" };

export interface Migration {
  readonly upstream: Upstream;
  /** Starts a gateway on the store: again, or one more. */
  run(options?: TestGatewayOptions): Promise<TestGateway>;
  /** From now on the candidate fails. */
  turnBad(): void;
}

/** A rollout `move` from the prompted variant to the tuned one, on the route `ask`. It is judged by its errors and answers alone. */
export async function migrate(
  storeUrl: string,
  rollout: Readonly<Record<string, unknown>>,
): Promise<Migration> {
  let isBad = false;
  const upstream = await startUpstream(({ body }, response) =>
    isBad && body["model"] === "base-model-tuned"
      ? sendJson(response, { error: { message: "out of order", type: "server_error" } }, 500)
      : sendJson(response, completion("fine")),
  );
  const move = {
    control: "prompted",
    candidate: "tuned",
    guardrails: { latency: false, firstToken: false, cost: false },
    ...rollout,
  };
  const config = twoPaths(upstream.url, {
    store: { url: storeUrl },
    rollouts: { move },
    routes: { ask: { rules: [{ name: "move", use: { rollout: "move" } }] } },
  });
  return {
    upstream,
    run: (options = {}) =>
      startGateway(config, { store: true, rollouts: { timing: { flushMs: 5, pollMs: 20 } }, ...options }),
    turnBad: () => {
      isBad = true;
    },
  };
}

export function users(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `user-${from + index}`);
}

export interface Sent {
  readonly user: string;
  readonly status: number;
  readonly variant: string | null;
}

/** Sends a request for each user, some at a time, to the gateways in turn. */
export async function send(
  gateways: readonly TestGateway[],
  from: readonly string[],
  atOnce = 4,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const waiting = [...from.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, user] = next;
      const gateway = gateways[index % gateways.length];
      if (gateway === undefined) throw new RangeError("there is no gateway");
      const ask = { model: "ask", user, messages: [{ role: "user", content: "How are you?" }] };
      const response = await gateway.post(ask);
      await response.arrayBuffer();
      sent.push({ user, status: response.status, variant: response.headers.get("x-crossover-variant") });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return sent;
}
