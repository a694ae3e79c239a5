import { shownCallOf } from "../captures/shown-call.ts";
import { shownOutcomeOf } from "../captures/shown-outcome.ts";
import type { ChatRequest } from "../domain/chat.ts";
import { parseJson } from "../domain/json.ts";
import type { Store, StoredCapture } from "../store/store.ts";
import type { Parse } from "./past-request.ts";
import { rolloutThen } from "./rollout-then.ts";
import { type KeptRule, ruleSet } from "./rule-set.ts";
import { triedRules } from "./tried-rules.ts";
import { unusableAnswer } from "./unusable.ts";
import type { WhyDocument } from "./why-document.ts";

export interface WhyDeps {
  readonly store: Pick<Store, "find" | "ruleSet" | "run" | "rolloutChanges">;
  readonly parse: Parse;
  /** Tags of a key by its name; undefined where there is no such key. */
  readonly tagsOf: (key: string) => readonly string[] | undefined;
}

/** Why a captured request went where it went. @returns undefined where it is not kept @throws StoreError */
export async function why(id: string, deps: WhyDeps): Promise<WhyDocument | undefined> {
  const { store } = deps;
  const capture = await store.find(id);
  if (capture === undefined) return undefined;
  const rules = await rulesThen(store, capture);
  const use = rules?.find(({ name }) => name === capture.rule)?.use;
  const steps = rules && triedRules(rules, capture.rule, pastOf(capture, deps));
  return {
    object: "crossover.why",
    id,
    created_at: new Date(capture.at).toISOString(),
    route: capture.route,
    query: capture.content?.query ?? null,
    key: capture.key ?? null,
    user: capture.user ?? null,
    table_version: capture.tableVersion ?? null,
    rules: steps ?? null,
    decision: {
      rule: capture.rule,
      variant: capture.decided,
      propensity: capture.propensity,
      forced: isForced(capture, rules),
      sticky_by: capture.stickyBy ?? null,
      sticky_key: capture.stickyKey ?? null,
    },
    rollout: (await rolloutThen(store, capture, use)) ?? null,
    calls: capture.calls.map(shownCallOf),
    outcome: outcomeOf(capture),
    notes: notesOn(capture, steps !== undefined || isForced(capture, rules)),
  };
}

/** @returns undefined where they were not kept */
async function rulesThen(
  store: Pick<Store, "ruleSet">,
  { route, tableVersion }: StoredCapture,
): Promise<readonly KeptRule[] | undefined> {
  const stored = tableVersion === undefined ? undefined : await store.ruleSet(tableVersion);
  return stored && ruleSet.safeParse(parseJson(stored.document)).data?.routes[route];
}

function pastOf(capture: StoredCapture, { parse, tagsOf }: WhyDeps) {
  const { content, metadata, key, at } = capture;
  return {
    request: content && parsed(content.request, parse),
    metadata,
    key: key === undefined ? { name: "", tags: [] } : { name: key, tags: tagsOf(key) },
    at: new Date(at),
  };
}

function parsed(request: string, parse: Parse): ChatRequest | undefined {
  try {
    return parse(request);
  } catch {
    return undefined; // redaction may leave what is no chat request
  }
}

/** A client's own choice is told as a rule of this name, unless a rule has it. */
function isForced({ rule }: StoredCapture, rules: readonly KeptRule[] | undefined): boolean {
  return rule === "forced" && rules?.some(({ name }) => name === rule) !== true;
}

function outcomeOf(capture: StoredCapture): WhyDocument["outcome"] {
  const { variant, decided } = capture;
  return {
    ...shownOutcomeOf(capture),
    answered_by: variant,
    fallback: variant !== decided,
    unusable: unusableAnswer(capture) ?? null,
  };
}

function notesOn({ content, calls, attempts, cached, status }: StoredCapture, hasRules: boolean): string[] {
  return [
    ...(hasRules
      ? []
      : ["The rules of that time were not kept: it was captured before they were, or they are gone."]),
    ...(content === undefined
      ? ["Its texts were not kept: what conditions saw of them can't be shown."]
      : []),
    ...(cached ? ["The response cache answered: no model was called."] : []),
    ...(!cached && attempts === 0 && status >= 400
      ? ["The gateway itself refused it before any call, such as for a limit: `error_code` tells which."]
      : []),
    ...(attempts > 0 && calls.length === 0
      ? ["Its calls were not kept: it was captured before they were."]
      : []),
  ];
}
