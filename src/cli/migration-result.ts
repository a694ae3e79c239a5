import { type Interval, wilsonInterval } from "../domain/statistics.ts";
import { percent, rounded, usd } from "../reports/words.ts";
import type { Asked } from "./migration-client.ts";
import { textTable } from "./text-table.ts";

/** What was measured of a variant. */
export interface Measured {
  readonly questions: number;
  readonly right: number;
  /** Of a request, on average. */
  readonly inputTokens: number;
  /** Of a request, on average. */
  readonly usd: number;
}

export interface Contender {
  readonly name: string;
  readonly measured: Measured;
}

/** The variants in the order in which they should do better. */
export interface Contest {
  readonly bare: Contender;
  readonly prompted: Contender;
  readonly early: Contender;
  readonly tuned: Contender;
}

/** A tuned model sends a small part of what the prompt sends. */
const MOST_OF_THE_PROMPT = 0.1;

export function isRight({ question, answer }: Asked): boolean {
  return answer === question.intent;
}

export function measured(asked: readonly Asked[]): Measured {
  const mean = (of: (one: Asked) => number): number =>
    asked.reduce((sum, one) => sum + of(one), 0) / asked.length;
  return {
    questions: asked.length,
    right: asked.filter(isRight).length,
    inputTokens: mean(({ inputTokens }) => inputTokens),
    usd: mean((one) => one.usd),
  };
}

/** `61.2% right (58.9% to 63.4%), 4,512 tokens and $0.0018 a request` */
export function measuredText(of: Measured): string {
  return `${percent(of.right / of.questions)} right (${intervalText(intervalOf(of))}), ${rounded(Math.round(of.inputTokens))} tokens and ${usd(of.usd)} a request`;
}

export function contestTable({ bare, prompted, early, tuned }: Contest): string {
  const rows = [bare, prompted, early, tuned].map(({ name, measured: of }) => [
    name,
    percent(of.right / of.questions),
    intervalText(intervalOf(of)),
    rounded(Math.round(of.inputTokens)),
    usd(of.usd, prompted.measured.usd / 100),
  ]);
  return textTable(["variant", "right", "95% interval", "tokens in", "USD a request"], rows, 1);
}

/** What did not come out as it should have. None: the tuned model is the best by far, and the cheapest. */
export function doubtsIn({ bare, prompted, early, tuned }: Contest): readonly string[] {
  const better = (one: Contender, than: Contender): readonly string[] =>
    intervalOf(one.measured).low > intervalOf(than.measured).high
      ? []
      : [`${one.name} is not better than ${than.name} beyond doubt.`];
  const share = tuned.measured.inputTokens / prompted.measured.inputTokens;
  const fewer =
    share <= MOST_OF_THE_PROMPT
      ? []
      : [`${tuned.name} takes ${percent(share)} of the tokens that ${prompted.name} takes.`];
  return [...better(prompted, bare), ...better(tuned, prompted), ...better(tuned, early), ...fewer];
}

function intervalOf({ right, questions }: Measured): Interval {
  return wilsonInterval(right, questions);
}

function intervalText({ low, high }: Interval): string {
  return `${percent(low)} to ${percent(high)}`;
}
