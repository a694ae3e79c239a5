import type { Policy } from "../../src/domain/rollout.ts";
import { Monitor } from "../../src/rollouts/monitor.ts";
import type { RequestObservation } from "../../src/rollouts/observation.ts";
import { blankFeedback, blankPair, blankRequest } from "./blank.ts";
import { LateQueue } from "./late-queue.ts";
import type { Random } from "./random.ts";
import { Rivals } from "./rivals.ts";
import { startedRun, stepped } from "./run-of.ts";
import type { Figures } from "./scenario.ts";
import { type Difference, Traffic, type World } from "./traffic.ts";

/** How often the next step is planned. Alarms are asked for after every observation. */
const PLAN_EVERY_MS = 30_000;

/** A whole rollout: all guardrails, and stages that follow each other as they do in production. */
export interface Ramp {
  readonly policy: Policy;
  readonly world: World;
  readonly difference: Difference;
  readonly requests: number;
  /** Goes on after the rollback, for the rivals' sake, as if nobody had seen it. */
  readonly isForRivals: boolean;
}

/**
 * @returns the candidate's requests until the monitor and each rival rolled back, by name; `stage percent` in which the
 * monitor did; `from onset`: the candidate's requests from when on it was different; `last percent`: how far it came
 */
export function wholeRollout(random: Random, ramp: Ramp): Figures {
  const { policy, world, difference, requests, isForRivals } = ramp;
  const monitor = new Monitor({ policy, sticky: true });
  const traffic = new Traffic(random, world, difference);
  const rivals = new Rivals();
  const observation = blankRequest(0);
  const pair = blankPair();
  const late = new LateQueue(blankFeedback("score"));
  const figures: Record<string, number> = {};
  let run = startedRun({ policy, sticky: true });
  let candidates = 0;
  let candidatesAtOnset = 0;
  let nextPlan = PLAN_EVERY_MS;
  const isStopped = (): boolean => figures["crossover"] !== undefined;
  const see = (seen: Parameters<Monitor["observe"]>[0]): void => {
    const alarm = monitor.observe(seen);
    if (alarm === undefined || isStopped()) return;
    figures["crossover"] = candidates;
    figures["from onset"] = candidates - candidatesAtOnset;
    figures["stage percent"] = run.percent;
    figures[`by ${alarm.guardrail}`] = 1;
  };
  for (let i = 0; i < requests && !(isStopped() && (!isForRivals || rivals.isOver)); i++) {
    observation.stage = run.stage;
    observation.epoch = run.epoch;
    traffic.next(observation, run.percent / 100);
    const isCandidate = observation.side === "candidate";
    if (isCandidate) candidates++;
    if (i === difference.fromRequest) candidatesAtOnset = candidates;
    rivals.observe(isCandidate, observation.error ? 1 : 0, traffic.now);
    see(observation);
    if (!isCandidate && traffic.isShadowed(run.shadowPercent / 100)) {
      traffic.shadow(pair, observation);
      see(pair);
    }
    rate(late, traffic, observation);
    for (let next = late.due(traffic.now); next !== undefined; next = late.due(traffic.now)) see(next);
    if (traffic.now < nextPlan) continue;
    nextPlan = traffic.now + PLAN_EVERY_MS;
    run = stepped(run, monitor, traffic.now);
  }
  return { ...figures, ...rivals.stops, "last percent": run.percent };
}

function rate(late: LateQueue, traffic: Traffic, observation: RequestObservation): void {
  if (observation.error) return;
  const afterMs = traffic.rated();
  if (afterMs === undefined) return;
  late.add(traffic.now + afterMs, observation, traffic.score(observation.side === "candidate"));
}
