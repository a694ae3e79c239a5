import type { WhyChange, WhyDocument, WhyRollout, WhyStep } from "../backtest/why-document.ts";
import { percentOf } from "../domain/rollout.ts";
import { usd } from "../reports/words.ts";
import { guardrailText } from "../rollouts/words/evidence.ts";
import { groundText } from "../rollouts/words/run.ts";
import { callLine } from "./capture-text.ts";
import { type Fact, factLines } from "./fact-lines.ts";
import { plainLine, plainText } from "./plain-text.ts";

/** Why a request went where it did, for people. */
export function whyText(document: WhyDocument): string {
  const { id, route, created_at, query, rules, rollout, calls, notes } = document;
  const head = `${id}, ${created_at.slice(0, 19)} UTC, route ${route}${query === null ? "" : `: ${JSON.stringify(plainLine(query))}`}`;
  const sections = [
    section("Rules", rules?.flatMap(stepLines) ?? []),
    section("Decision", factLines(decisionFacts(document))),
    section("Rollout", rollout === null ? [] : factLines(rolloutFacts(rollout))),
    section("Calls", calls.map(callLine)),
    section("Outcome", factLines(outcomeFacts(document))),
    section("Notes", notes),
  ];
  return `${[onOneLine(head), ...sections.filter((text) => text !== "")].join("\n\n")}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${onOneLine(line)}`)].join("\n");
}

function stepLines({ rule, when, matched, why, values, not_kept }: WhyStep): readonly string[] {
  return [
    `${matched ? "✓" : "✗"} ${rule}${when === null ? "" : `: ${when}`}`,
    `    ${why}`,
    ...Object.entries(values).map(([path, value]) => `    ${path} = ${JSON.stringify(value)}`),
    ...not_kept.map((path) => `    ${path} was not kept`),
  ];
}

function decisionFacts({ decision, table_version }: WhyDocument): readonly Fact[] {
  const { rule, variant, propensity, forced, sticky_by, sticky_key } = decision;
  const by = sticky_by === null ? "chance" : `${sticky_by} = ${sticky_key ?? ""}`;
  return [
    [
      "variant",
      forced
        ? `${variant}, which the client chose by x-crossover-variant`
        : `${variant}, by the rule ${rule}`,
    ],
    ...(propensity === 1 ? [] : [["chosen by", `${by}, with the probability ${propensity}`] as const]),
    ...(table_version === null ? [] : [["configuration", table_version] as const]),
  ];
}

function rolloutFacts({
  rollout,
  known,
  side,
  stage,
  share,
  run,
  set_by,
  ended,
  state,
}: WhyRollout): readonly Fact[] {
  if (!known) {
    const why =
      "where the rollout stood was not known (the store did not answer): the control alone answered";
    return [[rollout, why]];
  }
  const stood = share === null ? "its share is not known" : `the candidate had ${percentOf(share)}%`;
  return [
    [
      rollout,
      `${stood}${stage === null ? "" : ` in stage ${stage + 1}`}${side === null ? "" : `; this request was the ${side}'s`}`,
    ],
    [
      "run",
      run === null
        ? "none: nobody had started it"
        : `${run}${state === null ? "" : `, now ${state.replace("_", " ")}`}`,
    ],
    ...(set_by === null ? [] : [["share set by", changeText(set_by)] as const]),
    ...(ended === null ? [] : [["ended by", changeText(ended)] as const]),
  ];
}

function changeText(change: WhyChange): string {
  const { at, action, by, reason, guardrail, from_percent, to_percent } = change;
  const ground = groundText(change);
  const why = [
    ...(ground === undefined ? [] : [ground]),
    ...(guardrail === null ? [] : [`${guardrailText(guardrail)} crossed`]),
    ...(reason === null ? [] : [JSON.stringify(plainLine(reason))]),
  ];
  const step = `${action} from ${from_percent}% to ${to_percent}% by ${by}, ${at.slice(0, 19)} UTC`;
  return why.length === 0 ? step : `${step}: ${why.join(", ")}`;
}

function outcomeFacts({ outcome }: WhyDocument): readonly Fact[] {
  const { status, error_code, answered_by, fallback, cached, simulated, attempts } = outcome;
  const { duration_ms, first_token_ms, input_tokens, output_tokens, cost_usd } = outcome;
  const first = first_token_ms === null ? "" : `, the first token after ${first_token_ms.toFixed(1)} ms`;
  return [
    ["ended", `${outcome.outcome} (${status}${error_code === null ? "" : ` ${error_code}`})`],
    [
      "answered by",
      `${answered_by}${fallback ? ", a fallback" : ""}${simulated ? ", played by the simulator" : ""}`,
    ],
    ...(outcome.unusable === null ? [] : [["unusable", outcome.unusable] as const]),
    [
      "took",
      cached
        ? "nothing: from the cache"
        : `${attempts} ${attempts === 1 ? "call" : "calls"}, ${duration_ms.toFixed(1)} ms${first}`,
    ],
    ...(input_tokens === null || output_tokens === null
      ? []
      : [["tokens", `${input_tokens} in, ${output_tokens} out`] as const]),
    ...(cost_usd === null ? [] : [["cost", usd(cost_usd)] as const]),
  ];
}

/** A condition may have been written on several lines. */
function onOneLine(line: string): string {
  return plainText(line.replaceAll(/\s*\n\s*/g, " "));
}
