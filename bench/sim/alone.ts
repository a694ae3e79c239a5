import type { Policy } from "../../src/domain/rollout.ts";
import { type Alarm, Monitor } from "../../src/rollouts/monitor.ts";
import { blankRequest } from "./blank.ts";
import { MS_PER_REQUEST } from "./policies.ts";
import type { Random } from "./random.ts";
import { Rivals } from "./rivals.ts";
import type { Figures } from "./scenario.ts";

const BATCH = 4096;

/** Requests of which each has a side by chance and fails or does not. */
export interface Errors {
  readonly policy: Policy;
  /** The candidate's, 0 to 1. */
  readonly share: number;
  /** Share of failed requests. */
  readonly control: number;
  readonly candidate: number;
  /** So many at most; it ends sooner when all have rolled back. */
  readonly requests: number;
}

/** @returns the candidate's requests until the monitor and each rival rolled back, by name */
export function errorsAlone(
  random: Random,
  { policy, share, control, candidate, requests }: Errors,
): Figures {
  const monitor = new Monitor({ policy, sticky: false });
  const rivals = new Rivals();
  const observation = blankRequest(share);
  const words = new Uint32Array(2 * BATCH);
  const [shareWord, controlWord, candidateWord] = [share, control, candidate].map((p) => p * 2 ** 32);
  let candidates = 0;
  let stop: Figures | undefined;
  for (let done = 0; done < requests && !(stop !== undefined && rivals.isOver); ) {
    random.fill(words);
    const end = Math.min(requests - done, BATCH);
    for (let i = 0; i < end; i++, done++) {
      const isCandidate = (words[2 * i] ?? 0) < (shareWord ?? 0);
      const error = (words[2 * i + 1] ?? 0) < ((isCandidate ? candidateWord : controlWord) ?? 0);
      if (isCandidate) candidates++;
      rivals.observe(isCandidate, error ? 1 : 0, done * MS_PER_REQUEST);
      if (stop !== undefined) continue;
      observation.side = isCandidate ? "candidate" : "control";
      observation.error = error;
      stop = stopAt(candidates, monitor.observe(observation));
    }
  }
  return { ...rivals.stops, ...stop };
}

/** The candidate's requests until an alarm, and of which guardrail it is. */
function stopAt(candidates: number, alarm: Alarm | undefined): Figures | undefined {
  return alarm && { crossover: candidates, [`by ${alarm.guardrail}`]: 1 };
}

/** Requests whose latencies are log-normal; those of the candidate take `factor` times as long. */
export interface Latencies {
  readonly policy: Policy;
  readonly share: number;
  /** Of the logarithm, as a standard deviation. */
  readonly sigma: number;
  readonly factor: number;
  readonly requests: number;
}

const MEDIAN_MS = 800;
/** Of the standard normal distribution. */
const P99 = 2.326;
/** The fixed threshold fails a minute whose p99 is larger than the control's by half. */
const FIXED_FACTOR = 1.5;

/** @returns the candidate's requests until the monitor and each rival rolled back, by name */
export function latencyAlone(random: Random, { policy, share, sigma, factor, requests }: Latencies): Figures {
  const monitor = new Monitor({ policy, sticky: false });
  const rivals = new Rivals(FIXED_FACTOR * MEDIAN_MS * Math.exp(P99 * sigma));
  const observation = blankRequest(share);
  let candidates = 0;
  let stop: Figures | undefined;
  for (let done = 0; done < requests && !(stop !== undefined && rivals.isOver); done++) {
    const isCandidate = random.unit() < share;
    const latency = (isCandidate ? factor : 1) * MEDIAN_MS * Math.exp(sigma * random.normal());
    if (isCandidate) candidates++;
    rivals.observe(isCandidate, latency, done * MS_PER_REQUEST);
    if (stop !== undefined) continue;
    observation.side = isCandidate ? "candidate" : "control";
    observation.latencyMs = latency;
    stop = stopAt(candidates, monitor.observe(observation));
  }
  return { ...rivals.stops, ...stop };
}
