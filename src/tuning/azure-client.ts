import type { CognitiveServicesManagementClient } from "@azure/arm-cognitiveservices";
import type { AzureManagement } from "../domain/tuning.ts";
import { hasLoopbackName } from "../net.ts";
import { ProviderProblem } from "./trainer.ts";

/** Azure's management API of one subscription. */
export type AzureClient = CognitiveServicesManagementClient;

type Policy = Parameters<AzureClient["pipeline"]["addPolicy"]>[0];
type Credential = ConstructorParameters<typeof CognitiveServicesManagementClient>[0];

/** Milliseconds after which a request to the management API is given up. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * The official client, which is loaded only now: it and @azure/identity take a third of a second each. It tries nothing
 * again by itself, and sends nothing to another host than the one that is configured.
 */
export async function azureClient(access: AzureManagement): Promise<AzureClient> {
  const { CognitiveServicesManagementClient } = await import("@azure/arm-cognitiveservices");
  const { endpoint } = access;
  const client = new CognitiveServicesManagementClient(await credentialOf(access), access.subscription, {
    endpoint,
    retryOptions: { maxRetries: 0 },
    allowInsecureConnection: hasLoopbackName(endpoint),
  });
  client.pipeline.addPolicy(onlyTo(new URL(endpoint).origin));
  if (access.token !== undefined) {
    client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
    client.pipeline.addPolicy(bearer(access.token), { phase: "Sign" });
  }
  return client;
}

async function credentialOf({ token }: AzureManagement): Promise<Credential> {
  if (token !== undefined) {
    return { getToken: async () => ({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  }
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential();
}

/** Pages and operations are followed by links in answers: the token must not go where somebody else's link points. */
function onlyTo(origin: string): Policy {
  return {
    name: "onlyToConfiguredEndpoint",
    sendRequest: async (request, next) => {
      // Not the client's own limit: its timer keeps a process that is done from ending.
      const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const { abortSignal } = request;
      request.abortSignal =
        abortSignal instanceof AbortSignal ? AbortSignal.any([abortSignal, limit]) : (abortSignal ?? limit);
      if (new URL(request.url).origin === origin) return next(request);
      throw new ProviderProblem({
        message: `Azure's answer points to ${new URL(request.url).origin}, which is not the configured endpoint ${origin}.`,
        hint: "Check the endpoint of the management API in the configuration.",
        raw: "",
        kind: "final",
      });
    },
  };
}

/** The client's own policy refuses plain HTTP, also of this machine. */
function bearer(token: string): Policy {
  return {
    name: "configuredToken",
    sendRequest: (request, next) => {
      request.headers.set("authorization", `Bearer ${token}`);
      return next(request);
    },
  };
}
