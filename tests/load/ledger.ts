import { z } from "zod";

/** A call as the upstream saw it. */
const call = z.object({
  number: z.number(),
  /** What was answered: everything, a fault of the upstream's own, or as much as the gateway waited for. */
  end: z.enum([
    "open",
    "complete",
    "aborted",
    "outage",
    "status",
    "hang-up",
    "error-first",
    "error-event",
    "reset",
    "close",
  ]),
  /** When it came and when it ended, in milliseconds since 1970; 0 while it is open. */
  beganAt: z.number(),
  endedAt: z.number(),
  /** What was wrong with the request that the gateway sent. */
  wrong: z.string().optional(),
});

export const ledger = z.array(call);

export type Call = z.infer<typeof call>;

export type CallEnd = Call["end"];
