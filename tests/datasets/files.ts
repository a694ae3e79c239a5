import { readFileSync } from "node:fs";
import { type Line, linesOf, readLines } from "../../src/datasets/read.ts";
import { type DatasetReport, type ValidateOptions, validate } from "../../src/datasets/validate.ts";

/** Published fine-tuning files, and the model that each is checked for. */
export const PUBLISHED = {
  "lesson/18-training-data.jsonl": "gpt-4.1-mini",
  "finetune/recipes_ner_sample.jsonl": "gpt-4.1-mini",
  "finetune/cookbook_toy_chat_fine_tuning.jsonl": "gpt-3.5-turbo-0613", // the first that could be tuned
  "finetune/cookbook_drone_training_rows1-3.jsonl": "gpt-3.5-turbo",
} as const;

export type Published = keyof typeof PUBLISHED;

export function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

/** The rows of a fixture, each as its text. */
export function rowTexts(name: string): readonly string[] {
  return new TextDecoder()
    .decode(bytesOf(name))
    .split("\n")
    .filter((line) => line !== "");
}

/** Checks a text, bytes or lines; as OpenAI's for gpt-4.1-mini unless said otherwise. */
export function check(
  file: string | Uint8Array | Iterable<Line>,
  options: Partial<ValidateOptions> = {},
): Promise<DatasetReport> {
  const lines =
    typeof file === "string" ? linesOf(file) : file instanceof Uint8Array ? readLines([file]) : file;
  return validate(lines, { format: "openai", model: "gpt-4.1-mini", ...options });
}

/** What is told, as `line code path`. */
export function told({ problems }: DatasetReport): readonly string[] {
  return problems.map(({ line, code, path }) => `${line ?? "file"} ${code} ${path}`.trim());
}
