/** How bad: an `error` is refused by the trainer or teaches what is broken, a `warning` is to be looked at. */
export type Level = "error" | "warning";

interface CodeInfo {
  readonly level: Level;
  /** What it means and what to do, for the table in docs/datasets.md and the command's output. */
  readonly meaning: string;
}

const error = (meaning: string): CodeInfo => ({ level: "error", meaning });
const warning = (meaning: string): CodeInfo => ({ level: "warning", meaning });

/** Everything that the validator can tell, in the order of the documentation. */
export const CODES = {
  // The file
  other_format: error("The rows are of another format. Name it by `--format`."),
  too_few_examples: error("Training needs at least 10 examples. Add more."),
  file_too_large: error("The provider takes files up to 512 MB. Split it or take fewer rows."),
  missing_bom: error(
    "Azure OpenAI asks for UTF-8 with a byte-order mark. Write the file with one, or let `crossover tune start` upload it.",
  ),
  unexpected_bom: warning("The file begins with a byte-order mark, which only Azure OpenAI asks for."),
  invalid_utf8: error("The line is not UTF-8. Save the file as UTF-8."),
  blank_line: warning("A blank line stands between rows. Take it out."),
  duplicate_row: warning("The row is the same as an earlier one. Keep it once."),
  leaked_row: warning("The same row is in the training file: it measures memory. Take it out of one."),
  leaked_input: warning("The training file has the same input with another answer. Keep it in one file."),
  // The row
  invalid_json: error("The line is not JSON. Each row is one object on one line."),
  not_an_object: error("The line is JSON, but no object."),
  duplicate_key: error("A key stands twice in the row, which no two readers take alike. Give it once."),
  nested_too_deep: error("The row is nested deeper than 100 levels."),
  other_shape: error("The row has the shape of another kind of set. Use `crossover dataset convert`."),
  preference_row: error("The row is for preference tuning (DPO). This checks supervised sets only."),
  unknown_key: error("The row has a key that the format does not know. Take it out."),
  missing_messages: error("`messages` must be a list with at least one message."),
  invalid_prompt: error("`prompt` must be a text, or a list with at least one message."),
  invalid_completion: error("`completion` must be of the prompt's kind: a text, or a list of messages."),
  invalid_parallel_tool_calls: error("`parallel_tool_calls` must be true or false."),
  too_long: warning("The example is over the model's limit, and its end is cut off in training."),
  // The conversation
  no_assistant_message: error("No message is from the assistant: there is nothing to learn."),
  last_message_not_assistant: error("The last message must be from the assistant."),
  nothing_to_learn: error("Every message of the assistant has the weight 0."),
  system_not_first: warning("A system message stands after others. Put it first."),
  missing_system: warning(
    "The example has no system message. Train with a system message only if you will send one.",
  ),
  missing_user: warning("The example has no message from the user."),
  // The message
  message_not_an_object: error("The message is no object."),
  missing_role: error("The message has no role."),
  unknown_role: error(
    "Roles are system, user, assistant, tool, and the older function; for TRL developer too.",
  ),
  unknown_message_key: error("The message has a key that the format does not know. Take it out."),
  missing_content: error("The message has no content. Only beside tool calls may it be left out."),
  invalid_content: error("The content must be a text or a list of parts."),
  invalid_part: error("A part must be a text, or an image in a user's message."),
  invalid_name: error("A name has 1 to 64 letters, digits, `_` or `-`; a function's answer must have one."),
  invalid_weight: error("`weight` must be 0 or 1."),
  weight_not_on_assistant: error("Only messages of the assistant may have a weight."),
  // Tools
  invalid_tools: error("`tools` (or the older `functions`) must be a list with at least one entry."),
  invalid_tool: error("The tool is no valid function definition."),
  duplicate_tool: error("Two tools have the same name."),
  missing_description: warning("The tool has no description to choose it by."),
  deprecated_functions: warning("`functions` and `function_call` are the older style. Use `tools`."),
  tool_calls_not_on_assistant: error("Only messages of the assistant may call tools."),
  invalid_tool_call: error("The call must have an id, the type `function`, and a function's name."),
  duplicate_tool_call_id: error("Two open calls have the same id."),
  unknown_tool: error("The called tool is not in the row's `tools`."),
  invalid_arguments: error("The arguments must be a text that holds a JSON object."),
  double_encoded_arguments: warning("The arguments are JSON in a JSON string. Encode them once."),
  arguments_mismatch: error("The arguments do not fit the tool's schema."),
  unanswered_tool_call: error("A call must be answered by a tool message before the talk goes on."),
  unknown_tool_call_id: error("The tool message answers no open call."),
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type Code = keyof typeof CODES;

/** Something that is wrong in a file. */
export interface DatasetProblem {
  /** From 1; null when the whole file is meant. */
  readonly line: number | null;
  readonly level: Level;
  readonly code: Code;
  /** Where in the row, such as `messages[1].content`; empty when the whole row is meant. */
  readonly path: string;
  readonly message: string;
}

/** Told by a check of something in a row. Without a message, the code's meaning is told. */
export type Tell = (code: Code, path: string, message?: string) => void;
