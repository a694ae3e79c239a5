import type { Classes } from "./balance.ts";
import type { Card, CardFile } from "./card.ts";
import type { TokenStats } from "./estimate.ts";
import { isTrl } from "./format.ts";
import type { StepReport } from "./step.ts";

/** The card for people, in Markdown. */
export function readmeOf(card: Card): string {
  const { rows, split, cleaning, files } = card;
  const sections = [
    ...(isTrl(card.format) ? [hubHeader(files)] : []),
    `# Data set for ${card.model}`,
    `${rows.train} examples to train, ${rows.validation} to validate, in the format \`${card.format}\`. Made by ${card.tool}. ` +
      "All of this is in `card.json` too.",
    "## Source",
    sourceOf(card),
    "## Cleaning",
    table(
      ["step", "kept", "removed", "changed", "why"],
      cleaning.map((step) => [step.step, step.kept, step.removed, step.changed, whyOf(step)]),
    ),
    "## Split",
    `${split.groups} groups, the largest of ${split.largest} rows; ${split.leaks} ties between both sides. ` +
      `Seed \`${split.seed}\`, ${split.validation * 100}% of the groups to validation.`,
    ...labelsOf(card),
    "## Tokens",
    tokensOf(card),
    "## Files",
    table(
      ["file", "rows", "bytes", "SHA-256"],
      files.map((file) => [`\`${file.name}\``, file.rows, file.bytes, `\`${file.sha256}\``]),
    ),
    ...(card.origins === undefined ? [] : [DELETION]),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** Tells the Hub and `load_dataset` which files are which. One that is named and not there would be an error. */
function hubHeader(files: readonly CardFile[]): string {
  const splits = ["train", "validation"].filter((split) =>
    files.some(({ name }) => name === `${split}.jsonl`),
  );
  return [
    "---",
    "configs:",
    "  - config_name: default",
    "    data_files:",
    ...splits.flatMap((split) => [`      - split: ${split}`, `        path: ${split}.jsonl`]),
    "---",
  ].join("\n");
}

const DELETION =
  "`captures.sha256` has the SHA-256 of every capture's id in the set. When a user's captures are deleted from the store, " +
  "they are still in here: build the set again.";

function sourceOf({ source, options, origins, corrected, simulated }: Card): string {
  const given = Object.entries(source.kind === "captures" ? source.filters : {});
  const lines = [
    source.kind === "file"
      ? `- file: \`${source.file}\`, SHA-256 \`${source.sha256}\``
      : `- captures: ${given.map(([name, value]) => `${name} \`${value}\``).join(", ")}`,
    `- options: ${Object.entries(options)
      .map(([name, value]) => `${name} \`${value}\``)
      .join(", ")}`,
    ...(origins === undefined
      ? []
      : [
          `- from ${origins.first} to ${origins.last}`,
          `- variants: ${counts(origins.variants)}; models: ${counts(origins.models)}; prompts: ${counts(origins.prompts)}`,
          `- corrected by reviewers: ${corrected}`,
          `- answers of the simulator: ${simulated}`,
        ]),
  ];
  return lines.join("\n");
}

function labelsOf({ labels }: Card): readonly string[] {
  if (labels === undefined) return [];
  const rows = Object.entries(labels.train).map(([label, train]) => [
    label,
    train,
    new Map(Object.entries(labels.validation)).get(label) ?? 0,
  ]);
  return ["## Labels", table(["label", "train", "validation"], rows)];
}

function tokensOf({ tokens, estimate }: Card): string {
  const row = (name: string, stats: TokenStats | undefined): readonly (string | number)[] =>
    stats === undefined
      ? [name, 0, "", "", "", ""]
      : [name, stats.total, stats.min, Math.round(stats.mean), stats.p95, stats.max];
  const cost = estimate.usd === undefined ? "" : `, about ${estimate.usd.toFixed(2)} USD`;
  return [
    table(
      ["file", "tokens", "least", "mean", "95%", "most"],
      [row("train", tokens.train), row("validation", tokens.validation)],
    ),
    `Training would take ${estimate.epochs} epochs: ${estimate.billedTokens} tokens${cost}. An estimate, by public price lists.`,
  ].join("\n\n");
}

function whyOf({ reasons, note }: StepReport): string {
  return [counts(reasons), note ?? ""].filter((part) => part !== "").join("; ");
}

function counts(values: Classes): string {
  return Object.entries(values)
    .map(([name, count]) => `${name} (${count})`)
    .join(", ");
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|").replaceAll(/\s+/g, " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
