import { z } from "zod";
import { defineProvider } from "../domain/provider.ts";
import { simulationIn } from "./simulator/simulation.ts";
import { EMBEDDINGS_URL, simulatorTransport } from "./simulator/transport.ts";
import { tuningFetch } from "./simulator/tuning-api.ts";

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
 * from a seed, from examples in the prompt, or by a small model that it really trains. It says in each answer, in
 * `system_fingerprint` and in `x-simulated` that it is a simulation.
 */
export const simulator = defineProvider({
  kind: "simulator",
  ftIds: true,
  settings: simulatorSettings,
  lacksKey: () => false,
  connect: (settings, { model }, { dataDir }) => ({
    url: "simulator:chat/completions",
    embeddingsUrl: EMBEDDINGS_URL,
    headers: {},
    model,
    streamUsage: true,
    metadata: "forward",
    secrets: [],
    transport: simulatorTransport(settings, simulationIn(dataDir).models),
  }),
  tuning: ({ seed = 0 }, { dataDir }) => ({
    api: "openai",
    baseURL: "http://simulator/v1",
    apiKey: "simulator",
    organization: undefined,
    project: undefined,
    fetch: tuningFetch(simulationIn(dataDir).workshop, seed),
  }),
});
