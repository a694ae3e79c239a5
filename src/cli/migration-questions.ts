import { z } from "zod";

/** A question, and the intent that it is of. */
export interface Question {
  readonly text: string;
  readonly intent: string;
}

export interface Questions {
  /** Asked as customers would, and learned from. */
  readonly traffic: readonly Question[];
  /** Asked at the end only, to measure. */
  readonly heldOut: readonly Question[];
}

const query = z.object({ text: z.string(), category: z.string() });
const example = z.object({ user: z.string() });

/**
 * The questions of a JSONL file without those that the prompt shows as examples.
 * @param examples the prompt's, as JSONL
 * @throws RangeError when there are not so many
 */
export function questionsIn(
  queries: string,
  examples: string,
  wanted: { readonly traffic: number; readonly heldOut: number },
): Questions {
  const shown = new Set(linesOf(examples).map((line) => example.parse(JSON.parse(line)).user));
  const all = linesOf(queries)
    .map((line) => query.parse(JSON.parse(line)))
    .filter(({ text }) => !shown.has(text))
    .map(({ text, category }): Question => ({ text, intent: category }));
  const { traffic, heldOut } = wanted;
  if (traffic + heldOut > all.length)
    throw new RangeError(`there are ${all.length} questions, and ${traffic + heldOut} are wanted`);
  return { heldOut: all.slice(0, heldOut), traffic: all.slice(heldOut, heldOut + traffic) };
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
