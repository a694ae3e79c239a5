import type { Store, StoredCapture } from "../store/store.ts";

/** How many of the newest captures are looked at. Enough to tell a hundred good ones, and few enough to wait for. */
const SAMPLE = 2000;
const PAGE = 500;

/** Captures that could teach a model. */
export interface ExampleCount {
  /** Requests with a query of their own and a whole answer. At most so many: `crossover dataset build` is stricter. */
  readonly clean: number;
  readonly lookedAt: number;
  /** Of the clean ones. */
  readonly withFeedback: number;
}

/** Counts the newest successful answers of the enriched path. */
export async function countExamples(
  store: Pick<Store, "page">,
  filter: { readonly route: string; readonly from: number; readonly to: number },
): Promise<ExampleCount> {
  const captures: StoredCapture[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.page(
      { ...filter, path: "enriched", outcome: "success", content: true, cached: false, simulated: false },
      { limit: PAGE, order: "newest", cursor },
    );
    captures.push(...page.captures);
    cursor = page.next;
  } while (cursor !== undefined && captures.length < SAMPLE);
  return countClean(captures);
}

export function countClean(captures: readonly StoredCapture[]): ExampleCount {
  const byQuery = new Map<string, StoredCapture>();
  for (const capture of captures) {
    const { content } = capture;
    if (content === undefined || content.truncated || content.finishReason === "length") continue;
    if (content.query.trim() === "" || content.answer === undefined) continue;
    const before = byQuery.get(content.query);
    if (before === undefined || before.feedback.length === 0) byQuery.set(content.query, capture);
  }
  const clean = [...byQuery.values()];
  return {
    clean: clean.length,
    lookedAt: captures.length,
    withFeedback: clean.filter(({ feedback }) => feedback.length > 0).length,
  };
}
