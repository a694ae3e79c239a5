import { z } from "zod";
import { defineProvider, ProblemError } from "../domain/provider.ts";

/** OpenAI itself. Address and headers as in the official SDK (openai-node, client.ts). */
export const openai = defineProvider({
  kind: "openai",
  settings: z.strictObject({
    kind: z.literal("openai"),
    apiKey: z.string(),
    baseURL: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("Default https://api.openai.com/v1."),
    organization: z.string().optional(),
    project: z.string().optional(),
  }),
  priceTable: "openai",
  lacksKey: (settings) => settings.apiKey === "",
  connect: ({ apiKey, baseURL = "https://api.openai.com/v1", organization, project }, { model }) => {
    if (apiKey === "")
      throw new ProblemError("apiKey", "the key is empty. Set it, or allow `withoutKey: simulator`");
    return {
      url: `${baseURL.replace(/\/+$/, "")}/chat/completions`,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(organization ? { "openai-organization": organization } : {}),
        ...(project ? { "openai-project": project } : {}),
      },
      model,
      streamUsage: true,
      secrets: [apiKey],
    };
  },
});
