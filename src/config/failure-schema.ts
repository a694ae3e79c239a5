import { z } from "zod";

export const seconds = z.number().positive().max(86_400);

export const timeouts = z
  .strictObject({
    connect: seconds.optional().describe("Seconds to open a connection. Default 5."),
    firstByte: seconds
      .optional()
      .describe("Seconds until the answer begins. Default 60 for streams; for other answers `total`."),
    idle: seconds.optional().describe("Seconds between two chunks of an answer. Default 30."),
    total: seconds.optional().describe("Seconds for the whole answer. Default 600."),
  })
  .describe("How long to wait for an upstream, in seconds.");

export const retries = z
  .strictObject({
    most: z
      .number()
      .int()
      .min(0)
      .max(10)
      .optional()
      .describe("Most retries on a variant that has no fallback left. Default 2."),
    beforeFallback: z
      .number()
      .int()
      .min(0)
      .max(10)
      .optional()
      .describe(
        "Most retries on a variant that still has a fallback. Default 0: the fallback is asked at once.",
      ),
    deadline: z
      .number()
      .positive()
      .max(600)
      .optional()
      .describe("No retry begins later than so many seconds after the request. Default 5."),
    budget: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("Share of a model's requests below which its retries stay. Default 0.2."),
  })
  .describe("When a failed call is tried again.");

export const breaker = z
  .strictObject({
    requests: z
      .number()
      .int()
      .min(1)
      .max(1e6)
      .optional()
      .describe("Fewest calls within ten seconds on which a judgement rests. Default 20."),
    failures: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe("Share of failed calls at which the circuit opens. Default 0.5."),
    outdone: z
      .number()
      .int()
      .min(1)
      .max(1e6)
      .optional()
      .describe(
        "Failures in a row at which it opens too, where a fallback answered each of them. Default 5.",
      ),
    wait: seconds.optional().describe("Seconds until a call may probe the model again. Default 5."),
    maxWait: seconds
      .optional()
      .describe("Longest wait in seconds: it doubles with each probe that fails. Default 60."),
  })
  .describe("When calls are kept from a model that fails.");

export type TimeoutsConfig = z.infer<typeof timeouts>;
