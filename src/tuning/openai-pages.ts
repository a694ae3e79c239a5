import type { z } from "zod";
import type { pageOf } from "./openai-answers.ts";

/** Items that are asked for at a time. */
export const PAGE_SIZE = 100;

type Page<T extends z.ZodType> = z.infer<ReturnType<typeof pageOf<T>>>;

/**
 * The items of a list, page by page as they are needed.
 * @param read the page after an item; undefined: the first one
 * @param most pages that are read
 */
export async function* itemsOf<T extends z.ZodType<{ readonly id: string }>>(
  read: (after: string | undefined) => Promise<Page<T>>,
  most: number,
): AsyncGenerator<z.infer<T>, void, undefined> {
  let after: string | undefined;
  for (let pages = 0; pages < most; pages++) {
    const { data, has_more } = await read(after);
    yield* data;
    const last = data.at(-1)?.id;
    // A server that does not know `after` gives the same page for ever.
    if (has_more !== true || last === undefined || last === after) return;
    after = last;
  }
}
