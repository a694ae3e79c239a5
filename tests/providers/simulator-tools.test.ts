import type OpenAI from "openai";
import { expect, test } from "vitest";
import { HI, sdkOn } from "./simulated.ts";

const TOOLS: OpenAI.ChatCompletionTool[] = [
  { type: "function", function: { name: "first", parameters: { type: "object", properties: {} } } },
  {
    type: "function",
    function: {
      name: "weather",
      parameters: {
        type: "object",
        required: ["city", "days"],
        properties: {
          city: { type: "string" },
          days: { type: "integer", minimum: 1 },
          unit: { enum: ["C", "F"] },
        },
      },
    },
  },
];

test("a tool that must be called is called, with arguments that fit its schema", async () => {
  const named = await sdkOn().chat.completions.create({
    ...HI,
    tools: TOOLS,
    tool_choice: { type: "function", function: { name: "weather" } },
  });
  const [choice] = named.choices;
  expect(choice?.finish_reason).toBe("tool_calls");
  expect(choice?.message.content).toBeNull();
  expect(choice?.message.tool_calls).toEqual([
    {
      id: expect.stringMatching(/^call_sim_/),
      type: "function",
      function: { name: "weather", arguments: '{"city":"simulated","days":1}' },
    },
  ]);
  const required = await sdkOn().chat.completions.create({ ...HI, tools: TOOLS, tool_choice: "required" });
  expect(required.choices[0]?.message.tool_calls).toMatchObject([
    { function: { name: "first", arguments: "{}" } },
  ]);
});

test("a streamed tool call is put together by the SDK to the same one", async () => {
  const params = {
    ...HI,
    tools: TOOLS,
    tool_choice: { type: "function", function: { name: "weather" } },
  } as const;
  const whole = await sdkOn().chat.completions.create(params);
  const streamed = await sdkOn().chat.completions.stream(params).finalChatCompletion();
  expect(streamed.choices[0]?.message.tool_calls).toMatchObject(whole.choices[0]?.message.tool_calls ?? []);
  expect(streamed.choices[0]?.finish_reason).toBe("tool_calls");
});

test.each(["auto", "none"] as const)("with tool_choice %s it answers in words", async (choice) => {
  const { choices } = await sdkOn().chat.completions.create({ ...HI, tools: TOOLS, tool_choice: choice });
  expect(choices[0]?.message.tool_calls).toBeUndefined();
  expect(choices[0]?.message.content).toContain("[simulated");
});

test("json_schema gives JSON that fits the schema", async () => {
  const { choices } = await sdkOn().chat.completions.create({
    ...HI,
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "recipe",
        strict: true,
        schema: {
          type: "object",
          required: ["title", "servings", "steps", "vegan", "note", "kind", "size"],
          properties: {
            title: { type: "string" },
            servings: { type: "integer", minimum: 2 },
            steps: {
              type: "array",
              minItems: 1,
              items: { type: "object", properties: { text: { type: "string" } } },
            },
            vegan: { type: "boolean" },
            note: { type: ["null", "string"] },
            kind: { const: "soup" },
            size: { anyOf: [{ enum: ["small", "large"] }, { type: "null" }] },
          },
        },
      },
    },
  });
  expect(JSON.parse(choices[0]?.message.content ?? "")).toEqual({
    title: "simulated",
    servings: 2,
    steps: [{ text: "simulated" }],
    vegan: true,
    note: null,
    kind: "soup",
    size: "small",
  });
});

test("json_object gives an object that says that it is simulated", async () => {
  const { choices } = await sdkOn().chat.completions.create({
    ...HI,
    response_format: { type: "json_object" },
  });
  expect(JSON.parse(choices[0]?.message.content ?? "")).toEqual({ simulated: true, model: "sim-model" });
});
