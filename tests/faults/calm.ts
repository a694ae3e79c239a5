import { expect } from "vitest";
import { sampleOf } from "../support/samples.ts";
import { until } from "../support/until.ts";
import type { Bench } from "./bench.ts";
import { canariesIn } from "./canaries.ts";
import type { Seen } from "./client.ts";

/** How long the gateway may take to let go of what a fault left, in milliseconds. */
const LETS_GO_MS = 3000;
/** Connections that may be kept for the next requests, besides one for each that there was. */
const KEPT = 2;

/**
 * What holds after every fault: the process lives, reports no bug of its own, holds no request and no connection of
 * the broken kind, and no secret came out.
 */
export async function expectCalm({ gateway, upstream }: Bench, seen: readonly Seen[]): Promise<void> {
  const { child } = gateway;
  expect(child.hasEnded(), "the process lives").toBe(false);
  const live = await fetch(`${gateway.url}/health/live`);
  expect([live.status, await live.json()]).toEqual([200, { status: "ok" }]);
  const inflight = async (): Promise<number> =>
    sampleOf(await gateway.metrics(), "crossover_inflight_requests", {});
  await until(async () => (await inflight()) === 0, LETS_GO_MS);
  await until(() => upstream.busy() === 0 && upstream.open() <= seen.length + KEPT, LETS_GO_MS);
  expect(child.stderr(), "nothing unhandled").toBe("");
  expect(gateway.log().filter(({ message }) => /internal|unhandled|uncaught/i.test(message))).toEqual([]);
  expectNoSecrets(child.stdout(), "the log");
  expectNoSecrets(await gateway.metrics(), "/metrics");
  for (const { headers, body } of seen)
    expectNoSecrets(`${JSON.stringify([...headers])}\n${body}`, "the answer");
}

export function expectNoSecrets(text: string, where: string): void {
  expect(canariesIn(text), `secrets in ${where}`).toEqual([]);
}
