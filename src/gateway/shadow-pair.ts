import type { Answered, Ask, Outcome } from "../comparison/answered.ts";
import { conversationOf, type Judge } from "../comparison/judge.ts";
import { messageText, readable, sameToolCalls } from "../comparison/message.ts";
import type { SchemaCheck } from "../comparison/schema-check.ts";
import { editSimilarity } from "../comparison/similarity.ts";
import { isUnusable } from "../comparison/validity.ts";
import type { ChatRequest } from "../domain/chat.ts";
import type { Variant } from "../domain/table.ts";
import type { PairObservation, Performance } from "../rollouts/observation.ts";
import { FAILED, type GivenAnswer } from "./performance.ts";

/** Characters of each answer of which the likeness is reckoned: clients wait meanwhile, a millisecond or two. */
const LONGEST = 4000;

/** A request that the control answered, and what the candidate is to be asked. */
export interface Shadowed {
  readonly request: ChatRequest;
  readonly check: SchemaCheck | undefined;
  readonly control: Performance;
  /** Undefined where it failed, or its answer is not known. */
  readonly answer: GivenAnswer | undefined;
  readonly candidate: Variant;
  /** Undefined: nobody can tell. */
  readonly costCapUsd: number | undefined;
}

export interface PairTools {
  readonly ask: Ask;
  /** Undefined: nobody judges. */
  readonly judge: Judge | undefined;
}

/** What came of a pair, without where its request was assigned. */
export type Pair = Omit<PairObservation, "kind" | "unit" | "stage" | "epoch" | "at">;

/** What it cost to ask the candidate, and what came of it. */
export interface ShadowResult {
  /** Undefined: the candidate's provider would take no more requests now, which tells nothing of the candidate. */
  readonly pair: Pair | undefined;
  readonly spentUsd: number;
}

/**
 * Asks the candidate what the control was asked, and compares the two. No tool is called.
 * @throws the signal's reason once it is aborted
 */
export async function askCandidate(
  shadowed: Shadowed,
  tools: PairTools,
  signal: AbortSignal,
): Promise<ShadowResult> {
  const { request, candidate, control, answer } = shadowed;
  const answered = await tools.ask(unstored(request, candidate), candidate, signal);
  const { outcome } = answered;
  const own = outcome.kind === "answer" ? outcome : undefined;
  const asked = answered.costUsd ?? (own && shadowed.costCapUsd) ?? 0;
  if (isTurnedAway(outcome)) return { pair: undefined, spentUsd: asked };
  const judged =
    own && answer && (await judgedOf(request, { own: own.message, other: answer.message }, tools, signal));
  const spentUsd = asked + (judged?.costUsd ?? 0);
  const pair = {
    control,
    candidate: candidatePerformance(answered, shadowed),
    ...likeness(answer?.message, own?.message),
    judged: judged?.better,
    spentUsd,
  };
  return { pair, spentUsd };
}

function isTurnedAway(outcome: Outcome): boolean {
  return outcome.kind === "failure" && (outcome.status === 429 || outcome.code === "circuit_open");
}

function candidatePerformance(
  { outcome, latencyMs, firstTokenMs, costUsd }: Answered,
  { check }: Shadowed,
): Performance {
  if (outcome.kind === "failure") return FAILED;
  const invalid = isUnusable(outcome.message, outcome.finishReason, check);
  return { error: false, invalid, latencyMs, firstTokenMs, costUsd };
}

type Likeness = Pick<
  PairObservation,
  "agrees" | "similarity" | "controlLength" | "candidateLength" | "sameTools"
>;

function likeness(control: unknown, candidate: unknown): Likeness {
  const [text, other] = [textOf(control), textOf(candidate)];
  const lengths = { controlLength: text?.length, candidateLength: other?.length };
  if (text === undefined || other === undefined)
    return { agrees: undefined, similarity: undefined, sameTools: undefined, ...lengths };
  const sameTools = sameToolCalls(control, candidate);
  return {
    agrees: text === other && sameTools !== false,
    similarity: editSimilarity(text.slice(0, LONGEST), other.slice(0, LONGEST)),
    sameTools,
    ...lengths,
  };
}

function textOf(message: unknown): string | undefined {
  return message === undefined ? undefined : messageText(message).trim();
}

interface Judged {
  readonly better: number | undefined;
  readonly costUsd: number;
}

/** Answers that read the same are as good as each other: nobody has to be asked. */
async function judgedOf(
  request: ChatRequest,
  { own, other }: { readonly own: unknown; readonly other: unknown },
  { judge }: PairTools,
  signal: AbortSignal,
): Promise<Judged | undefined> {
  if (judge === undefined) return undefined;
  const [variant, against] = [readable(own), readable(other)];
  if (variant === against) return { better: 0, costUsd: 0 };
  const { outcome, cost_usd } = await judge.judge(
    { conversation: conversationOf(request), variant, against },
    signal,
  );
  return { better: outcome === null ? undefined : BETTER[outcome], costUsd: cost_usd ?? 0 };
}

const BETTER = { win: 1, tie: 0, loss: -1 } as const;

/** The request, of which the provider keeps no answer: nobody gets it. */
function unstored(request: ChatRequest, { params }: Variant): ChatRequest {
  if (request.body["store"] !== true && params["store"] !== "true") return request;
  const store = { key: "store", keyJson: '"store"', json: "false", items: undefined };
  return {
    ...request,
    members: [...request.members.filter(({ key }) => key !== "store"), store],
    body: { ...request.body, store: false },
  };
}
