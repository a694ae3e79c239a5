import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { OUTAGE_MS, RECOVERY_MS } from "./outage.ts";

const options = z.object({
  streams: z.coerce.number().int().positive(),
  seconds: z.coerce.number().int().positive(),
  seed: z.coerce.number().int().nonnegative(),
  bun: z.boolean(),
  outage: z.boolean(),
});

export type Options = z.infer<typeof options>;

/** An outage needs its own time, that of the recovery, and some before and after. */
const OUTAGE_SECONDS = (OUTAGE_MS + 2 * RECOVERY_MS) / 1000 + 20;

/** @throws Error when an option can't be used */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      streams: { type: "string", default: "1000" },
      seconds: { type: "string", default: "120" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
      bun: { type: "boolean", default: false },
      outage: { type: "boolean", default: false },
    },
  });
  const { success, data, error } = options.safeParse(values);
  if (!success) throw new Error(z.prettifyError(error));
  if (data.outage && data.seconds < OUTAGE_SECONDS)
    throw new Error(`--outage needs --seconds ${OUTAGE_SECONDS} or more.`);
  return data;
}

/** @throws Error when this machine does not allow as many sockets as the gateway needs: two a stream */
export function requireOpenFiles({ streams }: Options): void {
  const needed = Math.ceil(streams * 2.1) + 200;
  const allowed = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  if (allowed === "unlimited" || Number(allowed) >= needed) return;
  throw new Error(
    `${streams} streams need ${needed} open files, and the limit is ${allowed}. Raise it with \`ulimit -n ${needed}\`, or ask for fewer with --streams.`,
  );
}
