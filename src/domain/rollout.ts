import type { StickyKey, Variant } from "./table.ts";

/** A side of a rollout. */
export type Side = "control" | "candidate";

/** A step of the way from the control to the candidate. */
export interface Stage {
  /** Share of the requests that the candidate answers, 0 to 100. A stage of 100 is the promotion. */
  readonly percent: number;
  /** Share of the control's requests that the candidate is sent too, once the client has its answer, 0 to 100. */
  readonly shadowPercent: number;
  /** Fewest requests of the candidate before the next stage; of pairs, where it answers nobody. */
  readonly minRequests: number;
  /** Fewest milliseconds before the next stage. */
  readonly minMs: number;
  /** For so many milliseconds it has to stay well once it has all else that it needs. */
  readonly soakMs: number;
  /** Has it to be proved, before the next stage, that the candidate is not worse than the control by the margin? */
  readonly proof: boolean;
}

/** Which of the candidate's failings is guarded against, and how much worse than the control's it may be. */
export type Guardrail =
  /** The decided variant failed: an error, a broken-off answer, or a fallback had to answer. */
  | { readonly kind: "errors"; readonly ratio: number }
  /** The answer can't be used: against its schema, refused, empty or cut off. */
  | { readonly kind: "validity"; readonly ratio: number }
  /** Until the whole answer was there. */
  | { readonly kind: "latency"; readonly margin: number }
  | { readonly kind: "first_token"; readonly margin: number }
  | { readonly kind: "cost"; readonly margin: number }
  /** Feedback of this name from `low` to `high`; the margin is in its units. */
  | {
      readonly kind: "feedback";
      readonly feedback: string;
      readonly margin: number;
      readonly low: number;
      readonly high: number;
      readonly better: "higher" | "lower";
    }
  /** How the judge found the candidate's answers beside the control's, from shadowed requests: -1 to 1. */
  | { readonly kind: "judge"; readonly margin: number };

export interface ShadowSettings {
  /** Most shadowed calls at a time. */
  readonly concurrency: number;
  /** Most that shadowed calls and their judge may cost a day (UTC), over all replicas. Undefined: as much as it takes. */
  readonly usdPerDay: number | undefined;
}

/** Weights follow what is learned, by Thompson sampling, instead of stages. */
export interface AdaptiveSettings {
  /** What is to be had more of: answers without failing, or feedback of a name from `low` to `high`. */
  readonly reward:
    | { readonly kind: "success" }
    | { readonly kind: "feedback"; readonly feedback: string; readonly low: number; readonly high: number };
  /** Share that each side gets at least, above 0 and below 0.5. */
  readonly floor: number;
  /** With which the better one has to be known before it takes all, above 0.5 and below 1. */
  readonly confidence: number;
}

export interface WebhookSettings {
  readonly url: string;
  /** Signs what is sent (HMAC SHA-256). */
  readonly secret: string | undefined;
}

/** How a rollout is judged. All of it is fixed when a run begins. */
export interface Policy {
  readonly stages: readonly Stage[];
  readonly guardrails: readonly Guardrail[];
  /** The chance that a run is ever rolled back though its candidate is no worse, above 0 and below 1. */
  readonly alpha: number;
  readonly proof: {
    /** By which the candidate's share of failed or unusable answers may be larger, 0 to 1. */
    readonly margin: number;
    /** Does each request count, or each sticky key's first alone? Only the latter holds for users with habits. */
    readonly each: "key" | "request";
  };
  readonly onSuccess: "promote" | "hold";
  readonly onFailure: "rollback" | "pause";
  readonly shadow: ShadowSettings;
  readonly adaptive: AdaptiveSettings | undefined;
}

/** A move from a control to a candidate. */
export interface Rollout {
  readonly name: string;
  readonly control: Variant;
  readonly candidate: Variant;
  /** Undefined: chance decides for each request. */
  readonly sticky: StickyKey | undefined;
  readonly policy: Policy;
  /** Index into the stages: where it stands as long as nobody has started it. */
  readonly stage: number;
  readonly webhook: WebhookSettings | undefined;
}

/** Where the run of a rollout stands: what a decision has to know of it. */
export interface Standing {
  /** Id of the run. Undefined as long as the store has not told which run there is: then nobody gets the candidate. */
  readonly run: string | undefined;
  /** Index of the stage. */
  readonly stage: number;
  /** How often the weight has changed in this run, from 0. */
  readonly epoch: number;
  /** Share of the requests that the candidate answers, from 0 to 1. */
  readonly share: number;
  /** Share of the control's requests that are shadowed, from 0 to 1. */
  readonly shadowShare: number;
}

/** By name of the rollout. Where one is missing, the rollout stands at its configured stage. */
export type Standings = ReadonlyMap<string, Standing>;

/** Where a rollout stands for a request. */
export interface Position extends Pick<Standing, "stage" | "share"> {
  /** Undefined for a rollout that nobody has started, or of which that is not known. */
  readonly run: string | undefined;
  /** Undefined for a rollout that nobody has started. */
  readonly epoch: number | undefined;
}

/** Was it not known where a rollout stood, as the store had not told it yet? Then the control answered alone. */
export function isUnknown({ run, epoch }: Partial<Pick<Position, "run" | "epoch">>): boolean {
  return run === undefined && epoch !== undefined;
}

/** Where its run stands, or, of one without, what is configured. */
export function positionOf(
  { name, policy, stage }: Pick<Rollout, "name" | "policy" | "stage">,
  standings: Standings,
): Position {
  const share = (policy.stages[stage]?.percent ?? 0) / 100;
  return standings.get(name) ?? { stage, share, run: undefined, epoch: undefined };
}

/** A share as a percentage: 0.07 is 7 %, not 7.000000000000001 %. */
export function percentOf(share: number): number {
  return Math.round(share * 1e8) / 1e6;
}
