import { setTimeout as delay } from "node:timers/promises";
import type { Check } from "./audit.ts";
import type { Seen } from "./client.ts";
import { ask } from "./control.ts";
import type { Call } from "./ledger.ts";
import { isFault } from "./match.ts";

/** For so long every call fails, and so long after it the service must be normal again, in milliseconds. */
export const OUTAGE_MS = 10_000;
export const RECOVERY_MS = 10_000;

/** Calls that a request may make in an outage: at most a fifth of the requests is tried again. */
const AMPLIFICATION = 1.2;

/** A time, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Lets every call fail for a while, so that the middle of it is the middle of the load. */
export async function makeOutage(upstreamUrl: string, seconds: number): Promise<Span> {
  await delay(seconds * 500 - OUTAGE_MS / 2);
  await ask(`${upstreamUrl}/outage/on`);
  const from = Date.now();
  await delay(OUTAGE_MS);
  await ask(`${upstreamUrl}/outage/off`);
  return { from, to: Date.now() };
}

/** What an outage must not do: make more calls, and last longer than it does. */
export function outageChecks(
  { from, to }: Span,
  seen: readonly Seen[],
  calls: readonly Call[],
): readonly Check[] {
  const requests = seen.filter(({ beganAt }) => beganAt >= from && beganAt < to).length;
  const made = calls.filter(({ end }) => end === "outage").length;
  const faulty = new Set(calls.filter(({ end }) => isFault(end)).map(({ number }) => number));
  const later = seen.filter(({ beganAt }) => beganAt >= to + RECOVERY_MS);
  const refused = later.filter(({ outcome, number }) => outcome.kind === "refused" && !faulty.has(number));
  const complete = later.filter(({ outcome }) => outcome.kind === "complete");
  return [
    {
      name: "calls in the outage",
      told: `${made} for ${requests} requests, ${(made / Math.max(1, requests)).toFixed(2)} times`,
      ok: requests > 0 && made <= AMPLIFICATION * requests,
    },
    {
      name: `normal again ${RECOVERY_MS / 1000} s after it`,
      told: `${complete.length} answers, ${refused.length} refused without a fault`,
      ok: complete.length > 0 && refused.length === 0,
    },
  ];
}
