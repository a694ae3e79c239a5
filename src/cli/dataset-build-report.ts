import type { Card } from "../datasets/card.ts";
import type { BuildOptions } from "./dataset-build-options.ts";
import { textTable } from "./text-table.ts";

/** Tells what was built, for people or for programs. @param problem why nothing was written */
export function tellBuilt(card: Card, { out, json }: BuildOptions, problem: string | undefined): void {
  const warnings = warningsOf(card);
  if (json) {
    const report = { built: problem === undefined, problem: problem ?? null, warnings, card };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  process.stdout.write(cleaningTable(card));
  if (problem === undefined) process.stdout.write(`\n${inWords(card, out)}`);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (problem !== undefined) process.stderr.write(`crossover dataset: ${problem}\n`);
}

function cleaningTable({ cleaning }: Card): string {
  const rows = cleaning.map(({ step, kept, removed, changed, reasons, note }) => [
    step,
    String(kept),
    String(removed),
    String(changed),
    ` ${[...counted(reasons), ...(note === undefined ? [] : [note])].join(", ")}`,
  ]);
  // The last column is text again, so it is not aligned to the right with the numbers.
  const width = Math.max(...rows.map((row) => row[4]?.length ?? 0));
  const padded = rows.map((row) => [...row.slice(0, 4), (row[4] ?? "").padEnd(width)]);
  return textTable(["step", "kept", "removed", "changed", "why".padEnd(width)], padded, 1);
}

function counted(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts).map(([name, count]) => `${name} (${count})`);
}

function inWords({ rows, split, tokens, estimate, files }: Card, out: string): string {
  const cost =
    estimate.usd === undefined
      ? ": what a token costs is not known, give --price"
      : `, about ${estimate.usd.toFixed(2)} USD`;
  return [
    `${out}: ${rows.train} examples to train, ${rows.validation} to validate`,
    `  ${split.groups} groups, ${split.leaks} ties between both sides`,
    `  ${tokens.train?.total ?? 0} tokens to train; ${estimate.epochs} epochs take ${estimate.billedTokens}${cost}`,
    ...files.map(({ name, bytes, sha256 }) => `  ${name}  ${bytes} bytes  ${sha256.slice(0, 16)}…`),
    "",
  ].join("\n");
}

/** Below this a model learns little that it could not be told; OpenAI's guide begins to see gains from 50 examples on. */
const FEW = 50;

/** What a user should know before training on the set. */
function warningsOf(card: Card): readonly string[] {
  const { rows, split, origins, simulated, format, conversations } = card;
  const all = rows.train + rows.validation;
  const prompts = counted(origins?.prompts ?? {});
  return [
    ...simulatedWarning(simulated, all),
    ...(rows.train < FEW ? [`${rows.train} examples to train are few: 50 to 100 are a beginning`] : []),
    ...(rows.validation === 0 && split.validation > 0 ? ["no example fell to validation"] : []),
    ...(all > FEW && split.largest > all / 2
      ? [`one group holds ${split.largest} of ${all} rows: see --group-by`]
      : []),
    ...(prompts.length > 1
      ? [
          `the answers come from ${prompts.length} versions of prompts: ${prompts.join(", ")}. ` +
            "--prompt-version V or --variant NAME takes one",
        ]
      : []),
    ...(format === "trl-messages" && conversations > 0
      ? [
          `${conversations} rows have earlier answers of the assistant, which TRL learns too: ` +
            "--format trl-prompt-completion teaches the last one only",
        ]
      : []),
  ];
}

function simulatedWarning(simulated: number, all: number): readonly string[] {
  if (simulated === 0) return [];
  return simulated === all
    ? [`all ${all} answers are the simulator's: good to try the road, not to train`]
    : [`${simulated} of ${all} answers are the simulator's, from which there is nothing to learn`];
}
