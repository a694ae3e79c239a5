import { readFileSync } from "node:fs";
import { z } from "zod";
import type { RawAnswer, RawCapture } from "../../src/captures/raw.ts";
import type { CaptureFacts, CaptureOutcome, Recipe } from "../../src/domain/capture.ts";
import { murmur3 } from "../../src/domain/hash.ts";
import { DONE_EVENT, event, USAGE_EVENT } from "../sample.ts";

/** Requests as a support desk and an assistant get them: made of real questions and answers, the same for the same number. */

const DAY_MS = 86_400_000;
export const DAYS = 90;
/** When the first came, in milliseconds since 1970. */
export const BEGAN_AT = Date.UTC(2026, 0, 1);
export const ENDED_AT = BEGAN_AT + DAYS * DAY_MS;

const ANSWERS = 500;
const USERS = 50_000;
const PROMPT_DAYS = 15;

const question = z.object({ text: z.string() });
const conversation = z.object({ turns: z.array(z.string()) });
const reference = z.object({ choices: z.array(z.object({ turns: z.array(z.string()) })) });

/** In the order of their time, a few seconds apart from it as requests end in another order than they came. */
export class Traffic {
  readonly #captures: number;
  readonly #questions: readonly string[];
  readonly #turns: readonly (readonly string[])[];
  readonly #answers: readonly { readonly whole: string; readonly streamed: string }[];

  constructor(captures: number) {
    this.#captures = captures;
    this.#questions = fixture("banking77_sample.jsonl", question).map(({ text }) => text);
    this.#turns = fixture("vicuna_bench_question.jsonl", conversation).map(({ turns }) => turns);
    const texts = fixture("vicuna_bench_reference_gpt-4.jsonl", reference).flatMap(({ choices }) =>
      choices.flatMap(({ turns }) => turns),
    );
    const sentences = texts.flatMap((text) => text.split(/(?<=[.:])\s+/)).filter((text) => text.length > 20);
    this.#answers = Array.from({ length: ANSWERS }, (_, number) => answerOf(new Dice(number), sentences));
  }

