import { ProblemError, type ProviderContext, type Target } from "../domain/provider.ts";
import type { Model, Timeouts } from "../domain/table.ts";
import type { Endpoint } from "../domain/transport.ts";
import { type CompileContext, type Defined, unknownName } from "./compile.ts";
import type { Connection } from "./compile-providers.ts";
import type { TimeoutsConfig } from "./failure-schema.ts";
import { publicPrice } from "./price-table.ts";
import type { ModelConfig } from "./schema.ts";
import { hasFtId } from "./stray-models.ts";

interface ModelContext extends ProviderContext {
  readonly providers: Defined<Connection>;
  readonly report: CompileContext["report"];
  readonly timeouts: (own: TimeoutsConfig | undefined) => Timeouts;
}

/** A model with its target: URL, headers and upstream name, all built here, once. */
export function compileModel(name: string, model: ModelConfig, context: ModelContext): Model | undefined {
  const { providers } = context;
  const connection = providers.compiled.get(model.provider);
  if (connection === undefined) {
    if (!providers.names.includes(model.provider))
      context.report(["models", name, "provider"], unknownName("provider", model.provider, providers.names));
    return undefined;
  }
  const { kind, by, settings, timeouts } = connection;
  try {
    const target = by.connect(settings, { name, model: model.model }, context);
    for (const [header, value] of Object.entries(target.headers)) {
      if (/[^\t\x20-\x7e]/.test(value))
        context.report(
          ["providers", model.provider],
          `the header \`${header}\` would get characters that no header may have: is there a line feed in the key?`,
        );
    }
    if (!isPlain(target.url))
      context.report(
        ["models", name],
        "its address may have no user, password, query or fragment: a key belongs into `apiKey`",
      );
    const allTimeouts = context.timeouts(timeouts);
    return {
      name,
      provider: model.provider,
      kind: by.kind,
      simulated: connection.simulated,
      upstreamModel: model.model,
      fineTuned: model.fineTuned ?? isFineTuned(model),
      baseModel: model.baseModel,
      datasetHash: model.datasetHash,
      tuningJob: model.tuningJob,
      price: model.price ?? publicPrice(kind.priceTable, model.model),
      trainingCost: model.trainingCost,
      // An error that names the server's address is not for clients.
      target: { ...target, secrets: [...target.secrets, ...hostOf(target.url)] },
      endpoints: {
        stream: endpoint(target, "text/event-stream", allTimeouts.connect),
        whole: endpoint(target, "application/json", allTimeouts.connect),
        embeddings:
          target.embeddingsUrl === undefined
            ? undefined
            : endpoint({ ...target, url: target.embeddingsUrl }, "application/json", allTimeouts.connect),
      },
      timeouts: allTimeouts,
    };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const path = error.key === "model" ? ["models", name, "model"] : ["providers", model.provider, error.key];
    context.report(path, error.message);
    return undefined;
  }
}

function isFineTuned({ model, baseModel, datasetHash, tuningJob }: ModelConfig): boolean {
  return hasFtId(model) || [baseModel, datasetHash, tuningJob].some((one) => one !== undefined);
}

function endpoint({ url, headers }: Target, accept: string, connectTimeoutMs: number): Endpoint {
  return {
    url,
    headers: {
      "content-type": "application/json",
      accept,
      "accept-encoding": "identity",
      "user-agent": "crossover",
      ...headers,
    },
    connectTimeoutMs,
  };
}

/** Addresses are shown to operators, and so hold no secret; what stands behind a `?` would swallow the path. */
function isPlain(url: string): boolean {
  const { username, password, pathname, hash } = new URL(url);
  return username === "" && password === "" && hash === "" && pathname.endsWith("chat/completions");
}

/** Its keys: what must stay out of the log too, where the server's address may stand. */
export function keysOf({ secrets, url }: Target): readonly string[] {
  const hosts = hostOf(url);
  return secrets.filter((secret) => !hosts.includes(secret));
}

/** The host of an address. One of a single word, such as `model`, is no address to a reader, and may stand in any text. */
function hostOf(url: string): readonly string[] {
  const host = URL.parse(url)?.host ?? "";
  return /[.:]/.test(host) ? [host] : [];
}
