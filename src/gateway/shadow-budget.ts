import { conversationOf } from "../comparison/judge.ts";
import { judgeRequest } from "../comparison/judge-prompt.ts";
import { readable } from "../comparison/message.ts";
import type { ChatRequest } from "../domain/chat.ts";
import { GatewayError } from "../domain/errors.ts";
import type { JudgeSettings, Table, Variant } from "../domain/table.ts";
import { mostUsd } from "./foresee.ts";
import type { Shadowed } from "./shadow-pair.ts";

/** Where a run's budget for shadowing stands: what is spent, and what calls under way may take. */
export class ShadowBudget {
  readonly #spentToday: (run: string) => number;
  readonly #reserved = new Map<string, number>();

  /** @param spentToday over all replicas, in USD; what was told of this one is in it at once */
  constructor(spentToday: (run: string) => number) {
    this.#spentToday = spentToday;
  }

  /**
   * Holds what a call may cost until it is released.
   * @param mostUsd undefined: nobody knows
   * @param limit USD a day; undefined: as much as it takes
   * @returns false when that is too much, or can't be known though there is a limit
   */
  reserve(run: string, mostUsd: number | undefined, limit: number | undefined): boolean {
    const reserved = this.#reserved.get(run) ?? 0;
    if (limit !== undefined) {
      if (mostUsd === undefined || this.#spentToday(run) + reserved + mostUsd > limit) return false;
    }
    this.#reserved.set(run, reserved + (mostUsd ?? 0));
    return true;
  }

  release(run: string, mostUsd: number | undefined): void {
    const left = (this.#reserved.get(run) ?? 0) - (mostUsd ?? 0);
    if (left > 1e-12) this.#reserved.set(run, left);
    else this.#reserved.delete(run);
  }
}

/** The most that a call may cost; nothing where it can't even be made, undefined where nobody knows. */
export function capOf(request: ChatRequest, variant: Variant, table: Table): number | undefined {
  try {
    return mostUsd(request, variant, table);
  } catch (error) {
    if (error instanceof GatewayError) return 0;
    throw error;
  }
}

/** The most that the candidate and the judge may cost; undefined: nobody knows. */
export function mostOf(
  { request, answer, costCapUsd }: Shadowed,
  judge: JudgeSettings | undefined,
  table: Table,
): number | undefined {
  if (judge === undefined || answer === undefined || costCapUsd === undefined) return costCapUsd;
  const text = readable(answer.message);
  const asked = judgeRequest(
    judge.rubric,
    { conversation: conversationOf(request), first: text, second: text },
    true,
  );
  const most = capOf(asked, judge.variant, table);
  return most === undefined ? undefined : costCapUsd + 2 * most;
}
