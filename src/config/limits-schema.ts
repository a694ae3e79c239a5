import { z } from "zod";

const whole = z.number().int().positive().max(1e12);
const usd = z.number().positive().max(1e6);

/** What a key, the keys with a tag, or a route may take. The admin API takes the same in its own words. */
export const limits = z
  .strictObject({
    requestsPerMinute: whole.optional().describe("Requests in any minute."),
    tokensPerMinute: whole
      .optional()
      .describe("Tokens in any minute, those of the prompt and of the answer."),
    concurrentStreams: whole.optional().describe("Streams under way at a time."),
    usdPerDay: usd.optional().describe("USD a day, by UTC."),
    usdPerMonth: usd.optional().describe("USD a calendar month, by UTC."),
  })
  .describe("What may be taken at most. Without a member that is not limited.");

/** How limits are reckoned. */
export const limiting = z
  .strictObject({
    outputTokens: whole
      .optional()
      .describe("Tokens that an answer is reckoned with where the request names no most. Default 1024."),
    wait: z
      .number()
      .min(0)
      .max(600)
      .optional()
      .describe(
        "Seconds for which a request waits while others have reserved what is left of a budget. Default 5.",
      ),
  })
  .describe("How limits are reckoned.");

export const redis = z
  .strictObject({
    url: z
      .string()
      .regex(/^(rediss?:\/\/.+)?$/, "expected redis://HOST:PORT or rediss://HOST:PORT")
      .describe("Such as redis://user:password@host:6379/0. Empty: none."),
    timeout: z
      .number()
      .positive()
      .max(10)
      .optional()
      .describe("Seconds for which a request waits for Redis at most. Default 0.1."),
    cluster: z.boolean().optional().describe("Is it a node of a Redis Cluster? Default false."),
  })
  .describe("Where several gateways share their limits. Read at the start.");

export type LimitsConfig = z.infer<typeof limits>;
