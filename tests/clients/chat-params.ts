import type OpenAI from "openai";

type Optional = Required<
  Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "model" | "messages" | "stream">
>;

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

/** Every optional parameter of a chat completion; the compiler sees to it that none of the SDK's is missing. */
export const OPTIONAL_PARAMS = {
  audio: { format: "wav", voice: "alloy" },
  frequency_penalty: -2,
  function_call: { name: "weather" },
  functions: [{ name: "weather", description: "The weather in a city", parameters }],
  logit_bias: { "50256": -100, "11": 5 },
  logprobs: true,
  max_completion_tokens: 100,
  max_tokens: 100,
  metadata: { tier: "gold", team: "kitchen" },
  modalities: ["text", "audio"],
  moderation: { model: "omni-moderation-latest", policy: null },
  n: 1,
  parallel_tool_calls: false,
  prediction: { type: "content", content: [{ type: "text", text: "Ingredients: water" }] },
  presence_penalty: 2,
  prompt_cache_key: "recipes",
  prompt_cache_options: { mode: "explicit", ttl: "30m" },
  prompt_cache_retention: "24h",
  reasoning_effort: "low",
  response_format: {
    type: "json_schema",
    json_schema: { name: "recipe", description: "A recipe", schema: parameters, strict: true },
  },
  safety_identifier: "user-hash-1",
  seed: -9007199254740991,
  service_tier: "flex",
  stop: ["\n", "END"],
  store: true,
  stream_options: { include_obfuscation: false, include_usage: true },
  temperature: 0.1,
  tool_choice: {
    type: "allowed_tools",
    allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "weather" } }] },
  },
  tools: [
    {
      type: "function",
      function: { name: "weather", description: "The weather in a city", parameters, strict: true },
    },
    {
      type: "custom",
      custom: {
        name: "code",
        format: { type: "grammar", grammar: { definition: "a: /a/", syntax: "lark" } },
      },
    },
  ],
  top_logprobs: 20,
  top_p: 1,
  user: "user-1",
  verbosity: "high",
  web_search_options: {
    search_context_size: "low",
    user_location: {
      type: "approximate",
      approximate: { city: "Oslo", country: "NO", region: "Oslo", timezone: "Europe/Oslo" },
    },
  },
} satisfies Optional;

const call = { name: "weather", arguments: '{"city": "Oslo"}' };

/** A conversation with a message of every role, and a content part of every kind. */
export const EVERY_MESSAGE = [
  { role: "developer", content: [{ type: "text", text: "Be brief." }], name: "dev" },
  { role: "system", content: "Be kind." },
  {
    role: "user",
    name: "ann",
    content: [
      { type: "text", text: "What is in these?" },
      { type: "image_url", image_url: { url: "https://images.example/pie.jpg", detail: "high" } },
      { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
      { type: "file", file: { file_data: "JVBERg==", filename: "pie.pdf" } },
    ],
  },
  {
    role: "assistant",
    name: "cook",
    content: [
      { type: "text", text: "Let me see." },
      { type: "refusal", refusal: "Not the audio." },
    ],
    audio: { id: "audio_1" },
    tool_calls: [
      { id: "call_1", type: "function", function: call },
      { id: "call_2", type: "custom", custom: { name: "code", input: "a" } },
    ],
  },
  { role: "tool", tool_call_id: "call_1", content: '{"sky": "rain"}' },
  { role: "tool", tool_call_id: "call_2", content: [{ type: "text", text: "a" }] },
  { role: "assistant", content: null, function_call: call },
  { role: "function", name: "weather", content: '{"sky": "sun"}' },
  { role: "user", content: "And now?" },
] satisfies OpenAI.ChatCompletionMessageParam[];
