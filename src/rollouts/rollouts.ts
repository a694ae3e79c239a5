import type { Rollout, Standings } from "../domain/rollout.ts";
import type { Observation } from "./observation.ts";
import type { Change, RolloutView, Run } from "./run.ts";

/** Who asks for a change, and why. */
export interface Asked {
  readonly by: string;
  readonly reason?: string | undefined;
}

/** What people and programs do with rollouts. */
export interface RolloutControl {
  views(): Promise<readonly RolloutView[]>;
  /** @throws GatewayError 404 `rollout_not_found` */
  view(name: string): Promise<RolloutView>;
  /** Newest first. @throws GatewayError 404 */
  changes(name: string, limit: number, before?: number): Promise<readonly Change[]>;
  /** Newest first. */
  runs(name: string, limit: number): Promise<readonly Run[]>;
  /**
   * Begins a run at the first stage, or at `stage`.
   * @throws GatewayError 404, 409 `rollout_state` while one runs or is paused, 503 `store_unavailable`
   */
  start(name: string, asked: Asked & { readonly stage?: number | undefined }): Promise<RolloutView>;
  /** @throws GatewayError 404, 409 for a run that is not running, 503 */
  pause(name: string, asked: Asked): Promise<RolloutView>;
  /** @throws GatewayError 404, 409 for a run that is not paused or whose verdict forbids it, 503 */
  resume(name: string, asked: Asked): Promise<RolloutView>;
  /** All traffic to the candidate. @throws GatewayError 404, 409 for a run that is promoted or rolled back, 503 */
  promote(name: string, asked: Asked): Promise<RolloutView>;
  /** All traffic to the control. @throws GatewayError 404, 409 for one that is rolled back, 503 */
  rollback(name: string, asked: Asked): Promise<RolloutView>;
  /** @param percent of the candidate, 0 to 100 @throws GatewayError 400, 404, 409, 503 */
  setWeight(name: string, percent: number, asked: Asked): Promise<RolloutView>;
}

/** What the path of a request has to do with rollouts: nothing here waits or throws. */
export interface RolloutWatch {
  /** Where runs stand now; another object after each change. */
  readonly standings: Standings;
  /** Does a rollout, as it is configured, have the variants and guardrails with which a run was started? */
  fits(rollout: Rollout, run: string): boolean;
  /** Counts an observation in, soon. @param run to which its request was assigned */
  observe(run: string, observation: Observation): void;
  /** What shadowing costs today, over all replicas, as far as is known. In USD. */
  shadowSpentToday(run: string): number;
}
