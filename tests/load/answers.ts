import { Dice } from "./dice.ts";

/** Answers that upstream and client both work out from a request's number, byte for byte. */

export interface StreamedAnswer {
  /** Events with role and content, and comments between them. */
  readonly content: readonly string[];
  readonly finish: string;
  readonly usage: string;
}

const DONE = "data: [DONE]\n\n";

/** One, two, three and four bytes a character, one character of several code points, and what JSON escapes. */
const WORDS = [
  "soup",
  "crème brûlée",
  "борщ",
  "味噌汁",
  "🍅",
  "👩🏽‍🍳",
  "مرق",
  "«½ Löffel»",
  'say "error"',
  "line\nbreak",
  "back\\slash",
  "data: [DONE]",
] as const;

const COMMON = { id: "chatcmpl-load", created: 1_764_000_000, model: "load" } as const;

export function usageOf(number: number): {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
} {
  return { prompt_tokens: number, completion_tokens: (number % 97) + 1 };
}

export function streamedAnswer(seed: number, number: number): StreamedAnswer {
  const content = [chunk({ role: "assistant", content: "" }, null)];
  const dice = new Dice(seed, number, "word");
  for (const [place, word] of wordsOf(seed, number).entries()) {
    if (dice.chance(`comment ${place}`, 0.02)) content.push(": keep-alive\n\n");
    content.push(chunk({ content: `${word} ` }, null));
  }
  return {
    content,
    finish: chunk({}, "stop"),
    usage: event({ ...COMMON, object: "chat.completion.chunk", choices: [], usage: usageOf(number) }),
  };
}

/** The whole stream as one that asks for it gets it. */
export function streamBytes(answer: StreamedAnswer, withUsage: boolean): Buffer {
  return Buffer.from([...answer.content, answer.finish, withUsage ? answer.usage : "", DONE].join(""));
}

/** The text of an answer, streamed or not. */
export function answerText(seed: number, number: number, stream: boolean): string {
  const words = wordsOf(seed, number);
  return stream ? words.map((word) => `${word} `).join("") : words.join(" ");
}

/** The unstreamed answer. */
export function wholeBytes(seed: number, number: number): Buffer {
  const message = { role: "assistant", content: answerText(seed, number, false) };
  return Buffer.from(
    JSON.stringify({
      ...COMMON,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: "stop" }],
      usage: usageOf(number),
    }),
  );
}

/** An error in OpenAI's shape, as the upstream states it. */
export const UPSTREAM_ERROR = {
  error: {
    message: "The load test's upstream fails.",
    type: "server_error",
    param: null,
    code: "load_fault",
  },
} as const;

export const ERROR_EVENT = event(UPSTREAM_ERROR);

function wordsOf(seed: number, number: number): readonly string[] {
  const dice = new Dice(seed, number, "words");
  return Array.from({ length: dice.between("count", 20, 100) }, (_, place) => dice.pick(`${place}`, WORDS));
}

function chunk(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return event({ ...COMMON, object: "chat.completion.chunk", choices });
}

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