  /** @param number from 0 */
  capture(number: number): RawCapture {
    const dice = new Dice(number);
    const facts = this.#facts(number, dice);
    const answer = this.#answers[dice.below(ANSWERS)];
    return {
      facts,
      recipe: recipeOf(facts),
      content: { request: this.#request(number, facts, dice), answer: rawAnswer(facts, answer) },
    };
  }

  #facts(number: number, dice: Dice): CaptureFacts {
    const at = Math.round(BEGAN_AT + (number / this.#captures) * DAYS * DAY_MS + dice.below(5_000));
    const route = dice.chance(0.001) ? "rare" : dice.pick(["support", "support", "assistant"] as const);
    const enriched = dice.chance(0.5);
    const { outcome, status } = endOf(dice);
    const [inputTokens, outputTokens] = [100 + dice.below(400), 50 + dice.below(300)];
    return {
      id: idOf(number),
      at,
      route,
      rule: dice.pick(["default", "vip", "split"]),
      variant: enriched ? `${route}-prompted` : `${route}-tuned`,
      decided: enriched ? `${route}-prompted` : `${route}-tuned`,
      path: enriched ? "enriched" : "bare",
      model: enriched ? "gpt-4.1-mini" : "ft:gpt-4.1-mini:acme::9x8y7z",
      provider: "openai",
      propensity: 0.5,
      stickyBy: "user",
      stickyKey: (murmur3(`sticky ${number}`) >>> 0).toString(16),
      rollout: undefined,
      stage: undefined,
      run: undefined,
      epoch: undefined,
      share: undefined,
      tableVersion: "0f6b9a3c5d7e1f20",
      key: `app-${dice.below(20)}`,
      user: userOf(dice.below(USERS)),
      metadata: { tier: dice.pick(["free", "free", "vip"]), team: `team-${dice.below(12)}` },
      status,
      outcome,
      errorCode: status < 400 ? undefined : "upstream_error",
      attempts: 1,
      calls: [],
      stream: dice.chance(0.3),
      cached: dice.chance(0.02),
      simulated: false,
      inputTokens,
      cachedInputTokens: 0,
      outputTokens,
      addedTokens: enriched ? 180 : 0,
      costUsd: (inputTokens * 0.4 + outputTokens * 1.6) / 1e6,
      firstTokenMs: 200 + dice.below(400),
      durationMs: 600 + dice.below(4_000),
      prompt: enriched ? route : undefined,
      promptVersion: enriched ? promptVersionOf(at) : undefined,
      recipe: enriched ? promptVersionOf(at) : "bare",
    };
  }

  #request(number: number, { route, user, metadata, stream }: CaptureFacts, dice: Dice): string {
    const before = dice.pick(this.#turns).slice(0, 1 + dice.below(2));
    const asked = `${dice.pick(this.#questions)} ${dice.pick(this.#questions)} The order is ${orderOf(number)}.`;
    return JSON.stringify({
      model: route,
      messages: [
        ...before.map((content) => ({ role: "user", content })),
        { role: "assistant", content: "Which order is it about, and what have you tried so far?" },
        { role: "user", content: asked },
      ],
      temperature: 0.2,
      max_tokens: 300,
      user,
      metadata,
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    });
  }
}

export function idOf(number: number): string {
  const parts = Array.from({ length: 4 }, (_, part) => (murmur3(`${number} ${part}`) >>> 0).toString(16));
  return `cx_${parts.map((part) => part.padStart(8, "0")).join("")}`;
}

export function userOf(number: number): string {
  return `customer-${number}`;
}

/** A word that stands in one question alone. */
export function orderOf(number: number): string {
  return `K${(10_000_000 + number * 7).toString(36)}`;
}

/** A prompt changes now and then. */
export function promptVersionOf(at: number): string {
  return `v${Math.floor((at - BEGAN_AT) / DAY_MS / PROMPT_DAYS)}`;
}

function recipeOf({ recipe, prompt }: CaptureFacts): Recipe {
  return {
    version: recipe,
    prompt:
      prompt === undefined
        ? undefined
        : {
            name: prompt,
            version: recipe,
            system: "You are the support desk of a bank. Answer in at most three sentences.",
            literalExamples: false,
            examples: [],
            cue: undefined,
            merge: "prepend",
          },
    params: {},
    bare: "strip-system",
    upstreamModel: "gpt-4.1-mini",
    streamUsage: true,
    metadata: "if-stored",
  };
}

/** Numbers that follow from a seed alone. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = murmur3(`seed ${seed}`);
  }

  /** A whole number from 0 to below the bound. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new RangeError("there is nothing to pick from");
    return item;
  }

  /** Mulberry32. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

function endOf(dice: Dice): { readonly outcome: CaptureOutcome; readonly status: number } {
  if (dice.chance(0.97)) return { outcome: "success", status: 200 };
  return dice.pick([
    { outcome: "server_error", status: 502 },
    { outcome: "rate_limited", status: 429 },
    { outcome: "client_closed", status: 499 },
    { outcome: "timeout", status: 504 },
  ] as const);
}

function rawAnswer(
  { status, stream }: CaptureFacts,
  answer: { readonly whole: string; readonly streamed: string } | undefined,
): RawAnswer | undefined {
  if (answer === undefined || status === 499) return undefined;
  if (status >= 400)
    return {
      text: '{"error":{"message":"The upstream failed.","type":"server_error","param":null,"code":"upstream_error"}}',
      stream: false,
      truncated: false,
    };
  return { text: stream ? answer.streamed : answer.whole, stream, truncated: false };
}

function answerOf(
  dice: Dice,
  sentences: readonly string[],
): { readonly whole: string; readonly streamed: string } {
  const text = Array.from({ length: 2 + dice.below(5) }, () => dice.pick(sentences)).join(" ");
  const whole = JSON.stringify({
    id: "chatcmpl-BkQ0aXhJ2bXn7Yt1",
    object: "chat.completion",
    created: 1_764_000_000,
    model: "gpt-4.1-mini-2025-04-14",
    choices: [
      { index: 0, message: { role: "assistant", content: text }, logprobs: null, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 412, completion_tokens: 131, total_tokens: 543 },
  });
  const words = text.match(/\S+\s*/g) ?? [];
  const pieces = Array.from({ length: Math.ceil(words.length / 3) }, (_, place) =>
    words.slice(3 * place, 3 * place + 3).join(""),
  );
  const streamed = [
    event({ role: "assistant", content: "" }),
    ...pieces.map((content) => event({ content })),
    event({}, "stop"),
    USAGE_EVENT,
    DONE_EVENT,
  ].join("");
  return { whole, streamed };
}

function fixture<T>(name: string, schema: z.ZodType<T>): readonly T[] {
  return readFileSync(new URL(`../../tests/fixtures/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => schema.parse(JSON.parse(line)));
}
