import type { Hono } from "hono";
import type { z } from "zod";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { withStore } from "../../src/gateway/stored.ts";
import { feedbackInterval } from "../../src/reports/feedback-interval.ts";
import type { FeedbackSummary } from "../../src/store/store.ts";
import { endpoint } from "../endpoint.ts";
import { parseQuery } from "../query.ts";
import type { shownSummary, summaryList } from "./capture-fields.ts";
import { feedbackQuery } from "./capture-query.ts";

type SummaryAnswer = Readonly<z.infer<typeof shownSummary>>;

/** `GET /admin/api/feedback`: feedback by route, variant and name. */
export function feedbackSummaries(app: Hono, gateway: Gateway): void {
  endpoint(app, "/admin/api/feedback", {
    GET: async (context) => {
      const query = parseQuery(context.req.url, feedbackQuery);
      const summaries = await withStore(gateway, (store) => store.feedbackSummary(query));
      const answer: Readonly<z.infer<typeof summaryList>> = {
        object: "list",
        data: summaries.map(summaryAnswer),
      };
      return context.json(answer);
    },
  });
}

function summaryAnswer(summary: FeedbackSummary): SummaryAnswer {
  const { route, variant, name, count, mean, labels } = summary;
  return {
    object: "crossover.feedback_summary",
    route,
    variant,
    name,
    count,
    mean: mean ?? null,
    interval: feedbackInterval(summary) ?? null,
    labels,
  };
}
