import { z } from "zod";
import type { Example } from "./example.ts";

const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.unknown().exactOptional(),
  name: z.string().exactOptional(),
  tool_calls: z.array(z.unknown()).exactOptional(),
  tool_call_id: z.string().exactOptional(),
  function_call: z.unknown().exactOptional(),
  refusal: z.string().nullable().exactOptional(),
  weight: z.number().exactOptional(),
});

const example = z.object({
  messages: z.array(message).min(1),
  tools: z.array(z.unknown()).exactOptional(),
  parallel_tool_calls: z.boolean().exactOptional(),
});

/** Reads what belongs into a training example, and drops every other member. @returns undefined when it is none */
export function parseExample(value: unknown): Example | undefined {
  return example.safeParse(value).data;
}

/** The same, or why it is no example, in words. */
export function exampleProblem(value: unknown): string | undefined {
  const issue = example.safeParse(value).error?.issues[0];
  return issue && `not a chat example: ${issue.path.join(".")} ${issue.message}`.trim();
}
