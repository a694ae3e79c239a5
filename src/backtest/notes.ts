import { count } from "../reports/words.ts";
import type { BacktestDocument, RouteDocument } from "./document.ts";

const LEFT_OUT: Readonly<Record<string, string>> = {
  forced: "whose variant the client chose",
  without_texts: "captured without texts",
  outside_the_sample: "captured beside the sample, for failing",
  unreadable: "whose text is no chat request",
};

const SAYS_NOTHING: Readonly<Record<string, string>> = {
  cached: "answered from the cache",
  client_closed: "that the client left before the end",
  not_rated: "without such feedback, or with one that is no number",
  refused: "that would be refused",
};

/** What somebody who reads a backtest has to know. */
export function notesOn(route: Omit<RouteDocument, "notes">): string[] {
  const { untold, left_out, quality, simulated, by_chance, moved, moves } = route;
  const refused = moves.reduce((sum, { to, requests }) => sum + (to === null ? requests : 0), 0);
  return [
    ...(refused > 0
      ? [
          `${count(refused, "request")} would be refused: the new configuration has no route \`${route.route}\`, or does not let their keys use it.`,
        ]
      : []),
    ...untold.map(
      ({ requests, rule, values, configuration }) =>
        `${count(requests, "request")} can't be told: the rule \`${rule}\` of the ${configuration} configuration looks at ${values.join(", ")}, which captures do not keep.`,
    ),
    ...reasons("Not compared", left_out, LEFT_OUT),
    ...reasons(`Nothing known of \`${quality.reward}\``, quality.left_out, SAYS_NOTHING),
    ...(simulated > 0
      ? [`The built-in simulator answered ${count(simulated, "request")}: that tells nothing of real models.`]
      : []),
    ...(by_chance > 0 && moved > 0
      ? [
          `Of ${count(by_chance, "request")} no sticky key was kept, so that chance chooses: what is counted of them is one draw.`,
        ]
      : []),
    ...(quality.fallbacks > 0 && quality.reward === "success"
      ? [
          `A fallback answered ${count(quality.fallbacks, "request")}: for the variant decided on that is a failure.`,
        ]
      : []),
  ];
}

function reasons(
  what: string,
  counts: Readonly<Record<string, number>>,
  words: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(counts).map(
    ([reason, requests]) => `${what}: ${count(requests, "request")} ${words[reason] ?? reason}.`,
  );
}

/** @returns undefined where all captures of the time were read */
export function limitNote({
  complete,
  captures,
}: Pick<BacktestDocument, "complete" | "captures">): string | undefined {
  if (complete) return undefined;
  return `Read: only the newest ${count(captures, "capture")}. Raise --limit for all of this time.`;
}
