/** What the bench sends and gets: a request of 1.3 KB, an answer of 1 KB, events of a usual size. */

export const UPSTREAM_KEY = "upstream-key-0123456789abcdef";
export const CLIENT_KEY = "client-key-0123456789abcdef";

const QUESTION =
  "I moved to another city last month and gave you my new address on the phone. The statement still went " +
  "to the old flat, and so did the new card that you sent in its place. ";

/** A chat request of about 1.3 KB. */
export function requestBody(options: { readonly model: string; readonly stream: boolean }): string {
  return JSON.stringify({
    model: options.model,
    messages: [
      { role: "user", content: QUESTION.repeat(2) },
      { role: "assistant", content: "I am sorry to hear that. Which of the two do you need first?" },
      { role: "user", content: `${QUESTION.repeat(3)}What do I do now?` },
    ],
    temperature: 0.2,
    max_tokens: 300,
    user: "customer-48213",
    metadata: { tier: "free", team: "cards", stage: "live" },
    ...(options.stream ? { stream: true } : {}),
  });
}

/** A chat completion of about 1 KB. */
export function answerBody(): string {
  return JSON.stringify({
    id: "chatcmpl-BkQ0aXhJ2bXn7Yt1",
    object: "chat.completion",
    created: 1_764_000_000,
    model: "gpt-4.1-mini-2025-04-14",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: `address_change. ${"We send it again at no cost. ".repeat(18)}`,
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: {
      prompt_tokens: 412,
      completion_tokens: 131,
      total_tokens: 543,
      prompt_tokens_details: { cached_tokens: 256, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
    service_tier: "default",
    system_fingerprint: "fp_6f2eabb9a5",
  });
}

/** An event of a streamed answer, as OpenAI sends them. */
export function event(delta: object, finish: string | null = null): string {
  const chunk = {
    id: "chatcmpl-BkQ0aXhJ2bXn7Yt1",
    object: "chat.completion.chunk",
    created: 1_764_000_000,
    model: "gpt-4.1-mini-2025-04-14",
    service_tier: "default",
    system_fingerprint: "fp_6f2eabb9a5",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

export const USAGE_EVENT = `data: ${JSON.stringify({
  id: "chatcmpl-BkQ0aXhJ2bXn7Yt1",
  object: "chat.completion.chunk",
  created: 1_764_000_000,
  model: "gpt-4.1-mini-2025-04-14",
  choices: [],
  usage: { prompt_tokens: 412, completion_tokens: 131, total_tokens: 543 },
})}\n\n`;

export const DONE_EVENT = "data: [DONE]\n\n";
