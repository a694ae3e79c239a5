/** A message of a training example, in the shape of OpenAI's chat format. */
export interface ExampleMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool" | "function";
  /** Text, parts, or null beside tool calls. */
  readonly content?: unknown;
  readonly name?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
  readonly function_call?: unknown;
  readonly refusal?: string | null;
  /** 0: not to be learned from; 1, the default: to be learned. Of the assistant's messages only. */
  readonly weight?: number;
}

/** One training example; as JSON it is a line of a fine-tuning file. */
export interface Example {
  readonly messages: readonly ExampleMessage[];
  readonly tools?: readonly unknown[];
  readonly parallel_tool_calls?: boolean;
}
