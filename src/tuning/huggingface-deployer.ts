import type { HuggingFaceAccess } from "../domain/tuning.ts";
import type { Deployer, Deployment, DeploymentRequest } from "./deployer.ts";
import { namespaceOf } from "./huggingface-client.ts";
import { type Endpoint, type Endpoints, endpointsOf } from "./huggingface-endpoints.ts";
import { type EndpointPrices, endpointPrices, type Hardware } from "./huggingface-prices.ts";
import { ProviderProblem } from "./trainer.ts";

/** Serves the OpenAI API. Pinned, so that an endpoint that wakes up is the one that went to sleep. */
const VLLM = "vllm/vllm-openai:v0.23.0";
const PORT = 8000;
/** What src/providers/huggingface.ts calls the model of a dedicated endpoint. */
const SERVED_NAME = "tgi";

interface Account {
  readonly endpoints: Endpoints;
  readonly prices: EndpointPrices;
}

/**
 * Makes models answer on Inference Endpoints: one endpoint for a model, served by vLLM, which answers to tokens of its
 * owner alone. A replica is the measure of capacity.
 */
export function huggingFaceDeployer(access: HuggingFaceAccess): Deployer {
  const namespace = namespaceOf(access);
  let known: Account | undefined;

  async function account(signal: AbortSignal): Promise<Account> {
    const owner = await namespace(signal);
    known ??= {
      endpoints: endpointsOf(access.endpointsURL, owner, access.token),
      prices: endpointPrices(access, owner),
    };
    return known;
  }

  async function told(endpoint: Endpoint, prices: EndpointPrices, signal: AbortSignal): Promise<Deployment> {
    const hardware = { ...endpoint.provider, ...endpoint.compute };
    const stated = isSame(hardware, access.endpoint) ? access.endpoint.hostingPerHour : undefined;
    return deploymentOf(endpoint, stated ?? (await prices(hardware, signal)));
  }

  return {
    deploy: async ({ name, model }, signal) => {
      const { endpoints } = await account(signal);
      const created = await endpoints.create(
        nameOf(name),
        creation(access, { name: nameOf(name), model }),
        signal,
      );
      if (created) return;
      const there = await endpoints.get(nameOf(name), signal);
      if (there?.model.repository !== model) throw taken(nameOf(name), there);
    },

    find: async (name, signal) => {
      const { endpoints, prices } = await account(signal);
      const found = await endpoints.get(nameOf(name), signal);
      return found && told(found, prices, signal);
    },

    list: async (signal) => {
      const { endpoints, prices } = await account(signal);
      const deployments: Deployment[] = [];
      for (const one of await endpoints.list(signal)) deployments.push(await told(one, prices, signal));
      return deployments;
    },

    scale: async (name, capacity, signal) => {
      const { endpoints } = await account(signal);
      if (capacity === 0) return endpoints.scaleToZero(nameOf(name), signal);
      const scaling = { ...replicas(access, capacity), maxReplica: capacity };
      await endpoints.update(nameOf(name), { compute: { scaling } }, signal);
      await endpoints.resume(nameOf(name), signal);
    },

    remove: async (name, signal) => (await account(signal)).endpoints.remove(nameOf(name), signal),
  };
}

/** Names of endpoints have no capitals. */
function nameOf(name: string): string {
  return name.toLowerCase();
}

function creation(access: HuggingFaceAccess, { name, model }: DeploymentRequest) {
  const { vendor, region, accelerator, instanceType, instanceSize } = access.endpoint;
  return {
    name,
    // It wants a token of its owner; `protected` in older texts.
    type: "authenticated",
    provider: { vendor, region },
    compute: {
      accelerator,
      instanceType,
      instanceSize,
      scaling: { ...replicas(access, 1), maxReplica: 1 },
    },
    model: {
      repository: model,
      revision: null,
      framework: "custom",
      task: "text-generation",
      image: { custom: { url: VLLM, port: PORT, healthRoute: "/health" } },
      command: ["vllm", "serve"],
      // The platform puts the model at /repository. As much context as fits: a model's own may be too much.
      args: ["/repository", "--served-model-name", SERVED_NAME, "--max-model-len", "auto"],
    },
  };
}

/** The settings name the price of their own hardware alone. */
function isSame(one: Hardware, other: Hardware): boolean {
  return (
    one.vendor === other.vendor &&
    one.region === other.region &&
    one.instanceType === other.instanceType &&
    one.instanceSize === other.instanceSize
  );
}

/** An endpoint that may sleep has no least number of replicas. */
function replicas({ endpoint: { scaleToZeroMinutes } }: HuggingFaceAccess, capacity: number) {
  return scaleToZeroMinutes === undefined
    ? { minReplica: capacity, scaleToZeroTimeout: null }
    : { minReplica: 0, scaleToZeroTimeout: scaleToZeroMinutes };
}

function deploymentOf(endpoint: Endpoint, pricePerHour: number | undefined): Deployment {
  const { name, model, compute, status } = endpoint;
  const phase = phaseOf(status.state);
  const capacity = phase === "asleep" ? 0 : (status.targetReplica ?? compute.scaling.maxReplica);
  return {
    name,
    model: model.repository,
    phase,
    status: status.state,
    message: status.message || undefined,
    address: status.url || undefined,
    capacity,
    hostingPerHour: pricePerHour === undefined ? undefined : pricePerHour * Math.max(1, capacity),
  };
}

function phaseOf(state: string): Deployment["phase"] {
  switch (state) {
    case "running":
      return "running";
    case "paused":
    case "scaledToZero":
      return "asleep";
    case "failed":
    case "updateFailed":
      return "failed";
    default: // pending, initializing, updating; and what comes to be between them
      return "creating";
  }
}

function taken(name: string, there: Endpoint | undefined): ProviderProblem {
  if (there === undefined)
    return new ProviderProblem({
      message: `Hugging Face says that there is an endpoint ${name}, and then that there is none.`,
      raw: "",
      kind: "temporary",
    });
  return new ProviderProblem({
    message: `There is an endpoint ${name} already, for another model: ${there.model.repository}.`,
    hint: `Delete it at https://endpoints.huggingface.co, or register an endpoint by hand.`,
    raw: "",
    kind: "final",
  });
}
