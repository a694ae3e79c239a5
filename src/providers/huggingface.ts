import { z } from "zod";
import { defineProvider, ProblemError } from "../domain/provider.ts";

const ROUTER = "https://router.huggingface.co/v1";
const HUB = "https://huggingface.co";
const ENDPOINTS = "https://api.endpoints.huggingface.cloud";

const address = z.url({ protocol: /^https?$/ });
const word = z.string().min(1);

/** Names as in the API of the Inference Endpoints: `provider` and `compute` of an endpoint. */
const tuning = z
  .strictObject({
    namespace: word
      .optional()
      .describe("User or organisation that owns what is made. Default: the token's own."),
    hubURL: address.optional().describe(`Default ${HUB}.`),
    endpointsURL: address.optional().describe(`The API of the Inference Endpoints. Default ${ENDPOINTS}.`),
    flavor: word.optional().describe("Hardware of a training job. Default a10g-small."),
    timeoutHours: z
      .number()
      .positive()
      .max(168)
      .optional()
      .describe("Hours after which a training job is stopped. Default 6."),
    endpoint: z
      .strictObject({
        vendor: word.optional().describe("aws, azure or gcp. Default aws."),
        region: word.optional().describe("Default us-east-1."),
        accelerator: word.optional().describe("cpu, gpu or neuron. Default gpu."),
        instanceType: word.optional().describe("Default nvidia-l4."),
        instanceSize: word.optional().describe("Default x1."),
        scaleToZeroMinutes: z
          .union([z.literal(false), z.number().int().min(15)])
          .optional()
          .describe(
            "Minutes without a request after which the endpoint sleeps and costs nothing; false: never. Default 15.",
          ),
        hostingPerHour: z
          .number()
          .nonnegative()
          .optional()
          .describe("USD an hour that the endpoint costs while it runs."),
      })
      .optional()
      .describe("The Inference Endpoint of a model that was trained."),
  })
  .describe("How models are trained and deployed.");

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
    tuning: tuning.optional(),
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
  tuning: ({ apiKey, tuning: { endpoint = {}, ...settings } = {} }) => ({
    api: "huggingface",
    token: apiKey,
    hubURL: (settings.hubURL ?? HUB).replace(/\/+$/, ""),
    endpointsURL: (settings.endpointsURL ?? ENDPOINTS).replace(/\/+$/, ""),
    namespace: settings.namespace,
    flavor: settings.flavor ?? "a10g-small",
    timeoutSeconds: (settings.timeoutHours ?? 6) * 3600,
    endpoint: {
      vendor: endpoint.vendor ?? "aws",
      region: endpoint.region ?? "us-east-1",
      accelerator: endpoint.accelerator ?? "gpu",
      instanceType: endpoint.instanceType ?? "nvidia-l4",
      instanceSize: endpoint.instanceSize ?? "x1",
      scaleToZeroMinutes:
        endpoint.scaleToZeroMinutes === false ? undefined : (endpoint.scaleToZeroMinutes ?? 15),
      hostingPerHour: endpoint.hostingPerHour,
    },
  }),
});
