import { z } from "zod";
import { defineProvider, ProblemError } from "../domain/provider.ts";

/** Headers that say how bytes travel, and differ for each request. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Anything that speaks OpenAI's chat format: vLLM, Ollama, llama.cpp, TGI, LM Studio, other gateways. */
export const openaiCompatible = defineProvider({
  kind: "openai-compatible",
  settings: z.strictObject({
    kind: z.literal("openai-compatible"),
    baseURL: z
      .url({ protocol: /^https?$/ })
      .describe("Up to and with /v1, such as http://127.0.0.1:8000/v1."),
    apiKey: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional().describe("Further constant headers."),
    streamUsage: z
      .boolean()
      .optional()
      .describe("Does the server know stream_options.include_usage? Default true."),
  }),
  // It may be a proxy of OpenAI.
  ftIds: true,
  lacksKey: (settings) => settings.apiKey === "",
  connect: ({ baseURL, apiKey, headers = {}, streamUsage = true }, { model }) => {
    const own: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/.test(name) || /[^\t\x20-\x7e]/.test(value)) {
        throw new ProblemError(
          "headers",
          `\`${name}\` is no header name, or its value has characters that no header may have`,
        );
      }
      if (OF_THE_CONNECTION.has(name.toLowerCase()))
        throw new ProblemError("headers", `\`${name}\` belongs to the connection: the gateway sets it`);
      own[name.toLowerCase()] = value;
    }
    const base = baseURL.replace(/\/+$/, "");
    return {
      url: `${base}/chat/completions`,
      embeddingsUrl: `${base}/embeddings`,
      headers: { ...own, ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      model,
      streamUsage,
      metadata: "forward",
      secrets: [...(apiKey ? [apiKey] : []), ...Object.values(own).filter((value) => value.length >= 8)],
    };
  },
});
