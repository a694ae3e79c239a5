import fc from "fast-check";
import { expect, test } from "vitest";
import { play, sdkOn } from "../simulated.ts";

type Shot = readonly [query: string, label: string];

const SHOTS: readonly Shot[] = [
  ["My card has not arrived yet", "card_arrival"],
  ["The machine kept my card", "card_swallowed"],
  ["Why was I charged a fee abroad?", "exchange_charge"],
];

const messagesOf = (shots: readonly Shot[], query: string) => [
  { role: "system" as const, content: "Name the intent." },
  ...shots.flatMap(([asked, label]) => [
    { role: "user" as const, content: asked },
    { role: "assistant" as const, content: label },
  ]),
  { role: "user" as const, content: query },
];

async function said(shots: readonly Shot[], query: string, more: object = {}): Promise<string> {
  const { text } = await play({}, { model: "m", messages: messagesOf(shots, query), ...more });
  return JSON.parse(text).choices[0].message.content;
}

const REMARK = /^\[simulated m\] You asked: /;

test.each([
  ["When will my card arrive?", "card_arrival"],
  ["The cash machine swallowed the card it kept", "card_swallowed"],
  ["I see a fee that I was charged for in Spain", "exchange_charge"],
])("the nearest example's label is the answer: %s", async (query, label) => {
  expect(await said(SHOTS, query)).toBe(label);
});

test("words that all queries share are no likeness, be the others few or many", async () => {
  const frame = (query: string) => `Which intent of the customer is this, in one word please: ${query}`;
  const shots: readonly Shot[] = [
    [frame("Hello"), "greeting"],
    [frame("Why did you take such a high fee when I changed money abroad last week?"), "exchange_charge"],
  ];
  expect(await said(shots, frame("a fee"))).toBe("exchange_charge");
  expect(await said(shots.toReversed(), frame("Hello!"))).toBe("greeting");
});

const words = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{2,8}$/), { minLength: 1, maxLength: 6 })
  .map((all) => all.join(" "));
const label = fc.stringMatching(/^[a-z_]{1,20}$/);
const shotsOf = fc.uniqueArray(fc.tuple(words, label), {
  // The same words in another order are nearly the same query.
  selector: ([query]) => query.split(" ").toSorted().join(" "),
  minLength: 2,
  maxLength: 8,
});

test("the answer is always a label of the examples, and a query that is an example has its label", async () => {
  await fc.assert(
    fc.asyncProperty(shotsOf, words, fc.nat(), async (shots, query, pick) => {
      expect(shots.map(([, own]) => own)).toContain(await said(shots, query));
      const [known, own] = shots[pick % shots.length] ?? ["", ""];
      expect(await said(shots, known)).toBe(own);
    }),
    { numRuns: 100 },
  );
});

test.each<[string, readonly Shot[], object]>([
  ["no examples", [], {}],
  ["one example", SHOTS.slice(0, 1), {}],
  ["an answer of several words", [...SHOTS, ["Hello", "good morning"]], {}],
  ["a long answer", [...SHOTS, ["Hello", "a".repeat(65)]], {}],
  ["an empty answer", [...SHOTS, ["Hello", ""]], {}],
])("without labelled examples a remark is the answer: %s", async (_name, shots, more) => {
  expect(await said(shots, "Where is my card?", more)).toMatch(REMARK);
});

test("JSON that is asked for, and a tool that must be called, go before the examples", async () => {
  const asked = messagesOf(SHOTS, "Where is my card?");
  expect(JSON.parse(await said(SHOTS, "Where?", { response_format: { type: "json_object" } }))).toEqual({
    simulated: true,
    model: "m",
  });
  const { choices } = await sdkOn().chat.completions.create({
    model: "m",
    messages: asked,
    tools: [{ type: "function", function: { name: "look", parameters: {} } }],
    tool_choice: "required",
  });
  expect(choices[0]?.finish_reason).toBe("tool_calls");
});

test("a conversation that does not end with its user's query has no nearest example", async () => {
  const messages = messagesOf(SHOTS, "Where is my card?").slice(0, -1);
  const { text } = await play({}, { model: "m", messages });
  expect(JSON.parse(text).choices[0].message.content).toMatch(REMARK);
});

test("labels are streamed, counted, cut and stopped like any answer", async () => {
  const messages = messagesOf(SHOTS, "My card has not arrived");
  const stream = sdkOn().chat.completions.stream({ model: "m", messages });
  expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe("card_arrival");
  const { choices, usage } = await sdkOn().chat.completions.create({ model: "m", messages, n: 2 });
  expect(choices.map(({ message }) => message.content)).toEqual(["card_arrival", "card_arrival"]);
  expect(usage?.prompt_tokens).toBeGreaterThan(30);
  expect(await said(SHOTS, "My card has not arrived", { stop: "_" })).toBe("card");
});
