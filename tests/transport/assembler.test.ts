import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerTextOf, finishReasonOf } from "../../src/domain/answer.ts";
import { memberOf } from "../../src/domain/json.ts";
import type { Choice } from "../../src/providers/simulator/answer.ts";
import { completionEvents, completionJson } from "../../src/providers/simulator/wire.ts";
import { type Assembled, Assembler, MAX_ANSWER_CHARACTERS } from "../../src/transport/assembler.ts";
import { MAX_HELD_BYTES } from "../../src/transport/sse.ts";
import { startRawUpstream } from "../support/upstream.ts";
import { cut, text, transcript } from "./transcripts.ts";

function assemble(pieces: readonly Uint8Array[]): Assembled {
  const assembler = new Assembler();
  for (const piece of pieces) assembler.push(piece);
  return assembler.end();
}

const assembleText = (all: string): Assembled => assemble([Buffer.from(all)]);

const stream = (...chunks: readonly unknown[]): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");

/** Chunks of one answer. */
const deltas = (...all: readonly unknown[]): string =>
  stream(...all.map((delta) => ({ id: "c", choices: [{ index: 0, delta }] })));

const messageOf = ({ completion }: Assembled, choice = 0): unknown => {
  const choices = completion?.["choices"];
  return memberOf(Array.isArray(choices) ? choices[choice] : undefined, "message");
};

/** A value without the members of these names, wherever they stand. */
function without(value: unknown, names: readonly string[]): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (names.includes(key) ? undefined : inner)));
}

