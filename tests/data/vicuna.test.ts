import { describe, expect, test } from "vitest";
import { z } from "zod";
import { PATHS } from "../clients/paths.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import {
  chunk,
  DONE,
  type Respond,
  startStream,
  startUpstream,
  usageChunk,
  wantsUsage,
} from "../support/upstream.ts";
import { cut } from "../transport/transcripts.ts";
import { bodyOf, each, rowsOf, seeded } from "./inputs.ts";

const question = z.object({ question_id: z.number(), turns: z.tuple([z.string()]) });
const reference = z.object({
  question_id: z.number(),
  choices: z.tuple([z.object({ turns: z.tuple([z.string()]) })]),
});

/** GPT-4's answers, for ten of the questions; the others are answered with their own words. */
const REFERENCES = new Map(
  rowsOf("vicuna_bench_reference_gpt-4.jsonl", reference).map(({ question_id, choices }) => [
    question_id,
    choices[0].turns[0],
  ]),
);
const QUESTIONS = rowsOf("vicuna_bench_question.jsonl", question).map(({ question_id, turns }) => ({
  id: question_id,
  text: turns[0],
  answer: REFERENCES.get(question_id) ?? `${turns[0]} 🤔`,
}));

interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** Parts of a few characters each, as a model's tokens would cut the answer. */
function deltasOf(answer: string, random: (max: number) => number): readonly string[] {
  const letters = Array.from(answer);
  const parts: string[] = [];
  while (letters.length > 0) parts.push(letters.splice(0, random(12)).join(""));
  return parts;
}

/** Streams the answers in pieces that fall anywhere: within an event, a line, a letter. Notes what it counted. */
function answering(path: (typeof PATHS)[number], sent: ChatUsage[]): Respond {
  return async (received, response) => {
    const { last } = bodyOf(received);
    const asked = QUESTIONS.find(({ text }) => last === (path === "enriched" ? `Question: ${text}` : text));
    if (asked === undefined) throw new RangeError(`not a question of the bench: ${last}`);
    const random = seeded(asked.id);
    const deltas = deltasOf(asked.answer, random);
    const usage: ChatUsage = {
      prompt_tokens: Buffer.byteLength(received.text),
      completion_tokens: deltas.length,
      total_tokens: Buffer.byteLength(received.text) + deltas.length,
      prompt_tokens_details: { cached_tokens: asked.id },
    };
    sent.push(usage);
    const events = [
      chunk({ role: "assistant", content: "" }),
      ...deltas.map((content) => chunk({ content })),
      chunk({}, "stop"),
      ...(wantsUsage(received) ? [usageChunk(usage)] : []),
      DONE,
    ];
    startStream(response);
    const sizes = Array.from({ length: 50 }, () => random(600));
    for (const piece of cut(Buffer.from(events.join("")), sizes)) {
      response.write(piece);
      // A turn of the loop between two writes, or Node would send them as one.
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
}

test("the fixtures hold 80 questions and ten references", () => {
  expect([QUESTIONS.length, new Set(QUESTIONS.map(({ text }) => text)).size, REFERENCES.size]).toEqual([
    80, 80, 10,
  ]);
});

describe.each(PATHS)("80 questions streamed on the %s path", (path) => {
  test("every answer comes together as it was sent, and all tokens are counted", async () => {
    const sent: ChatUsage[] = [];
    const upstream = await startUpstream(answering(path, sent));
    const gateway = await startGateway(twoPaths(upstream.url));
    const given = await each(QUESTIONS, async ({ id, text }) => {
      const asksUsage = id % 2 === 0;
      const stream = await gateway.client.chat.completions.create({
        model: path,
        messages: [{ role: "user", content: text }],
        stream: true,
        ...(asksUsage ? { stream_options: { include_usage: true } } : {}),
      });
      let answer = "";
      const usages: unknown[] = [];
      for await (const one of stream) {
        answer += one.choices[0]?.delta.content ?? "";
        if (one.usage) usages.push(one.usage);
      }
      return { id, answer, usages };
    });
    const usageOf = new Map(sent.map((usage) => [usage.prompt_tokens_details.cached_tokens, usage]));
    expect(given).toEqual(
      QUESTIONS.map(({ id, answer }) => ({ id, answer, usages: id % 2 === 0 ? [usageOf.get(id)] : [] })),
    );

    const sum = (count: (usage: ChatUsage) => number): number =>
      sent.reduce((total, usage) => total + count(usage), 0);
    const tokens = {
      input: sum((usage) => usage.prompt_tokens),
      cached_input: sum((usage) => usage.prompt_tokens_details.cached_tokens),
      output: sum((usage) => usage.completion_tokens),
    };
    expect(tokens.cached_input).toBe((80 * 81) / 2);
    for (const [type, count] of Object.entries(tokens))
      expect(await gateway.metric("crossover_tokens_total", { path, type }), type).toBe(count);
    const price = path === "enriched" ? { input: 1, output: 2 } : { input: 3, output: 6 };
    expect(await gateway.metric("crossover_cost_usd_total", { path })).toBeCloseTo(
      (tokens.input * price.input + tokens.output * price.output) / 1e6,
      9,
    );
    for (const name of ["crossover_requests_total", "crossover_time_to_first_token_seconds_count"])
      expect(await gateway.metric(name, { path }), name).toBe(80);
    expect(await gateway.metric("crossover_requests_total", { path, status: "200" })).toBe(80);
  });
});
