import { z } from "zod";
import { defineProvider } from "../domain/provider.ts";
import { EMBEDDINGS_URL, simulatorTransport } from "./simulator/transport.ts";

const milliseconds = z.number().int().min(0).max(600_000);

export const simulatorSettings = z.strictObject({
  kind: z.literal("simulator"),
  seed: z.number().int().optional().describe("Same seed, same request: same answer. Default 0."),
  latency: z
    .strictObject({
      firstTokenMs: milliseconds.optional().describe("Default 0."),
      perTokenMs: milliseconds.optional().describe("Default 0."),
    })
    .optional(),
  faults: z
    .strictObject({
      rate: z.number().min(0).max(1).describe("Share of the requests that fail."),
      kinds: z
        .array(z.enum(["error", "rate-limit", "cut", "stall"]))
        .min(1)
        .optional()
        .describe(
          "error: 500. rate-limit: 429. cut: the answer breaks off. stall: no answer. Default: error.",
        ),
    })
    .optional(),
});

/**
 * An upstream without a network: OpenAI's wire format, streams and usage included, with answers made
 * from a seed. It says in each answer, in `system_fingerprint` and in `x-simulated` that it is a simulation.
 */
export const simulator = defineProvider({
  kind: "simulator",
  ftIds: true,
  settings: simulatorSettings,
  lacksKey: () => false,
  connect: (settings, { model }) => ({
    url: "simulator:chat/completions",
    embeddingsUrl: EMBEDDINGS_URL,
    headers: {},
    model,
    streamUsage: true,
    metadata: "forward",
    secrets: [],
    transport: simulatorTransport(settings),
  }),
});
