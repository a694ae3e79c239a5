import { z } from "zod";
import { defineProvider, metadataMode, ProblemError } from "../domain/provider.ts";

const OPENAI = "https://api.openai.com/v1";

/** OpenAI itself. Address and headers as in the official SDK (openai-node, client.ts). */
export const openai = defineProvider({
  kind: "openai",
  settings: z.strictObject({
    kind: z.literal("openai"),
    apiKey: z.string(),
    baseURL: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(`Default ${OPENAI}.`),
    organization: z.string().optional(),
    project: z.string().optional(),
    metadata: metadataMode
      .optional()
      .describe(
        "Send `metadata` on always (forward), or only with `store: true` (if-stored), as OpenAI refuses it otherwise. Default: if-stored at OpenAI's own address, forward elsewhere.",
      ),
  }),
  priceTable: "openai",
  ftIds: true,
  tuning: ({ apiKey, baseURL = OPENAI, organization, project }) => ({
    api: "openai",
    baseURL: baseURL.replace(/\/+$/, ""),
    apiKey,
    organization: organization || undefined,
    project: project || undefined,
    fetch: undefined,
  }),
  lacksKey: (settings) => settings.apiKey === "",
  connect: ({ apiKey, baseURL = OPENAI, organization, project, metadata }, { model }) => {
    if (apiKey === "")
      throw new ProblemError("apiKey", "the key is empty. Set it, or allow `withoutKey: simulator`");
    const base = baseURL.replace(/\/+$/, "");
    return {
      url: `${base}/chat/completions`,
      embeddingsUrl: `${base}/embeddings`,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(organization ? { "openai-organization": organization } : {}),
        ...(project ? { "openai-project": project } : {}),
      },
      model,
      streamUsage: true,
      metadata: metadata ?? (isOpenai(baseURL) ? "if-stored" : "forward"),
      secrets: [apiKey],
    };
  },
});

/** OpenAI's own address, or a region's, such as eu.api.openai.com. */
export function isOpenai(baseURL: string): boolean {
  const { hostname } = new URL(baseURL);
  return hostname === "api.openai.com" || hostname.endsWith(".api.openai.com");
}
