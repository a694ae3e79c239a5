import { z } from "zod";

/** What was used of budgets, as it is kept over a restart. */
export const spendingSchema = z.strictObject({
  version: z.literal(1),
  budgets: z.array(
    z.strictObject({
      bucket: z.string(),
      window: z.enum(["day", "month"]),
      /** The first day of the period, by UTC. */
      from: z.iso.date(),
      /** Whole units. */
      used: z.int().nonnegative(),
    }),
  ),
});

export type Spending = Readonly<z.infer<typeof spendingSchema>>;
export type BudgetSpending = Readonly<Spending["budgets"][number]>;
