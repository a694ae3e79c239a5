import type { UsageHour } from "../../src/domain/capture.ts";
import type { Table } from "../../src/domain/table.ts";
import type { ReportStore } from "../../src/reports/reports.ts";
import type { FeedbackSummary, StoredCapture, StoredComparison } from "../../src/store/store.ts";
import { small, tableOf } from "../config/tables.ts";

/** A big prompted model and a small fine-tuned one, at the prices of gpt-4.1 and a fine-tuned gpt-4.1-mini. */
export function helpTable(more: Readonly<Record<string, unknown>> = {}): Table {
  return tableOf(helpConfig(more));
}

export function helpConfig(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return small({
    providers: { sim: { kind: "openai", apiKey: "key-of-nobody" } },
    models: {
      base: { provider: "sim", model: "gpt-4.1", price: { input: 2, output: 8 } },
      ft: { provider: "sim", model: "ft:mini", price: { input: 0.8, output: 3.2 }, trainingCost: 100 },
    },
    prompts: { helper: { system: "You are a helper." } },
    variants: { prompted: { model: "base", prompt: "helper" }, tuned: { model: "ft" } },
    routes: {
      help: { rules: [{ use: { split: { prompted: 50, tuned: 50 } } }] },
      other: { rules: [{ use: "prompted" }] },
    },
    ...more,
  });
}

export interface Stored {
  readonly hours?: readonly UsageHour[];
  readonly captures?: readonly StoredCapture[];
  readonly feedback?: readonly FeedbackSummary[];
  readonly comparisons?: readonly StoredComparison[];
}

/** What a report reads of a store, held in memory. */
export function storeOf({ hours = [], captures = [], feedback = [], comparisons = [] }: Stored): ReportStore {
  return {
    usage: ({ route, from = 0, to = Number.POSITIVE_INFINITY }) =>
      Promise.resolve(
        hours.filter((one) => (route ?? one.route) === one.route && one.hour >= from && one.hour < to),
      ),
    page: ({ route, simulated }, { limit, cursor = "0" }) => {
      const all = captures.filter(
        (one) => one.route === route && one.simulated === (simulated ?? one.simulated),
      );
      const end = Number(cursor) + limit;
      return Promise.resolve({
        captures: all.slice(Number(cursor), end),
        next: end < all.length ? String(end) : undefined,
      });
    },
    feedbackSummary: ({ route }) => Promise.resolve(feedback.filter((one) => one.route === route)),
    count: ({ route, simulated }) =>
      Promise.resolve(captures.filter((one) => one.route === route && one.simulated === simulated).length),
    comparisons: () => Promise.resolve(comparisons),
  };
}
