import { compileCondition } from "../config/condition.ts";
import type { Condition } from "../domain/table.ts";
import { type Past, PastView } from "../routing/past-view.ts";
import type { KeptRule } from "./rule-set.ts";
import type { WhyStep } from "./why-document.ts";

/**
 * The rules that were tried for a request, up to the one that took it, and what each condition saw of what was kept.
 * @returns undefined where the rule is not among them
 */
export function triedRules(rules: readonly KeptRule[], rule: string, past: Past): WhyStep[] | undefined {
  const last = rules.findIndex(({ name }) => name === rule);
  if (last === -1) return undefined;
  const view = new PastView(past);
  return rules.slice(0, last + 1).map((one, index) => stepOf(one, index === last, view));
}

function stepOf({ name, when }: KeptRule, matched: boolean, view: PastView): WhyStep {
  const plain = { rule: name, when, matched, values: {}, not_kept: [] };
  if (when === null) return { ...plain, why: "the rule has no condition" };
  const condition = compiled(when);
  if (condition === undefined)
    return { ...plain, why: "its condition is of a version that can't be read any more" };
  return {
    ...plain,
    values: view.values(condition),
    not_kept: [...view.missing(condition)],
    why: whyOf(condition, matched, view),
  };
}

/** Whether it matched is known from the decision. What was kept may say less, or, where texts were redacted, otherwise. */
function whyOf(condition: Condition, matched: boolean, view: PastView): string {
  const verdict = view.verdict(condition);
  const was = matched ? "it matched" : "it did not match";
  if (verdict === "untold") return `${was}, by what was not kept`;
  if ((verdict === true) !== matched)
    return `${was}, though what was kept says otherwise: texts were redacted since, or the key's tags have changed`;
  return matched ? "the condition is true" : view.explainMiss(condition);
}

function compiled(source: string): Condition | undefined {
  try {
    return compileCondition(source);
  } catch {
    return undefined;
  }
}