describe("what recorded servers stream is what they answer unstreamed", () => {
  const body = async (name: string): Promise<Buffer> => {
    const bytes = readFileSync(join(import.meta.dirname, "../fixtures/wire", name));
    const { url } = await startRawUpstream((socket) => socket.write(bytes));
    return Buffer.from(await (await fetch(url)).arrayBuffer());
  };

  test.each([
    ["openai-stream.http", "openai-chat.http"],
    ["azure-stream.http", "azure-chat.http"],
    ["huggingface-router-stream.http", "huggingface-router-chat.http"],
  ])("%s", async (streamed, whole) => {
    const OWN = ["id", "logprobs", "annotations", "content_filter_offsets", "model", "prompt", "seed"];
    // What a server tells of its own work differs from answer to answer.
    const unstable = [...OWN, "token_id", "tool_calls", "prompt_filter_results", "created"];
    const { completion } = assemble([await body(streamed)]);
    const answer = JSON.parse((await body(whole)).toString());
    expect(without(completion, unstable)).toMatchObject(
      Object(without({ choices: answer.choices }, unstable)),
    );
    expect(memberOf(completion, "object")).toBe("chat.completion");
    expect(memberOf(completion, "created")).toBe(answer.created);
  });

  test.each(["ollama", "vllm", "llamacpp", "huggingface-endpoint", "openai", "azure", "huggingface-router"])(
    "%s, wherever it is cut in two",
    async (server) => {
      const bytes = await body(`${server}-stream.http`);
      const whole = assemble([bytes]);
      expect(answerTextOf(whole.completion)).toBe("Pelad y picad 1 cebolla 🧅, añadid 500 g de tomates.");
      expect(finishReasonOf(whole.completion)).toBe("stop");
      expect(whole.usage?.output).toBe(17);
      for (let at = 0; at <= bytes.length; at += 3)
        expect(assemble([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
      expect(assemble(cut(bytes, [1]))).toEqual(whole);
    },
  );
});

const call = fc.record({
  id: fc.string({ minLength: 1 }),
  name: fc.string({ minLength: 1 }),
  arguments: text,
});
const choices = fc
  .array(fc.record({ content: text, toolCall: fc.option(call, { nil: undefined }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all.map(
      ({ content, toolCall }, index): Choice => ({
        index,
        content: toolCall === undefined ? content : null,
        toolCall,
        finish: toolCall === undefined ? "stop" : "tool_calls",
      }),
    ),
  );

test("any simulated answer streams to itself: several choices, tool calls, any text, any cut, any line ending", () => {
  fc.assert(
    fc.property(
      choices,
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      (all, sizes, ending) => {
        const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
        const answer = { id: "chatcmpl-1", model: "m", choices: all, usage };
        const events = completionEvents(answer, true).join("").replaceAll("\n", ending);
        const { completion, truncated, error } = assemble(cut(Buffer.from(events), sizes));
        expect(completion).toEqual(without(JSON.parse(completionJson(answer)), ["logprobs"]));
        expect([truncated, error]).toEqual([false, undefined]);
      },
    ),
    { numRuns: 200 },
  );
});

test("any stream of events comes to the same wherever it is cut", () => {
  fc.assert(
    fc.property(transcript, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (all, sizes) => {
      const bytes = Buffer.from(all);
      const whole = assemble([bytes]);
      for (const pieces of [cut(bytes, [1]), cut(bytes, sizes)]) expect(assemble(pieces)).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});

test("garbage and chunks of any shape never throw, and always come to JSON", () => {
  const key = fc.constantFrom(
    "choices",
    "delta",
    "index",
    "tool_calls",
    "function",
    "__proto__",
    "content",
    "id",
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.jsonValue(),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(key, tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    value.map((one) => Buffer.from(stream(one))),
    value.map((one) => Buffer.from(stream({ choices: [{ index: 0, delta: one }] }))),
    value.map((one) => Buffer.from(deltas({ tool_calls: [one, one] }))),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const { completion } = assemble(pieces);
      if (completion !== undefined) JSON.parse(JSON.stringify(completion));
    }),
    { numRuns: 300 },
  );
});

describe("tool calls", () => {
  const piece = (index: unknown, id: unknown, name: unknown, args: string): unknown => ({
    ...(index === undefined ? {} : { index }),
    ...(id === undefined ? {} : { id, type: "function" }),
    function: { ...(name === undefined ? {} : { name }), arguments: args },
  });
  const called = (...all: readonly unknown[]): unknown =>
    memberOf(messageOf(assembleText(deltas(...all.map((one) => ({ tool_calls: [one] }))))), "tool_calls");
  const whole = (id: string, name: string, args: string): unknown => ({
    id,
    type: "function",
    function: { name, arguments: args },
  });

  test("are merged by their index, however their pieces are mixed", () => {
    expect(
      called(
        piece(0, "a", "f", ""),
        piece(1, "b", "g", "{"),
        piece(0, undefined, undefined, '{"x":'),
        piece(1, undefined, undefined, "}"),
        piece(0, undefined, undefined, "1}"),
      ),
    ).toEqual([whole("a", "f", '{"x":1}'), whole("b", "g", "{}")]);
  });

  test.each([0, undefined])(
    "that come whole under the same index %s are told apart by their ids",
    (index) => {
      expect(called(piece(index, "a", "f", "{}"), piece(index, "b", "g", "{}"))).toEqual([
        whole("a", "f", "{}"),
        whole("b", "g", "{}"),
      ]);
    },
  );

  test("stay one where a server makes up an id for each piece", () => {
    expect(called(piece(0, "a", "f", "{"), piece(0, "b", undefined, "}"))).toMatchObject([
      { function: { name: "f", arguments: "{}" } },
    ]);
  });

  test("leave null as content where the text is empty", () => {
    const all = deltas({ role: "assistant", content: "" }, { tool_calls: [piece(0, "a", "f", "{}")] });
    expect(memberOf(messageOf(assembleText(all)), "content")).toBeNull();
  });

  test("of the older kind are put together too", () => {
    const all = deltas(
      { role: "assistant", content: null, function_call: { name: "f", arguments: "" } },
      { function_call: { arguments: '{"a"' } },
      { function_call: { arguments: ":1}" } },
    );
    expect(messageOf(assembleText(all))).toEqual({
      role: "assistant",
      content: null,
      function_call: { name: "f", arguments: '{"a":1}' },
    });
  });
});

test("reasoning and unknown texts are put together, of other members the last counts, audio goes", () => {
  const all = deltas(
    { role: "assistant", reasoning_content: "Let me ", own: { a: 1 }, audio: { data: "AAAA" } },
    { reasoning_content: "think.", own: { a: 2 }, refusal: "I " },
    { refusal: "can't.", content: [{ type: "text", text: "in parts" }] },
  );
  expect(messageOf(assembleText(all))).toEqual({
    role: "assistant",
    content: "in parts",
    reasoning_content: "Let me think.",
    own: { a: 2 },
    refusal: "I can't.",
  });
});

test("an error event is told beside what came before it", () => {
  const error = {
    message: "broke off",
    type: "server_error",
    param: null,
    code: "upstream_stream_interrupted",
  };
  const { completion, ...rest } = assembleText(deltas({ content: "half" }) + stream({ error }));
  expect(answerTextOf(completion)).toBe("half");
  expect(rest).toEqual({ error, usage: undefined, truncated: false });
  expect(finishReasonOf(completion)).toBeUndefined();
});

test("a stream without any chunk has no completion", () => {
  expect(assembleText(": ping\n\ndata: [DONE]\n\n").completion).toBeUndefined();
});

test("the last event may lack its blank line", () => {
  expect(answerTextOf(assembleText(deltas({ content: "all" }).trimEnd()).completion)).toBe("all");
});

test("a character in two halves becomes one", () => {
  const all = `${deltas({ content: "x" }).replace('"x"', '"\\ud83e"')}${deltas({ content: "x" }).replace('"x"', '"\\uddc5"')}`;
  expect(answerTextOf(assembleText(all).completion)).toBe("🧅");
});

describe("long answers", () => {
  test("an event too long to be held by others is read, wherever it is cut", () => {
    const long = "é".repeat(2 * MAX_HELD_BYTES);
    const bytes = Buffer.from(
      deltas({ content: "a" }, { content: long }, { content: long }, { content: "z" }),
    );
    for (const size of [1000, MAX_HELD_BYTES, MAX_HELD_BYTES + 1, bytes.length]) {
      const { completion, truncated } = assemble(cut(bytes, [size]));
      expect(answerTextOf(completion) === `a${long}${long}z`).toBe(true);
      expect(truncated).toBe(false);
    }
  });

  test("an answer without end is cut at its limit, and no character is halved", () => {
    const assembler = new Assembler();
    const bytes = Buffer.from(deltas({ content: "🧅".repeat(5000) }, { own: "x".repeat(5000) }));
    for (let i = 0; i < 400; i++) assembler.push(bytes);
    const { completion, truncated } = assembler.end();
    expect(truncated).toBe(true);
    expect(answerTextOf(completion).isWellFormed()).toBe(true);
    const { length } = JSON.stringify(completion);
    expect(length).toBeLessThanOrEqual(MAX_ANSWER_CHARACTERS + 1000);
    expect(length).toBeGreaterThan(MAX_ANSWER_CHARACTERS - 1000);
  });

  test("choices, calls and members without end stay bounded", () => {
    const assembler = new Assembler();
    for (let i = 0; i < 20_000; i++) {
      const delta = {
        [`m${i}`]: { v: "x".repeat(100) },
        tool_calls: [{ index: i, id: `${i}`, function: { name: "f" } }],
      };
      assembler.push(Buffer.from(stream({ [`t${i}`]: i, choices: [{ index: i % 500, delta }] })));
    }
    const { completion, truncated } = assembler.end();
    expect(truncated).toBe(true);
    expect(JSON.stringify(completion).length).toBeLessThan(2.5 * MAX_ANSWER_CHARACTERS);
  });

  test("an event beyond all limits is left out", () => {
    const bytes = Buffer.from(
      deltas({ content: "a" }, { content: "x".repeat(2 * MAX_ANSWER_CHARACTERS) }, { content: "z" }),
    );
    const { completion, truncated } = assemble(cut(bytes, [10_000]));
    expect([answerTextOf(completion), truncated]).toEqual(["az", true]);
  });
});
