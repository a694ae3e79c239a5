import type { CaptureFacts, UsageHour } from "../domain/capture.ts";
import { Made } from "../domain/made.ts";
import { NO_USAGE } from "../domain/usage-sums.ts";

const HOUR_MS = 60 * 60 * 1000;

type Sums = { -readonly [Member in keyof UsageHour]: UsageHour[Member] };

/** What tells one sum from another. */
type Group = Pick<UsageHour, "hour" | "route" | "variant" | "path" | "model" | "promptVersion">;

/** What requests took, added up by hour and variant until it is stored. */
export class UsageHours {
  #sums: Sums[] = [];
  /** The same by route and variant: a key put together for each request would take longer than all sums. */
  #found = newIndex();

  get size(): number {
    return this.#sums.length;
  }

  add(facts: CaptureFacts): void {
    const sums = this.#of(Math.floor(facts.at / HOUR_MS) * HOUR_MS, facts);
    sums.requests++;
    if (facts.status >= 400) sums.errors++;
    if (isFailure(facts)) sums.failures++;
    if (facts.cached) sums.cached++;
    sums.inputTokens += facts.inputTokens ?? 0;
    sums.cachedInputTokens += facts.cachedInputTokens ?? 0;
    sums.outputTokens += facts.outputTokens ?? 0;
    // A part of the input: where that is not known, or was not paid, it would seem larger than the whole.
    if (facts.inputTokens !== undefined) sums.addedTokens += facts.addedTokens;
    sums.durationMs += facts.durationMs;
    if (facts.costUsd === undefined) return;
    sums.priced++;
    sums.costUsd += facts.costUsd;
    sums.costUsdSquares += facts.costUsd ** 2;
  }

  /** All sums so far; they begin anew then. */
  take(): readonly UsageHour[] {
    const all = this.#sums;
    this.#sums = [];
    this.#found = newIndex();
    return all;
  }

  #of(hour: number, group: Omit<Group, "hour">): Sums {
    const { route, variant, path, model, promptVersion } = group;
    const candidates = this.#found.get(route).get(variant);
    let sums = candidates.find(
      (one) =>
        one.hour === hour && one.model === model && one.path === path && one.promptVersion === promptVersion,
    );
    if (sums === undefined) {
      sums = nothing(hour, group);
      candidates.push(sums);
      this.#sums.push(sums);
    }
    return sums;
  }
}

/** Is the model or its server to blame, and neither the client nor a limit? */
function isFailure({ outcome, attempts }: CaptureFacts): boolean {
  switch (outcome) {
    case "server_error":
    case "timeout":
    case "interrupted":
      return true;
    case "rate_limited":
      return attempts > 0; // the gateway's own limits are met before anybody is called
    case "success":
    case "client_error":
    case "client_closed":
      return false;
  }
}

function newIndex(): Made<string, Made<string, Sums[]>> {
  return new Made(() => new Made(() => []));
}

function nothing(hour: number, { route, variant, path, model, promptVersion }: Omit<Group, "hour">): Sums {
  return { hour, route, variant, path, model, promptVersion, ...NO_USAGE };
}
