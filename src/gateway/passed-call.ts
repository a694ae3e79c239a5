import { badRequest, GatewayError } from "../domain/errors.ts";
import type { AzureAccess, OpenAIAccess, Provider, TuningSettings } from "../domain/tuning.ts";

/** A provider that has OpenAI's files and fine-tuning API. */
export interface PassingProvider extends Provider {
  readonly tuning: OpenAIAccess | AzureAccess;
}

/** What of a configuration tells to whom a request passes. */
export interface PassingSettings {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly tuning: Pick<TuningSettings, "provider">;
}

/** Names the provider, where there are several. */
export const PROVIDER_HEADER = "x-crossover-provider";

/**
 * The provider that a request means: the one it names, else the configuration's `tuning.provider`, else the only one.
 * @throws GatewayError 400 `invalid_value` for a name that is none, `provider_required` where several could be meant, or none can
 */
export function passingProvider(
  named: string | undefined,
  { providers, tuning }: PassingSettings,
): PassingProvider {
  const able = [...providers.values()].filter(canPass);
  const names = able.map(({ name }) => `\`${name}\``).join(", ");
  if (able.length === 0)
    throw badRequest(
      "provider_required",
      "No provider here takes files and fine-tuning jobs: configure one of the kind openai or azure-openai.",
    );
  if (named !== undefined) {
    const one = able.find(({ name }) => name === named);
    if (one !== undefined) return one;
    throw badRequest("invalid_value", `\`${PROVIDER_HEADER}\` names one of ${names}.`, PROVIDER_HEADER);
  }
  const [only, ...others] = able;
  const meant = able.find(({ name }) => name === tuning.provider) ?? (others.length === 0 ? only : undefined);
  if (meant !== undefined) return meant;
  throw badRequest(
    "provider_required",
    `Name the provider in the header \`${PROVIDER_HEADER}\`, one of ${names}, or configure \`tuning.provider\`.`,
    PROVIDER_HEADER,
  );
}

function canPass(provider: Provider): provider is PassingProvider {
  return provider.tuning !== undefined && provider.tuning.api !== "huggingface";
}

/** Where a call goes, and as whom. */
export interface PassedCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
}

/**
 * @param url of the client's request: its path below `/v1` and its query go on
 * @throws GatewayError 404 for a path that is none of OpenAI's files or fine-tuning
 */
export function passedCall(access: OpenAIAccess | AzureAccess, url: URL): PassedCall {
  const path = passedPath(url.pathname);
  const query = new URLSearchParams(url.search);
  switch (access.api) {
    case "openai":
      return {
        url: withQuery(`${access.baseURL.replace(/\/+$/, "")}${path}`, query),
        headers: openaiHeaders(access),
        fetch: access.fetch ?? fetch,
      };
    case "azure":
      return { url: azureUrl(access, path, query), headers: azureHeaders(access), fetch };
  }
}

function openaiHeaders({ apiKey, organization, project }: OpenAIAccess): Readonly<Record<string, string>> {
  return {
    authorization: `Bearer ${apiKey}`,
    ...(organization === undefined ? {} : { "openai-organization": organization }),
    ...(project === undefined ? {} : { "openai-project": project }),
  };
}

/** Azure's version is the configuration's, whatever the client says. */
function azureUrl({ endpoint, apiVersion }: AzureAccess, path: string, query: URLSearchParams): string {
  query.delete("api-version");
  if (apiVersion !== "v1") query.set("api-version", apiVersion);
  const isDated = apiVersion !== "v1" && apiVersion !== "preview";
  return withQuery(`${endpoint.replace(/\/+$/, "")}/openai${isDated ? "" : "/v1"}${path}`, query);
}

function azureHeaders({ apiKey, entraToken }: AzureAccess): Readonly<Record<string, string>> {
  return apiKey === undefined ? { authorization: `Bearer ${entraToken ?? ""}` } : { "api-key": apiKey };
}

function withQuery(url: string, query: URLSearchParams): string {
  return query.size === 0 ? url : `${url}?${query}`;
}

/** Ids, and names of tuned models with their colons. A segment of dots alone would lead elsewhere. */
const SEGMENT = /^(?!\.+$)[\w.:@~-]+$/;

/** The path below `/v1`, so that it can mean nothing else to whoever reads it. */
function passedPath(pathname: string): string {
  const segments = pathname.split("/").slice(2).map(decoded);
  const [root] = segments;
  const isPassed = root === "files" || (root === "fine_tuning" && segments.length > 1);
  if (!isPassed || !segments.every((segment) => SEGMENT.test(segment))) throw unknownPath();
  return `/${segments.join("/")}`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}

function unknownPath(): GatewayError {
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "unknown_url",
    message: "There is nothing at this address: only OpenAI's files and fine-tuning pass on to a provider.",
  });
}
