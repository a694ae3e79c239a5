import { z } from "zod";
import { seconds } from "./failure-schema.ts";

const portNumber = z.number().int().min(0).max(65_535);

export const server = z.strictObject({
  host: z.string().min(1).optional().describe("Address to listen on. Default 127.0.0.1; HOST overrides it."),
  port: z
    .union([
      portNumber,
      z
        .string()
        .regex(/^\d{1,5}$/, "expected a number")
        .transform(Number)
        .pipe(portNumber),
    ])
    .optional()
    .describe("Port. Default 8787; PORT overrides it."),
  adminToken: z
    .string()
    .optional()
    .describe(
      "Bearer token for /admin. Without one, and without a key with `admin: true`, it answers only on a loopback address.",
    ),
  metricsToken: z.string().optional().describe("Bearer token for /metrics. Without one /metrics is open."),
  dataDir: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder for the keys that the admin API creates, relative to the working directory. Default data; CROSSOVER_DATA_DIR overrides it.",
    ),
  maxBodyBytes: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Largest request body in bytes. Default 20 MiB."),
  maxResponseBytes: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Largest unstreamed answer in bytes. Default 50 MiB."),
  maxDepth: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .optional()
    .describe("Deepest nesting of a request body. Default 64."),
  maxMessages: z.number().int().positive().optional().describe("Most messages in a request. Default 10000."),
  maxNodes: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Most JSON values in a request body. Default 100000."),
  clientTimeout: seconds
    .optional()
    .describe(
      "Seconds after which a client is let go that takes nothing of the answer that waits for it. Default 60.",
    ),
  requestTimeout: seconds.optional().describe("Seconds for a whole request to arrive. Default 300."),
  drain: seconds
    .optional()
    .describe("Seconds that requests under way may take to end after a signal to stop. Default 30."),
  maxConnections: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Most clients' connections at a time; further ones are closed. Default 10000."),
  maxBufferedBytes: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Most bytes of all requests' bodies under way together. Default 512 MiB."),
  requestLog: z
    .boolean()
    .optional()
    .describe("Write a line of JSON for each request to standard output. Default true."),
});
