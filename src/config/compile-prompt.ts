import { createHash } from "node:crypto";
import type { PromptSource } from "../domain/capture.ts";
import { newMessage } from "../domain/chat.ts";
import { promptFailed } from "../domain/errors.ts";
import { jsonText } from "../domain/json.ts";
import type { ExampleMessage, Prompt, Template } from "../domain/table.ts";
import { estimateTokens, MESSAGE_OVERHEAD_TOKENS } from "../domain/tokens.ts";
import type { CompileContext } from "./compile.ts";
import type { ConfigPath } from "./problem.ts";
import type { PromptConfig } from "./schema.ts";
import { compileTemplate, isTemplate, usesQuery } from "./template.ts";

type ExampleSource = PromptSource["examples"][number];

/** A prompt with its templates compiled and its examples read. */
export function compilePrompt(name: string, prompt: PromptConfig, context: CompileContext): Prompt {
  const path = ["prompts", name];
  if (prompt.system === undefined && prompt.examples === undefined && prompt.cue === undefined)
    context.report(path, "a prompt needs `system`, `examples` or `cue`");
  const literalExamples = typeof prompt.examples === "string";
  const examples =
    typeof prompt.examples === "string"
      ? readExamples(prompt.examples, [...path, "examples"], context)
      : (prompt.examples ?? []).flatMap(({ user, assistant }): ExampleSource[] => [
          { role: "user", text: user },
          { role: "assistant", text: assistant },
        ]);
  const { system, cue, merge = "prepend" } = prompt;
  const content = [system, cue, merge, literalExamples, examples];
  const version = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12);
  const source = { name, version, system, literalExamples, examples, cue, merge };
  return promptOf(source, (inner, message) => context.report([...path, ...inner], message));
}

/**
 * The prompt that a source stands for.
 * @param report hears of what can't be used, by its path within the prompt
 */
export function promptOf(source: PromptSource, report: CompileContext["report"]): Prompt {
  const { name, version, system, literalExamples, examples, cue, merge } = source;
  const template = (text: string | undefined, path: ConfigPath): Template | undefined => {
    if (text === undefined) return undefined;
    try {
      return guarded(compileTemplate(text), name);
    } catch (error) {
      report(path, error instanceof Error ? error.message : "the template can't be read");
      return undefined;
    }
  };
  const example = ({ role, text }: ExampleSource, index: number): ExampleMessage => {
    if (literalExamples || !isTemplate(text)) return fixed(role, text);
    const compiled = template(text, ["examples", Math.floor(index / 2), role]);
    return compiled === undefined ? fixed(role, text) : { role, template: compiled };
  };
  const compiledCue = template(cue, ["cue"]);
  if (cue !== undefined && compiledCue !== undefined && !usesQuery(cue))
    report(["cue"], "a cue needs `{{ query }}`: without it the user's text would be lost");
  return {
    name,
    version,
    system: template(system, ["system"]),
    examples: examples.map(example),
    cue: compiledCue,
    merge,
    source,
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
): ExampleSource[] {
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

function exampleRow(line: string): ExampleSource[] | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof row !== "object" || row === null) return undefined;
  if ("user" in row && "assistant" in row) {
    if (typeof row.user !== "string" || typeof row.assistant !== "string") return undefined;
    return [
      { role: "user", text: row.user },
      { role: "assistant", text: row.assistant },
    ];
  }
  if (!("messages" in row) || !Array.isArray(row.messages)) return undefined;
  const messages: ExampleSource[] = [];
  for (const message of row.messages as readonly unknown[]) {
    if (typeof message !== "object" || message === null || !("role" in message) || !("content" in message))
      return undefined;
    const { role, content } = message;
    if (role === "system" || role === "developer") continue; // the prompt has its own
    if ((role !== "user" && role !== "assistant") || typeof content !== "string") return undefined;
    messages.push({ role, text: content });
  }
  return messages;
}
