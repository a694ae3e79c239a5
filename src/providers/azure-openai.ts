import { z } from "zod";
import { defineProvider, metadataMode, ProblemError } from "../domain/provider.ts";
import type { AzureManagement } from "../domain/tuning.ts";

const MANAGEMENT = "https://management.azure.com";

/** Where deployments are made: Azure's management API has an address and a sign-in of its own. */
const management = z
  .strictObject({
    subscription: z.string().min(1).describe("Id of the subscription."),
    resourceGroup: z.string().min(1),
    account: z
      .string()
      .min(1)
      .optional()
      .describe("Name of the Azure OpenAI resource. Default: the first part of the endpoint's host name."),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(`The management API. Default ${MANAGEMENT}.`),
    token: z
      .string()
      .optional()
      .describe("An Entra ID access token for it. Default: the sign-in that the environment has."),
    sku: z
      .string()
      .min(1)
      .optional()
      .describe("Such as Standard, GlobalStandard or DeveloperTier. Default Standard."),
    capacity: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("Thousands of tokens a minute of a new deployment. Default 50."),
    hostingPerHour: z
      .number()
      .nonnegative()
      .optional()
      .describe(
        "USD an hour that a deployment costs, used or not. Default: the list price, where it is known.",
      ),
  })
  .describe("How a model that was trained here is deployed.");

/**
 * Azure OpenAI: a dated `apiVersion` addresses the deployment in the path, `v1` or `preview` uses the v1
 * API with the deployment as the body's model. Signs with `api-key` or with an Entra ID token.
 * Addresses as in the official SDK (openai-node, azure.ts) and Azure's REST reference.
 */
export const azureOpenai = defineProvider({
  kind: "azure-openai",
  settings: z.strictObject({
    kind: z.literal("azure-openai"),
    endpoint: z.string().describe("Such as https://NAME.openai.azure.com."),
    apiKey: z.string().optional(),
    entraToken: z.string().optional().describe("An Entra ID access token, in place of apiKey."),
    apiVersion: z
      .string()
      .regex(/^(\d{4}-\d{2}-\d{2}(-preview)?|v1|preview)$/, "a date such as 2024-10-21, `v1` or `preview`")
      .optional()
      .describe("A dated version, `v1` or `preview`. Default v1."),
    streamUsage: z
      .boolean()
      .optional()
      .describe(
        "Does this version know stream_options.include_usage? Default: dated versions from 2024-09-01 on, and `v1`.",
      ),
    metadata: metadataMode
      .optional()
      .describe("Send `metadata` on always (forward), or only with `store: true` (if-stored, the default)."),
    management: management.optional(),
  }),
  priceTable: "azure",
  lacksKey: ({ apiKey, entraToken }) => !apiKey && !entraToken,
  connect: ({ endpoint, apiKey, entraToken, apiVersion = "v1", streamUsage, metadata }, { model }) => {
    if (!URL.canParse(endpoint) || !/^https?:\/\//.test(endpoint)) {
      throw new ProblemError(
        "endpoint",
        "this is no address. Give the resource's, such as https://NAME.openai.azure.com",
      );
    }
    if (apiKey && entraToken) throw new ProblemError("entraToken", "give either `apiKey` or `entraToken`");
    if (!apiKey && !entraToken) {
      throw new ProblemError("apiKey", "give `apiKey` or `entraToken`, or allow `withoutKey: simulator`");
    }
    const base = resourceOf(endpoint);
    return {
      url: addressOf(base, model, apiVersion, "chat/completions"),
      embeddingsUrl: addressOf(base, model, apiVersion, "embeddings"),
      headers: apiKey ? { "api-key": apiKey } : { authorization: `Bearer ${entraToken}` },
      model,
      // Versions before refuse the request for it. "v1" and "preview" sort after all dates.
      streamUsage: streamUsage ?? apiVersion >= "2024-09-01",
      metadata: metadata ?? "if-stored",
      secrets: [apiKey || entraToken || ""],
    };
  },
  tuning: ({ endpoint, apiKey, entraToken, apiVersion = "v1", management: settings }) =>
    URL.canParse(endpoint)
      ? {
          api: "azure",
          endpoint: resourceOf(endpoint),
          apiKey: apiKey || undefined,
          entraToken: entraToken || undefined,
          apiVersion,
          management: settings && managementOf(settings, new URL(endpoint).hostname),
        }
      : undefined, // `connect` says so
});

function resourceOf(endpoint: string): string {
  return endpoint.replace(/\/+$/, "").replace(/\/openai(\/v1)?$/, "");
}

function managementOf(settings: z.infer<typeof management>, hostname: string): AzureManagement {
  return {
    endpoint: (settings.endpoint ?? MANAGEMENT).replace(/\/+$/, ""),
    subscription: settings.subscription,
    resourceGroup: settings.resourceGroup,
    account: settings.account ?? hostname.replace(/\..*$/, ""),
    token: settings.token || undefined,
    sku: settings.sku ?? "Standard",
    capacity: settings.capacity ?? 50,
    hostingPerHour: settings.hostingPerHour,
  };
}

function addressOf(base: string, deployment: string, apiVersion: string, operation: string): string {
  if (apiVersion === "v1") return `${base}/openai/v1/${operation}`;
  if (apiVersion === "preview") return `${base}/openai/v1/${operation}?api-version=preview`;
  return `${base}/openai/deployments/${encodeURIComponent(deployment)}/${operation}?api-version=${apiVersion}`;
}
