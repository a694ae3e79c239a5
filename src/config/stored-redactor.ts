import type { RedactionSettings, Redactor } from "../domain/redactor.ts";
import { newRedactor } from "../redaction/redactor.ts";
import { linearPattern } from "./regex.ts";

/** The redactor for prompts and answers that are stored, in whatever thread. */
export function redactorOf({ secrets, personal, patterns }: RedactionSettings): Redactor {
  return newRedactor({
    secrets,
    personal,
    patterns: patterns.map(({ name, match }) => ({ name, find: linearPattern(match) })),
  });
}
