import { z } from "zod";
import { reportDocument } from "../../src/reports/document.ts";
import type { Question } from "../../src/reports/reports.ts";
import { from, readBy, text, to } from "./capture-query.ts";

const MOST = 1e9;
const DECIMAL = /^\d+(\.\d+)?$/;

/** A number in digits, 0 or more. */
const amount = readBy(
  (given) => (DECIMAL.test(given) && Number(given) <= MOST ? Number(given) : undefined),
  `a number from 0 to ${MOST} is expected`,
);

/** What a report is asked for, as query parameters. */
export const reportQuery = z.strictObject({
  route: text.optional().describe("Default: every route."),
  from: from.describe("From this date on, or this time with its zone. Default: 30 days before the end."),
  to: to.describe("To the end of this date in UTC, or before this time. Default: now."),
  candidate: text
    .optional()
    .describe(
      "The variant that prompting is weighed against. Default: the bare or fine-tuned one of the route that answered most.",
    ),
  input_price: amount
    .optional()
    .describe("USD per million tokens, in place of the candidate's own; with `output_price`."),
  output_price: amount.optional().describe("USD per million tokens; with `input_price`."),
  hosting_per_hour: amount.optional().describe("USD for each hour that the candidate stands."),
  training_cost: amount.optional().describe("USD, once. Default: the model's `trainingCost`."),
  horizon_days: amount.optional().describe("Days within which a training should pay. Default 90."),
});

export const reportList = z.object({ object: z.literal("list"), data: z.array(reportDocument) });

export function questionOf(query: z.infer<typeof reportQuery>): Question {
  return {
    route: query.route,
    from: query.from,
    to: query.to,
    candidate: query.candidate,
    inputPrice: query.input_price,
    outputPrice: query.output_price,
    hostingPerHour: query.hosting_per_hour,
    trainingCost: query.training_cost,
    horizonDays: query.horizon_days,
  };
}
