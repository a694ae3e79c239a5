import type { ChatRequest } from "../domain/chat.ts";
import type { JudgeSettings } from "../domain/table.ts";
import type { Answered, Ask } from "./answered.ts";
import type { JudgementDocument, VerdictDocument } from "./document.ts";
import { type Judged, judgeRequest, readVerdict, type Verdict } from "./judge-prompt.ts";
import { messageText, readable } from "./message.ts";

/** A variant's answer and what it is judged against. */
export interface Contest {
  readonly conversation: string;
  readonly variant: string;
  readonly against: string;
}

/**
 * Asks a model which of two answers is better, in both orders, as judges like what they read first (Zheng and others,
 * "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", 2023): only what both orders agree on is a win or a loss.
 */
export class Judge {
  readonly #ask: Ask;
  readonly #settings: JudgeSettings;
  readonly #redact: (text: string) => string;
  /** Does its server know response formats? True until it refuses one. */
  #structured = true;

  /** @param redact takes secrets out of what the judge gets to read */
  constructor(ask: Ask, settings: JudgeSettings, redact: (text: string) => string) {
    this.#ask = ask;
    this.#settings = settings;
    this.#redact = redact;
  }

  /** @throws the signal's reason once it is aborted */
  async judge(contest: Contest, signal: AbortSignal): Promise<JudgementDocument> {
    const conversation = this.#redact(contest.conversation);
    const variant = this.#redact(contest.variant);
    const against = this.#redact(contest.against);
    const [ahead, behind] = await Promise.all([
      this.#verdict({ conversation, first: variant, second: against }, signal),
      this.#verdict({ conversation, first: against, second: variant }, signal),
    ]);
    return judgementOf(ahead, behind);
  }

  async #verdict(judged: Judged, signal: AbortSignal): Promise<Answered> {
    const structured = this.#structured;
    const answered = await this.#asked(judged, structured, signal);
    if (!structured || !refusesRequest(answered)) return answered;
    this.#structured = false;
    return this.#asked(judged, false, signal);
  }

  #asked(judged: Judged, structured: boolean, signal: AbortSignal): Promise<Answered> {
    const { rubric, variant } = this.#settings;
    return this.#ask(judgeRequest(rubric, judged, structured), variant, signal);
  }
}

/** What a judge gets to read of a request. */
export function conversationOf({ messages }: ChatRequest): string {
  return messages.map((message) => `${message.role}: ${readable({ content: message.content })}`).join("\n\n");
}

/** TGI says 422 for a member that it does not take. */
function refusesRequest({ outcome }: Answered): boolean {
  return outcome.kind === "failure" && (outcome.status === 400 || outcome.status === 422);
}

/** @param ahead what was said with the variant's answer first @param behind with the other one first */
function judgementOf(ahead: Answered, behind: Answered): JudgementDocument {
  const verdicts = [verdictOf(ahead), verdictOf(behind)] as const;
  const failure = [ahead, behind].find(({ outcome }) => outcome.kind === "failure")?.outcome;
  const outcomes = [
    ofVariant(verdicts[0]?.better, "first"),
    ofVariant(verdicts[1]?.better, "second"),
  ] as const;
  const readable = outcomes[0] !== undefined && outcomes[1] !== undefined;
  const agree = outcomes[0] === outcomes[1];
  return {
    outcome: readable ? ((agree ? outcomes[0] : "tie") ?? null) : null,
    orders_agree: readable ? agree : null,
    verdicts: [document("variant", verdicts[0]), document("against", verdicts[1])],
    cost_usd: sumOf([ahead.costUsd, behind.costUsd]),
    error: failure?.kind === "failure" ? failure.message : null,
  };
}

function verdictOf({ outcome }: Answered): Verdict | undefined {
  return outcome.kind === "answer" ? readVerdict(messageText(outcome.message)) : undefined;
}

function ofVariant(
  better: Verdict["better"] | undefined,
  place: "first" | "second",
): "win" | "tie" | "loss" | undefined {
  if (better === undefined || better === "tie") return better;
  return better === place ? "win" : "loss";
}

function document(shownFirst: "variant" | "against", verdict: Verdict | undefined): VerdictDocument {
  return { shown_first: shownFirst, better: verdict?.better ?? null, reason: verdict?.reason ?? "" };
}

function sumOf(costs: readonly (number | undefined)[]): number | null {
  const known = costs.filter((cost) => cost !== undefined);
  return known.length === 0 ? null : known.reduce((sum, cost) => sum + cost, 0);
}
