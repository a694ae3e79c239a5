import type { z } from "zod";

/** A member that JSON leaves out where it is undefined. */
export function maybe<T>(schema: z.ZodType<T>) {
  return schema.optional().transform((value) => value);
}
