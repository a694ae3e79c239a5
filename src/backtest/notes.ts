import { count } from "../reports/words.ts";
import type { BacktestDocument, RouteDocument } from "./document.ts";

const LEFT_OUT: Readonly<Record<string, string>> = {
  forced: "had their variant chosen by the client",
  without_texts: "were captured without their texts",
  outside_the_sample: "were captured only because they failed, beside the sample",
  unreadable: "have texts that are no chat request",
};

const SAYS_NOTHING: Readonly<Record<string, string>> = {
  cached: "were answered from the cache",
  client_closed: "were left by the client before their end",
  not_rated: "have no such feedback, or one that is no number",
  refused: "would be refused",
};

/** What somebody who reads a backtest has to know. */
export function notesOn(route: Omit<RouteDocument, "notes">): string[] {
  const { untold, left_out, quality, simulated, by_chance, moved } = route;
  return [
    ...untold.map(
      ({ requests, rule, values, configuration }) =>
        `${count(requests, "request")} can't be told: the rule \`${rule}\` of the ${configuration} configuration looks at ${values.join(", ")}, which captures do not keep.`,
    ),
    ...reasons(left_out, LEFT_OUT, "are not compared"),
    ...reasons(quality.left_out, SAYS_NOTHING, `say nothing of \`${quality.reward}\``),
    ...(simulated > 0
      ? [
          `${count(simulated, "request")} were answered by the built-in simulator: they tell nothing of real models.`,
        ]
      : []),
    ...(by_chance > 0 && moved > 0
      ? [
          `${count(by_chance, "request")} have no sticky key that was kept, so that chance chooses: what is counted of them is one draw.`,
        ]
      : []),
    ...(quality.fallbacks > 0 && quality.reward === "success"
      ? [
          `${count(quality.fallbacks, "request")} that a fallback answered count as failures of the variant decided on.`,
        ]
      : []),
  ];
}

function reasons(
  counts: Readonly<Record<string, number>>,
  words: Readonly<Record<string, string>>,
  what: string,
): readonly string[] {
  return Object.entries(counts).map(
    ([reason, requests]) => `${count(requests, "request")} ${what}: they ${words[reason] ?? reason}.`,
  );
}

/** @returns undefined where all captures of the time were read */
export function limitNote({
  complete,
  captures,
}: Pick<BacktestDocument, "complete" | "captures">): string | undefined {
  if (complete) return undefined;
  return `Only the newest ${count(captures, "capture")} were read: raise --limit for all of this time.`;
}
