import { createHash } from "node:crypto";
import { newMessage } from "../domain/chat.ts";
import { promptFailed } from "../domain/errors.ts";
import { jsonText } from "../domain/json.ts";
import type { ExampleMessage, Prompt, Template } from "../domain/table.ts";
import { estimateTokens, MESSAGE_OVERHEAD_TOKENS } from "../domain/tokens.ts";
import type { CompileContext } from "./compile.ts";
import type { ConfigPath } from "./problem.ts";
import type { PromptConfig } from "./schema.ts";
import { compileTemplate, isTemplate, usesQuery } from "./template.ts";

/** A prompt with its templates compiled and its examples read. */
export function compilePrompt(
  name: string,
  prompt: PromptConfig,
  context: CompileContext,
): Prompt | undefined {
  const at = (...path: ConfigPath): ConfigPath => ["prompts", name, ...path];
  const template = (source: string | undefined, path: ConfigPath): Template | undefined => {
    if (source === undefined) return undefined;
    try {
      return guarded(compileTemplate(source), name);
    } catch (error) {
      context.report(path, error instanceof Error ? error.message : "the template can't be read");
      return undefined;
    }
  };
  const fromFile =
    typeof prompt.examples === "string" ? readExamples(prompt.examples, at("examples"), context) : undefined;
  const inline = typeof prompt.examples === "string" ? [] : (prompt.examples ?? []);
  const example = (role: "user" | "assistant", text: string, path: ConfigPath): ExampleMessage => {
    const compiled = isTemplate(text) ? template(text, path) : undefined;
    return compiled === undefined ? fixed(role, text) : { role, template: compiled };
  };
  const examples = inline.flatMap(({ user, assistant }, index) => [
    example("user", user, at("examples", index, "user")),
    example("assistant", assistant, at("examples", index, "assistant")),
  ]);
  if (prompt.system === undefined && prompt.examples === undefined && prompt.cue === undefined) {
    context.report(at(), "a prompt needs `system`, `examples` or `cue`");
  }
  const cue = template(prompt.cue, at("cue"));
  if (prompt.cue !== undefined && cue !== undefined && !usesQuery(prompt.cue)) {
    context.report(at("cue"), "a cue needs `{{ query }}`: without it the user's text would be lost");
  }
  const content = [prompt.system, prompt.cue, prompt.merge, fromFile ?? inline];
  return {
    name,
    version: createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12),
    system: template(prompt.system, at("system")),
    examples: fromFile ?? examples,
    cue,
    merge: prompt.merge ?? "prepend",
  };
}

/** What a template says of its failure has its text in it, which belongs into no log. */
function guarded(template: Template, prompt: string): Template {
  return {
    render: (variables) => {
      try {
        return template.render(variables);
      } catch {
        throw promptFailed(prompt);
      }
    },
  };
}

function fixed(role: "user" | "assistant", text: string): ExampleMessage {
  return { fixed: newMessage(role, jsonText(text)), tokens: estimateTokens(text) + MESSAGE_OVERHEAD_TOKENS };
}

/** Examples from a JSONL file: `{"user","assistant"}` rows, or fine-tuning rows with `messages`. Taken literally. */
function readExamples(
  file: string,
  path: ConfigPath,
  { readBeside, report }: CompileContext,
): ExampleMessage[] {
  let text: string;
  try {
    text = readBeside(path, file);
  } catch {
    report(path, `the file ${file} can't be read`);
    return [];
  }
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((line, index) => {
      if (line.trim() === "") return [];
      const messages = exampleRow(line);
      if (messages === undefined) {
        report(
          path,
          `${file}, line ${index + 1}: not an example. A line is {"user": "...", "assistant": "..."} or {"messages": [...]} with texts`,
        );
        return [];
      }
      return messages;
    });
}

function exampleRow(line: string): ExampleMessage[] | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof row !== "object" || row === null) return undefined;
  if ("user" in row && "assistant" in row) {
    if (typeof row.user !== "string" || typeof row.assistant !== "string") return undefined;
    return [fixed("user", row.user), fixed("assistant", row.assistant)];
  }
  if (!("messages" in row) || !Array.isArray(row.messages)) return undefined;
  const messages: ExampleMessage[] = [];
  for (const message of row.messages as readonly unknown[]) {
    if (typeof message !== "object" || message === null || !("role" in message) || !("content" in message))
      return undefined;
    const { role, content } = message;
    if (role === "system" || role === "developer") continue; // the prompt has its own
    if ((role !== "user" && role !== "assistant") || typeof content !== "string") return undefined;
    messages.push(fixed(role, content));
  }
  return messages;
}
