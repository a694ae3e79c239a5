import type { Path, Variant } from "./table.ts";

/** What the router chose, and with which odds. */
export interface Decision {
  readonly route: string;
  readonly rule: string;
  readonly variant: Variant;
  readonly path: Path;
  /** The probability with which this variant was chosen, above 0 and at most 1. */
  readonly propensity: number;
  /** Where the sticky key came from, such as `metadata.tenant`; undefined when chance decided. */
  readonly stickyBy: string | undefined;
  readonly stickyKey: string | undefined;
  readonly rollout: string | undefined;
  /** Index of the rollout's stage, from 0. */
  readonly stage: number | undefined;
  /** Share of the requests that the rollout's candidate got then, from 0 to 1. */
  readonly share: number | undefined;
  /** Id of the rollout's run; undefined where it was not started, or where that is not known: then `epoch` is 0. */
  readonly run: string | undefined;
  /** How often the weight had changed in that run. */
  readonly epoch: number | undefined;
  /** Rules whose condition could not be evaluated; they count as not matched. */
  readonly failedRules: readonly string[];
}

/** One rule that was tried. */
export interface Step {
  readonly rule: string;
  /** The condition's source; null for a rule without one. */
  readonly when: string | null;
  readonly matched: boolean;
  /** The values that the condition looked at. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why it matched or not, in words. */
  readonly why: string;
}

export interface Explanation {
  readonly decision: Decision;
  readonly trace: readonly Step[];
}
