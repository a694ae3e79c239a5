import { z } from "zod";
import { unitsState } from "../statistics/first-events.ts";
import { pairSumsState } from "./pair-sums.ts";
import { proofState } from "./proof.ts";
import { rewardsState } from "./reward.ts";
import type { Evidence, SideEvidence } from "./run.ts";

const sideState = z.object({
  count: z.number(),
  events: z.number().optional(),
  value: z.number().optional(),
});

const evidenceState = z.object({
  guardrail: z.string(),
  logEvidence: z.number(),
  logThreshold: z.number(),
  logPeak: z.number(),
  control: sideState,
  candidate: sideState,
  pairs: z.object({ count: z.number(), control: z.number(), candidate: z.number() }).optional(),
  allowed: z.string(),
  neededRequests: z.number().optional(),
  sees: z.string().optional(),
});

const countsState = z.object({ control: z.number(), candidate: z.number() });

/** All that a monitor knows, as JSON. */
export const monitorState = z.object({
  observed: z.number(),
  alarm: z
    .object({
      kind: z.enum(["failed", "sample_ratio"]),
      guardrail: z.string(),
      evidence: evidenceState,
      observation: z.number(),
    })
    .optional(),
  /** The newest epoch, and since which one the fresh epoch lasts. */
  epoch: z.number(),
  freshNumber: z.number(),
  freshSince: z.number(),
  freshRequests: z.number(),
  counts: countsState,
  stageCounts: countsState.extend({ stage: z.number(), pairs: z.number(), keys: z.number() }),
  proof: proofState,
  pairs: pairSumsState,
  rewards: rewardsState.optional(),
  units: unitsState,
  /** By unit: one more than the stage in which it was seen last. */
  stageOfUnit: z.string(),
  guards: z.array(z.object({ name: z.string(), peak: z.number().nullable(), state: z.unknown() })),
});

export type MonitorState = z.infer<typeof monitorState>;

/** What JSON leaves out is there again, as undefined. */
export function evidenceOf(state: z.infer<typeof evidenceState>): Evidence {
  const { control, candidate, pairs, neededRequests, sees } = state;
  return {
    ...state,
    control: sideOf(control),
    candidate: sideOf(candidate),
    pairs,
    neededRequests,
    sees,
  };
}

function sideOf({ count, events, value }: z.infer<typeof sideState>): SideEvidence {
  return { count, events, value };
}
