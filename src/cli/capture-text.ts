import type { z } from "zod";
import type { wholeCapture } from "../../routes/admin/capture-fields.ts";
import type { ShownCall } from "../captures/shown-call.ts";
import { usd } from "../comparison/words.ts";
import { textOf } from "../domain/chat.ts";
import { memberOf } from "../domain/json.ts";
import { factLines } from "./fact-lines.ts";
import { plainLine, plainText } from "./plain-text.ts";

/** A capture for people: its facts line by line, then its texts and its feedback. Its bodies as they are are for programs. */
export function captureText(capture: Readonly<z.infer<typeof wholeCapture>>): string {
  const { query, answer_text, feedback, metadata, calls, request, answer, upstream_request, ...rest } =
    capture;
  const { object, ...facts } = rest;
  const pairs = [
    ...Object.entries(facts),
    ...Object.entries(metadata).map(([name, value]) => [`metadata.${name}`, value] as const),
  ].filter(([, value]) => value !== null);
  const lines = factLines(pairs.map(([name, value]) => [plainLine(name), valueText(name, value)]));
  const said = feedback.map(({ name, value, comment, created_at }) =>
    [created_at, `${name}: ${value}`, ...(comment === null ? [] : [`(${comment})`])].join("  "),
  );
  return [
    ...lines,
    ...(calls.length === 0 ? [] : section("calls", calls.map(callLine).join("\n"))),
    ...section("messages", messagesText(request) ?? query ?? "(not kept)"),
    ...section("answer", answerText(answer, answer_text)),
    ...(said.length === 0 ? [] : section("feedback", said.join("\n"))),
    ...(upstream_request === null ? [] : ["", "--json also prints what was sent upstream."]),
    "",
  ].join("\n");
}

/** When it was made, to whom, and how it ended. */
export function callLine({
  started_ms,
  duration_ms,
  variant,
  model,
  outcome,
  status,
  hedge,
  note,
}: ShownCall): string {
  const ended = status === null ? outcome : `${outcome} (${status})`;
  return [
    `${started_ms.toFixed(1)} ms`,
    `${variant} (${model})`,
    `${ended} after ${duration_ms.toFixed(1)} ms`,
    ...(hedge ? ["hedge"] : []),
    ...(note === null ? [] : [note]),
  ].join("  ");
}

/** Of a request that is kept, its conversation, each message after its role. */
function messagesText(request: unknown): string | undefined {
  const messages = memberOf(request, "messages");
  if (!Array.isArray(messages)) return undefined;
  return messages
    .map((message: unknown) => `${memberOf(message, "role")}: ${saidIn(message).join("\n")}`)
    .join("\n");
}

function answerText(answer: unknown, text: string | null): string {
  const choices = memberOf(answer, "choices");
  const calls = Array.isArray(choices) ? callsIn(memberOf(choices[0], "message")) : [];
  const said = [...(text === null || text === "" ? [] : [text]), ...calls];
  return said.length === 0 ? (answer === null ? "(not kept)" : "(no text)") : said.join("\n");
}

/** Its text and the tools that it calls. */
function saidIn(message: unknown): readonly string[] {
  const text = textOf(memberOf(message, "content"));
  return [...(text === "" ? [] : [text]), ...callsIn(message)];
}

function callsIn(message: unknown): readonly string[] {
  const calls = memberOf(message, "tool_calls");
  if (!Array.isArray(calls)) return [];
  return calls.map((call: unknown) => {
    const called = memberOf(call, "function");
    return `[calls ${memberOf(called, "name")}(${memberOf(called, "arguments")})]`;
  });
}

/** Numbers as exactly as a person reads them: `--json` has the rest. */
function valueText(name: string, value: unknown): string {
  if (typeof value !== "number") return plainLine(String(value));
  if (name === "cost_usd") return usd(value);
  if (name.endsWith("_ms")) return String(Number(value.toFixed(1)));
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function section(title: string, text: string): readonly string[] {
  return ["", title, "-".repeat(title.length), plainText(text)];
}
