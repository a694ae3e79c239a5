import fc from "fast-check";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { estimateTokens } from "../../src/domain/tokens.ts";
import { simulator } from "../../src/providers/simulator.ts";
import { body, HI, play, sdkOn } from "./simulated.ts";

test("it needs no network and no key", () => {
  expect(
    simulator.connect({ kind: "simulator" }, { name: "m", model: "any/model:id" }, { dataDir: "data" }),
  ).toMatchObject({
    url: "simulator:chat/completions",
    headers: {},
    model: "any/model:id",
    streamUsage: true,
    secrets: [],
  });
  expect(simulator.lacksKey({ kind: "simulator" })).toBe(false);
});

test("an answer is a chat.completion that says that it is simulated", async () => {
  const { data, response } = await sdkOn().chat.completions.create(HI).withResponse();
  expect(data).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-sim-[0-9a-f]{8}$/),
    object: "chat.completion",
    created: expect.any(Number),
    model: "sim-model",
    system_fingerprint: "fp_crossover_simulator",
  });
  const [choice] = data.choices;
  expect(choice).toMatchObject({ index: 0, finish_reason: "stop", logprobs: null });
  expect(choice?.message).toMatchObject({ role: "assistant", refusal: null });
  expect(choice?.message.content).toMatch(/^\[simulated sim-model\] You asked: "Quick tomato soup"\. /);
  expect(response.headers.get("x-simulated")).toBe("true");
  expect(response.headers.get("content-type")).toBe("application/json");
});

test("usage adds up, and counts what was sent and said", async () => {
  const { usage, choices } = await sdkOn().chat.completions.create(HI);
  expect(usage).toMatchObject({
    prompt_tokens: estimateTokens("Quick tomato soup") + 3,
    completion_tokens: estimateTokens(choices[0]?.message.content ?? ""),
    prompt_tokens_details: { cached_tokens: 0 },
  });
  expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  const longer = await sdkOn().chat.completions.create({
    ...HI,
    messages: [{ role: "system", content: "You are a helper." }, ...HI.messages],
  });
  expect(longer.usage?.prompt_tokens).toBeGreaterThan(usage?.prompt_tokens ?? 0);
});

test("the same seed and request give the same bytes; another seed, request or model other ones", async () => {
  const request = body("Hi");
  const text = async (settings: object, sent: object) => (await play({ ...settings }, sent)).text;
  const one = await text({}, request);
  expect(await text({}, request)).toBe(one);
  expect(await text({ seed: 0 }, request)).toBe(one);
  expect(await text({ seed: 1 }, request)).not.toBe(one);
  expect(await text({}, body("Ho"))).not.toBe(one);
  expect(await text({}, { ...request, model: "other" })).not.toBe(one);
  expect(await text({}, { ...request, seed: 7 })).not.toBe(one);
  expect(await text({}, { ...request, temperature: 0 })).toBe(one);
});

test("a stream gives the same answer as a whole, in OpenAI's chunks", async () => {
  const whole = await sdkOn().chat.completions.create(HI);
  const stream = await sdkOn().chat.completions.create({
    ...HI,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "", refusal: null });
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(
    whole.choices[0]?.message.content,
  );
  expect(chunks.at(-2)?.choices).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({
      id: whole.id,
      object: "chat.completion.chunk",
      system_fingerprint: "fp_crossover_simulator",
    });
  }
});

test("without include_usage no chunk has usage, and the stream ends with [DONE]", async () => {
  const { text, headers } = await play({}, body("Hi", { stream: true }));
  expect(text).not.toContain("usage");
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  expect(text).toMatch(/^(data: [^\n]+\n\n)+$/);
  expect(headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "x-simulated": "true",
  });
});

test("every text is streamed without loss", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (query) => {
      const parsed = await sdkOn().chat.completions.create({
        ...HI,
        messages: [{ role: "user", content: query }],
      });
      const runner = sdkOn().chat.completions.stream({ ...HI, messages: [{ role: "user", content: query }] });
      const streamed = await runner.finalChatCompletion();
      expect(streamed.choices[0]?.message.content).toBe(parsed.choices[0]?.message.content);
    }),
    { numRuns: 30 },
  );
});

test("n gives as many answers, each with its index, whole and streamed", async () => {
  const whole = await sdkOn().chat.completions.create({ ...HI, n: 3 });
  expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  const many = await sdkOn().chat.completions.create({ ...HI, n: 20 });
  expect(new Set(many.choices.map(({ message }) => message.content)).size).toBeGreaterThan(1);
  const stream = await sdkOn().chat.completions.create({ ...HI, n: 3, stream: true });
  const texts = ["", "", ""];
  const finished: number[] = [];
  for await (const { choices } of stream) {
    for (const { index, delta, finish_reason } of choices) {
      texts[index] += delta.content ?? "";
      if (finish_reason !== null) finished.push(index);
    }
  }
  expect(texts).toEqual(whole.choices.map(({ message }) => message.content));
  expect(finished.toSorted()).toEqual([0, 1, 2]);
});

test.each(["max_tokens", "max_completion_tokens"] as const)(
  "%s cuts the answer and says so",
  async (name) => {
    for (const most of [1, 5, 8]) {
      const { choices, usage } = await sdkOn().chat.completions.create({ ...HI, [name]: most });
      expect(choices[0]?.finish_reason).toBe("length");
      expect(usage?.completion_tokens).toBeLessThanOrEqual(most);
    }
    const { choices } = await sdkOn().chat.completions.create({ ...HI, [name]: 1000 });
    expect(choices[0]?.finish_reason).toBe("stop");
  },
);

test("the answer ends before a sequence that stops it", async () => {
  const whole = (await sdkOn().chat.completions.create(HI)).choices[0]?.message.content ?? "";
  for (const stop of ["asked", ["nowhere in it", "asked", ":"]]) {
    const [choice] = (await sdkOn().chat.completions.create({ ...HI, stop })).choices;
    expect(choice?.finish_reason).toBe("stop");
    expect(choice?.message.content).toBe(whole.slice(0, whole.indexOf("asked")));
  }
  const untouched = await sdkOn().chat.completions.create({ ...HI, stop: "nowhere in it" });
  expect(untouched.choices[0]?.message.content).toBe(whole);
});

test("multi-part content and tool conversations are understood", async () => {
  const { choices } = await sdkOn().chat.completions.create({
    ...HI,
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: "data:," } },
        ],
      },
      {
        role: "assistant",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "result" },
    ],
  });
  expect(choices[0]?.message.content).toContain("What is this?");
});

test.each([
  [{ messages: [] }, "messages"],
  [{ messages: "Hi" }, "messages"],
  [{ temperature: 3 }, "temperature"],
  [{ n: 0 }, "n"],
  [{ top_p: 2 }, "top_p"],
  [{ max_tokens: -1 }, "max_tokens"],
  [{ stream: "yes" }, "stream"],
])("what OpenAI refuses is refused: %j", async (more, param) => {
  const error = await sdkOn()
    .chat.completions.create({ ...HI, ...JSON.parse(JSON.stringify(more)) })
    .then(
      () => undefined,
      (problem: unknown) => problem,
    );
  expect(error).toBeInstanceOf(OpenAI.BadRequestError);
  expect(error).toMatchObject({ status: 400, param, code: "invalid_value", type: "invalid_request_error" });
  expect(String(error)).toContain("[simulated]");
});
