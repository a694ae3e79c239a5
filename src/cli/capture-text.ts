import type { z } from "zod";
import type { wholeCapture } from "../../routes/admin/capture-fields.ts";
import { plainLine, plainText } from "./plain-text.ts";

/** A capture for people: its facts line by line, then its texts and its feedback. Its bodies are for programs. */
export function captureText(capture: Readonly<z.infer<typeof wholeCapture>>): string {
  const { query, answer_text, feedback, metadata, request, answer, upstream_request, object, ...facts } =
    capture;
  const pairs = [
    ...Object.entries(facts),
    ...Object.entries(metadata).map(([name, value]) => [`metadata.${name}`, value] as const),
  ].filter(([, value]) => value !== null);
  const names = pairs.map(([name]) => plainLine(name));
  const width = Math.max(...names.map((name) => name.length));
  const lines = pairs.map(([, value], index) => `${names[index]?.padEnd(width)}  ${valueText(value)}`);
  const said = feedback.map(({ name, value, comment, created_at }) =>
    [created_at, `${name}: ${value}`, ...(comment === null ? [] : [`(${comment})`])].join("  "),
  );
  return [
    ...lines,
    ...section("query", query === null ? "(not kept)" : query),
    ...section("answer", answer_text === null ? "(not kept)" : answer_text),
    ...(said.length === 0 ? [] : section("feedback", said.join("\n"))),
    "",
  ].join("\n");
}

/** Numbers to the sixth decimal. */
function valueText(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toFixed(6))) : plainLine(String(value));
}

function section(title: string, text: string): readonly string[] {
  return ["", title, "-".repeat(title.length), plainText(text)];
}
