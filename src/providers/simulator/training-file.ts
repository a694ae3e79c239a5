import { z } from "zod";
import { estimateTokens, MESSAGE_OVERHEAD_TOKENS } from "../../domain/tokens.ts";
import { contentText } from "./answer.ts";
import type { Breath } from "./breath.ts";

/** What one example teaches: a query, and what is to be answered. */
export interface Lesson {
  readonly query: string;
  readonly answer: string;
}

export interface TrainingFile {
  readonly lessons: readonly Lesson[];
  /** In one pass over it. */
  readonly tokens: number;
}

export type FileParam = "training_file" | "validation_file";

/** Why a job failed, as its `error` says. */
export class JobProblem extends Error {
  override readonly name = "JobProblem";
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

/** In OpenAI's words, as far as they are known. */
export function fileProblem(param: FileParam, message: string, code = `invalid_${param}`): JobProblem {
  const file = param === "training_file" ? "training file" : "validation file";
  return new JobProblem(code, `The job failed due to an invalid ${file}. ${message}`, param);
}

const FEWEST_EXAMPLES = 10;

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.unknown().optional(),
  weight: z.union([z.literal(0), z.literal(1)]).nullish(),
});
const exampleSchema = z.looseObject({ messages: z.array(message).min(1) });
type Example = z.infer<typeof exampleSchema>;

/**
 * Reads a file of chat examples.
 * @throws JobProblem for one that OpenAI refuses too, and for one without an answer in text
 */
export async function readTrainingFile(
  text: string,
  param: FileParam,
  breath: Breath,
): Promise<TrainingFile> {
  const lessons: Lesson[] = [];
  let examples = 0;
  let tokens = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const example = exampleOf(line, index + 1, param);
    examples++;
    tokens += tokensOf(example);
    lessons.push(...lessonsOf(example));
    await breath.take();
  }
  if (param === "training_file" && examples < FEWEST_EXAMPLES)
    throw fileProblem(
      param,
      `Training file has ${examples} example(s), but must have at least ${FEWEST_EXAMPLES} examples`,
      "invalid_n_examples",
    );
  if (lessons.length === 0)
    throw fileProblem(param, "No example has an answer in text, and the simulator learns nothing else");
  return { lessons, tokens };
}

function exampleOf(line: string, number: number, param: FileParam): Example {
  const refuse = (what: string): JobProblem =>
    fileProblem(param, `Invalid file format. ${what} on line ${number}`);
  const parsed = exampleSchema.safeParse(jsonOf(line));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path.map(String).join(".") ?? "";
    throw refuse(path === "" ? "Expected a JSON object with the key `messages`" : `\`${path}\` is not valid`);
  }
  const { messages } = parsed.data;
  if (messages.at(-1)?.role !== "assistant") throw refuse("The last message must be from the assistant");
  if (!messages.some(teaches)) throw refuse("No message of the assistant has a weight other than 0");
  return parsed.data;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function teaches({ role, weight }: Example["messages"][number]): boolean {
  return role === "assistant" && weight !== 0;
}

/** Each answer with the query before it. Calls of tools are not learnt. */
function lessonsOf({ messages }: Example): readonly Lesson[] {
  const lessons: Lesson[] = [];
  let query: string | undefined;
  for (const one of messages) {
    if (one.role === "user") query = contentText(one.content);
    const answer = contentText(one.content);
    if (teaches(one) && query !== undefined && answer !== "") lessons.push({ query, answer });
  }
  return lessons;
}

function tokensOf({ messages }: Example): number {
  return messages.reduce(
    (sum, { content }) => sum + estimateTokens(contentText(content)) + MESSAGE_OVERHEAD_TOKENS,
    0,
  );
}
