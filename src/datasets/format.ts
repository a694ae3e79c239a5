import { parseJson } from "../domain/json.ts";

/** What a fine-tuning file is written for. */
export const FORMATS = ["openai", "azure", "trl-messages", "trl-prompt-completion"] as const;

export type Format = (typeof FORMATS)[number];

export function isFormat(name: string): name is Format {
  return FORMATS.some((format) => format === name);
}

/** Is it for Hugging Face's TRL, which takes what its chat templates take? */
export function isTrl(format: Format): boolean {
  switch (format) {
    case "openai":
    case "azure":
      return false;
    case "trl-messages":
    case "trl-prompt-completion":
      return true;
  }
}

/** The tools of a row; for TRL they may stand there as JSON text. */
export function toolsOf({ tools }: Readonly<Record<string, unknown>>): unknown {
  return typeof tools === "string" ? (parseJson(tools) ?? tools) : tools;
}

/**
 * Most bytes of a file that the service takes; undefined where no service is meant. OpenAI's API reference and
 * Microsoft's page on fine-tuning say 512 MB, read as the smaller of its two meanings.
 */
export function mostBytes(format: Format): number | undefined {
  return isTrl(format) ? undefined : 512 * 1000 * 1000;
}

/** Fewest examples of a training file that are taken, as OpenAI and Microsoft say; of TRL's none are said. */
export function leastExamples(format: Format): number {
  return isTrl(format) ? 1 : 10;
}
