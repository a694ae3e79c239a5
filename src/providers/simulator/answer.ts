import { z } from "zod";
import { unitOf } from "../../domain/hash.ts";
import { estimateTokens, MESSAGE_OVERHEAD_TOKENS } from "../../domain/tokens.ts";
import { sampleOf } from "./sample.ts";

/** What the simulator reads of a request. It refuses what OpenAI refuses. */
export const simulatedRequest = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.number().nullish(),
  max_tokens: z.number().int().min(0).nullish(),
  max_completion_tokens: z.number().int().min(0).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  tools: z
    .array(
      z.looseObject({ function: z.looseObject({ name: z.string(), parameters: z.unknown() }).optional() }),
    )
    .nullish(),
  tool_choice: z
    .union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })])
    .nullish(),
  response_format: z
    .looseObject({ type: z.string(), json_schema: z.looseObject({ schema: z.unknown() }).optional() })
    .nullish(),
});

export type SimulatedRequest = z.infer<typeof simulatedRequest>;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface Choice {
  readonly index: number;
  readonly content: string | null;
  readonly toolCall: ToolCall | undefined;
  readonly finish: "stop" | "length" | "tool_calls";
}

export interface SimulatedAnswer {
  readonly id: string;
  readonly model: string;
  readonly choices: readonly Choice[];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

const REMARKS = [
  "No model was asked.",
  "The words are chosen by a seed, not by meaning.",
  "Put a real key into the environment to get a real answer.",
  "The token counts are estimates.",
  "Nothing left this machine.",
] as const;

/**
 * Makes the answer to a request. Pure: the same request and seed give the same answer.
 * @param text what a model says to it; undefined: nothing but remarks
 */
export function answer(request: SimulatedRequest, seed: number, text?: string): SimulatedAnswer {
  const fingerprint = `${seed}\n${request.seed ?? ""}\n${request.model}\n${JSON.stringify(request.messages)}`;
  const choices = Array.from({ length: request.n ?? 1 }, (_, index) =>
    choiceOf(request, `${fingerprint}\n${index}`, index, text),
  );
  const prompt = request.messages.reduce(
    (sum, message) => sum + estimateTokens(contentText(message.content)) + MESSAGE_OVERHEAD_TOKENS,
    0,
  );
  const completion = choices.reduce((sum, choice) => sum + tokensOf(choice), 0);
  return {
    id: `chatcmpl-sim-${Math.floor(unitOf(fingerprint) * 2 ** 32)
      .toString(16)
      .padStart(8, "0")}`,
    model: request.model,
    choices,
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  };
}

function choiceOf(
  request: SimulatedRequest,
  fingerprint: string,
  index: number,
  text: string | undefined,
): Choice {
  const tool = requiredTool(request);
  if (tool !== undefined) {
    const id = `call_sim_${Math.floor(unitOf(`${fingerprint}\ntool`) * 2 ** 32).toString(16)}`;
    return {
      index,
      content: null,
      toolCall: { id, name: tool.name, arguments: JSON.stringify(sampleOf(tool.parameters)) },
      finish: "tool_calls",
    };
  }
  return {
    index,
    toolCall: undefined,
    ...cut(
      untilStop(text ?? textOf(request, fingerprint), request.stop),
      request.max_completion_tokens ?? request.max_tokens,
    ),
  };
}

function requiredTool({
  tools,
  tool_choice: choice,
}: SimulatedRequest): { name: string; parameters: unknown } | undefined {
  if (choice === "required") return tools?.find((tool) => tool.function !== undefined)?.function;
  if (typeof choice !== "object" || choice === null) return undefined;
  return tools?.find((tool) => tool.function?.name === choice.function?.name)?.function;
}

function textOf(request: SimulatedRequest, fingerprint: string): string {
  switch (request.response_format?.type) {
    case "json_schema":
      return JSON.stringify(sampleOf(request.response_format.json_schema?.schema));
    case "json_object":
      return JSON.stringify({ simulated: true, model: request.model });
    default: {
      const query = lastQuery(request.messages);
      const shown = query.length > 80 ? `${query.slice(0, 80)}…` : query;
      const remark = REMARKS[Math.floor(unitOf(`${fingerprint}\nremark`) * REMARKS.length)] ?? REMARKS[0];
      return `[simulated ${request.model}] You asked: ${JSON.stringify(shown)}. ${remark}`;
    }
  }
}

/** What the user asked last. */
export function lastQuery(messages: SimulatedRequest["messages"]): string {
  return contentText(messages.findLast((message) => message.role === "user")?.content);
}

/** The text before the first of the sequences that end it. */
function untilStop(text: string, stop: SimulatedRequest["stop"]): string {
  const ends = [stop ?? []].flat().map((sequence) => (sequence === "" ? -1 : text.indexOf(sequence)));
  return text.slice(0, Math.min(text.length, ...ends.filter((end) => end !== -1)));
}

/** Cuts a text at a number of tokens, where one is given. */
function cut(text: string, most: number | null | undefined): { content: string; finish: "stop" | "length" } {
  if (most === null || most === undefined || estimateTokens(text) <= most)
    return { content: text, finish: "stop" };
  const pieces = piecesOf(text);
  let kept = "";
  for (const piece of pieces) {
    if (estimateTokens(kept + piece) > most) break;
    kept += piece;
  }
  return { content: kept, finish: "length" };
}

/** A text in the pieces in which it is streamed: words with the space before them. */
export function piecesOf(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/gu) ?? [];
}

function tokensOf({ content, toolCall }: Choice): number {
  return (
    estimateTokens(content ?? "") +
    (toolCall === undefined ? 0 : estimateTokens(toolCall.name + toolCall.arguments))
  );
}

/** The text of a message, its parts on lines of their own. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return Array.isArray(content)
    ? content
        .map((part: unknown) =>
          typeof part === "object" && part !== null && "text" in part ? String(part.text) : "",
        )
        .join("\n")
    : "";
}
