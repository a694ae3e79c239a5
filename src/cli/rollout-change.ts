import { parseArgs } from "node:util";
import { type RolloutDocument, rolloutDocument } from "../rollouts/document.ts";
import { stateText } from "../rollouts/words/run.ts";
import { percentText } from "../rollouts/words/units.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { consent } from "./consent.ts";
import { UsageError } from "./error-text.ts";
import { type NumberRule, numberOf, whole } from "./number-option.ts";
import { plainLine } from "./plain-text.ts";
import { oneRollout, pathOf } from "./rollout.ts";

const OPTIONS = { ...CONNECTION_OPTIONS, reason: { type: "string" } } as const;
const ASKING = { ...OPTIONS, yes: { type: "boolean", short: "y", default: false } } as const;

/** The gateway knows how many there are. */
const STAGE: NumberRule = { ...whole(0), words: `${whole(0).words}: the first stage is 0` };
const PERCENT: NumberRule = {
  isGood: (number) => number >= 0 && number <= 100,
  words: "a number from 0 to 100",
};

interface Asked {
  readonly url?: string | undefined;
  readonly json?: boolean | undefined;
  readonly reason?: string | undefined;
}

/** `crossover rollout start`. @returns the exit code */
export async function start(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...ASKING, stage: { type: "string" } },
  });
  const stage = numberOf("--stage", values.stage, STAGE);
  const name = oneRollout(positionals);
  await consentTo(name, values, ({ state, control, candidate, percent }) =>
    state === "promoted"
      ? `Start anew? ${percentText(percent)} goes to ${candidate} now: all but the share of the stage that it begins at return to ${control}.`
      : undefined,
  );
  return change(name, "start", values, { stage });
}

/** `crossover rollout pause`. @returns the exit code */
export async function pause(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  return change(oneRollout(positionals), "pause", values);
}

/** `crossover rollout resume`. @returns the exit code */
export async function resume(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  return change(oneRollout(positionals), "resume", values);
}

/** `crossover rollout promote`. @returns the exit code */
export async function promote(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: ASKING });
  const name = oneRollout(positionals);
  await consentTo(
    name,
    values,
    (now) => `Send all traffic to ${now.candidate}? It has ${percentText(now.percent)} now.`,
  );
  return change(name, "promote", values);
}

/** `crossover rollout rollback`. @returns the exit code */
export async function rollback(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: ASKING });
  const name = oneRollout(positionals);
  await consentTo(
    name,
    values,
    (now) =>
      `Send all traffic to ${now.control}? ${percentText(now.percent)} of it goes to ${now.candidate} now.`,
  );
  return change(name, "rollback", values);
}

/** `crossover rollout set-weight`. @returns the exit code */
export async function setWeight(args: readonly string[]): Promise<number> {
  // What begins with a dash would be taken for an option.
  numberOf(
    "the percentage",
    args.find((one) => /^-\.?\d/.test(one)),
    PERCENT,
  );
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: ASKING });
  const [name, weight, ...more] = positionals;
  if (name === undefined || weight === undefined || more.length > 0)
    throw new UsageError("give the name of one rollout, and the candidate's percentage");
  const percent = numberOf("the percentage", weight.replace(/%$/, ""), PERCENT);
  await consentTo(name, values, (now) => weightQuestion(now, percent));
  return change(name, "set-weight", values, { percent });
}

function weightQuestion(
  { control, candidate, percent: from }: RolloutDocument,
  to: number | undefined,
): string | undefined {
  if (to === undefined || to === from) return undefined;
  if (to < from)
    return `Lower ${candidate} from ${percentText(from)} to ${percentText(to)}? Users return to ${control}.`;
  return to === 100
    ? `Send all traffic to ${candidate}? Without any answers of ${control} nothing can be compared.`
    : undefined;
}

/** Asks before what takes something away from users. @param question undefined: it takes nothing away */
async function consentTo(
  name: string,
  { url, yes }: Asked & { readonly yes: boolean },
  question: (now: RolloutDocument) => string | undefined,
): Promise<void> {
  if (yes) return;
  const asked = question(await askAdmin(url, { method: "GET", path: pathOf(name) }, rolloutDocument));
  if (asked !== undefined) await consent(plainLine(asked), yes);
}

async function change(
  name: string,
  action: string,
  { url, json, reason }: Asked,
  more: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const question = {
    method: "POST",
    path: `${pathOf(name)}/${action}`,
    body: { reason: reason?.trim() || undefined, ...more }, // a script's may be empty, and must not keep it from acting
  } as const;
  const now = await askAdmin(url, question, rolloutDocument);
  if (json) printJson(now);
  else
    process.stdout.write(
      plainLine(`${now.name}: ${stateText(now)}, ${percentText(now.percent)} to ${now.candidate}.`).concat(
        "\n",
      ),
    );
  return 0;
}
