import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";
import { type Estimate, estimate, type TokenStats, tokenStats } from "../datasets/estimate.ts";
import { FORMATS, type Format, isFormat } from "../datasets/format.ts";
import { readLines } from "../datasets/read.ts";
import { tunableModel } from "../datasets/tunable-models.ts";
import { type DatasetReport, type ValidateOptions, validate as validateLines } from "../datasets/validate.ts";
import { datasetIn } from "./dataset-place.ts";
import { UsageError } from "./error-text.ts";
import { numberOf, whole } from "./number-option.ts";
import { textTable } from "./text-table.ts";

const OPTIONS = {
  validation: { type: "string" },
  format: { type: "string", default: "openai" },
  model: { type: "string", default: "gpt-4.1-mini" },
  epochs: { type: "string" },
  price: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** What is printed of a file. */
interface FileReport extends Omit<DatasetReport, "seen" | "tokens"> {
  readonly file: string;
  readonly tokens: TokenStats | null;
}

/** `crossover dataset validate`. @returns the exit code */
export async function validate(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const [place, ...more] = positionals;
  if (place === undefined || more.length > 0) throw new UsageError("give one file to check");
  const { training: file, validation: validationFile } = await datasetIn(place, values.validation);
  const format = formatOf(values.format);
  const { model } = values;
  const epochs = numberOf("--epochs", values.epochs, whole(1));
  const usdPerMillion = numberOf("--price", values.price, {
    isGood: (number) => number >= 0,
    words: "a number from 0",
  });

  const training = await check(file, { format, model });
  const validation =
    validationFile === undefined ? undefined : await check(validationFile, { format, model, training });
  const forOpenAI = format === "openai";
  const took = estimate(training.tokens, { model, epochs, usdPerMillion, forOpenAI });

  const files = [
    shown(file, training),
    ...(validationFile !== undefined && validation ? [shown(validationFile, validation)] : []),
  ];
  const [first, second] = files;
  if (values.json) {
    const report = { format, model, training: first, validation: second ?? null, estimate: took };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    for (const one of files) process.stdout.write(textOf(one));
    process.stdout.write(estimateText(took, { model, examples: training.examples }));
  }
  return files.every(({ valid }) => valid) ? 0 : 1;
}

function check(file: string, options: ValidateOptions): Promise<DatasetReport> {
  return validateLines(readLines(createReadStream(file)), options);
}

function formatOf(name: string): Format {
  if (isFormat(name)) return name;
  throw new UsageError(`there is no format ${JSON.stringify(name)}: use ${FORMATS.join(", ")}`);
}

function shown(file: string, { seen: _, tokens, ...report }: DatasetReport): FileReport {
  return { file, ...report, tokens: tokenStats(tokens) ?? null };
}

function textOf(report: FileReport): string {
  const { file, rows, examples, errors, warnings, tokens } = report;
  const verdict = errors === 0 ? "can be trained on" : "can't be trained on";
  const parts = [
    `${file} ${verdict}: ${counted(rows, "row")}, ${counted(errors, "error")}, ${counted(warnings, "warning")}.\n`,
  ];
  if (report.problems.length > 0) parts.push(`\n${problemTable(report)}\n`);
  if (tokens !== null) parts.push(tokensText(tokens, examples, report));
  return parts.join("");
}

/** A row of each code, errors first. */
function problemTable({ problems, counts, lines }: FileReport): string {
  const firsts = problems.filter(
    ({ code }, index) => problems.findIndex((one) => one.code === code) === index,
  );
  const ordered = firsts.toSorted((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
  const rows = ordered.map(({ line, level, code, path, message }) => {
    const many = lines[code] ?? 0;
    const times = counts[code] ?? 0;
    const first = line === null ? "file" : many > 1 ? `${many} lines, first ${line}` : String(line);
    return [times > many ? `${first} (${times} times)` : first, level, code, path, message];
  });
  return textTable(["line", "level", "code", "where", "what"], rows, 5);
}

function tokensText(
  { total, min, mean, p95, max }: TokenStats,
  examples: number,
  { answerTokens, exact }: Pick<FileReport, "answerTokens" | "exact">,
): string {
  const how = exact
    ? "counted as OpenAI's cookbook does"
    : "in part estimated: tools, images or the model's tokenizer";
  return (
    `${counted(examples, "example")} with ${total} tokens, ${answerTokens} of them in answers; ${how}.\n` +
    `Of an example: min ${min}, mean ${mean.toFixed(1)}, p95 ${Math.round(p95)}, max ${max}.\n`
  );
}

function estimateText(
  { epochs, epochsGiven, billedTokens, usdPerMillion, priceAsOf, usd }: Estimate,
  { model, examples }: { readonly model: string; readonly examples: number },
): string {
  if (examples === 0) return "";
  const rule = epochsGiven ? "" : " (OpenAI's default for so many examples)";
  const limit = tunableModel(model)?.exampleLimit;
  const cut = limit === undefined ? `\nThe limit of ${model} is not known here.` : "";
  const passes = `Training ${model} for ${counted(epochs, "epoch")}${rule} bills about ${billedTokens} tokens`;
  if (usd === undefined || usdPerMillion === undefined)
    return `${passes}. What a token costs is not known here: give --price.${cut}\n`;
  const source = priceAsOf === undefined ? "as given" : `OpenAI's list price as of ${priceAsOf}`;
  return `${passes}: USD ${usd.toFixed(2)} at ${usdPerMillion} per million, ${source}.${cut}\n`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
