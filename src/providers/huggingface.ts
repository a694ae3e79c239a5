import { z } from "zod";
import { defineProvider, ProblemError } from "../domain/provider.ts";

const ROUTER = "https://router.huggingface.co/v1";

/**
 * Hugging Face: a model id goes to the router (a provider may be named after a colon, as in
 * `org/model:together`), an https address is a dedicated Inference Endpoint.
 * Addresses as in @huggingface/inference (HF_ROUTER_URL, chat completion task).
 */
export const huggingface = defineProvider({
  kind: "huggingface",
  settings: z.strictObject({
    kind: z.literal("huggingface"),
    apiKey: z.string(),
    baseURL: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(`The router. Default ${ROUTER}.`),
    billTo: z.string().optional().describe("Organisation that pays, sent as X-HF-Bill-To."),
  }),
  priceTable: "huggingface",
  lacksKey: (settings) => settings.apiKey === "",
  connect: ({ apiKey, baseURL = ROUTER, billTo }, { model }) => {
    if (apiKey === "")
      throw new ProblemError("apiKey", "the token is empty. Set it, or allow `withoutKey: simulator`");
    const dedicated = /^https?:\/\//.test(model);
    if (dedicated && !URL.canParse(model)) throw new ProblemError("model", "this is no endpoint address");
    if (!dedicated && !/^[\w.-]+\/[\w.-]+(:[\w.-]+)?$/.test(model)) {
      throw new ProblemError(
        "model",
        "give a model id such as meta-llama/Llama-3.1-8B-Instruct, or an endpoint address",
      );
    }
    const base = dedicated
      ? `${model.replace(/\/+$/, "").replace(/\/v1(\/chat\/completions)?$/, "")}/v1`
      : baseURL.replace(/\/+$/, "");
    return {
      url: `${base}/chat/completions`,
      // The router serves chat alone; an endpoint with Text Embeddings Inference has this address.
      embeddingsUrl: dedicated ? `${base}/embeddings` : undefined,
      headers: { authorization: `Bearer ${apiKey}`, ...(billTo ? { "x-hf-bill-to": billTo } : {}) },
      // A dedicated endpoint serves one model, and takes this name for it.
      model: dedicated ? "tgi" : model,
      streamUsage: true,
      metadata: "forward",
      secrets: [apiKey],
    };
  },
});
