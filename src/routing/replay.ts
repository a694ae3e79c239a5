import type { ChatRequest } from "../domain/chat.ts";
import { isRedacted } from "../domain/redactor.ts";
import type { Standings } from "../domain/rollout.ts";
import type { Signals } from "../domain/signals.ts";
import type { Arm, Route, Rule } from "../domain/table.ts";
import { armsOf, type Choice, choose, stickyLabel } from "./choose.ts";
import { type PastKey, PastView } from "./past-view.ts";

/** What is left of the signals of an earlier request. */
export interface Kept {
  readonly key: PastKey;
  readonly at: Date;
  /** From [0, 1), in place of chance. */
  readonly random: number;
  readonly rollouts: Standings;
  /** By which it was decided then; undefined where it was not, or where it is not what it was. */
  readonly sticky: { readonly by: string; readonly key: string } | undefined;
  /** How conditions turned out then, by their source. */
  readonly verdicts: ReadonlyMap<string, boolean>;
}

export type Replayed =
  | {
      readonly kind: "decided";
      readonly rule: Rule;
      readonly choice: Choice;
      /** Among which it was chosen. */
      readonly arms: readonly Arm[];
    }
  /** The rule's condition looks at what was not kept: these values. */
  | { readonly kind: "untold"; readonly rule: Rule; readonly values: readonly string[] };

/**
 * What the rules of a route do with an earlier request, as far as what was kept of it tells. Pure.
 * @throws RangeError for a route whose last rule can fail to match
 */
export function replay(request: ChatRequest, route: Route, kept: Kept): Replayed {
  const { key, at } = kept;
  const view = new PastView({ request, metadata: request.fields.metadata, key, at });
  for (const rule of route.rules) {
    const { when } = rule;
    const verdict = when === undefined || (kept.verdicts.get(when.source) ?? view.verdict(when));
    if (verdict === "untold")
      return { kind: "untold", rule, values: when === undefined ? [] : view.missing(when) };
    if (verdict !== true) continue;
    const choice = choose(rule.use, withoutRedacted(request), signalsOf(kept));
    return { kind: "decided", rule, choice, arms: armsOf(rule.use, kept.rollouts) };
  }
  throw new RangeError(`route ${route.name} has no rule that always matches`);
}

/** What was redacted would be one sticky key for many. */
function withoutRedacted(request: ChatRequest): ChatRequest {
  const { user, metadata } = request.fields;
  const kept = Object.entries(metadata).filter(([, value]) => !isRedacted(value));
  const fields = {
    ...request.fields,
    user: user !== undefined && isRedacted(user) ? undefined : user,
    metadata: Object.fromEntries(kept),
  };
  return { ...request, fields };
}

/** Of what a choice looks at, a header that the split sticks to is known by the sticky key that it gave. */
function signalsOf({ at, random, rollouts, sticky }: Kept): Signals {
  return {
    header: (name) => (sticky?.by === stickyLabel({ from: "header", name }) ? sticky.key : undefined),
    key: undefined,
    now: at,
    random,
    health: {},
    rollouts,
    force: undefined,
  };
}
