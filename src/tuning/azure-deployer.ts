import type { Deployment as ArmDeployment } from "@azure/arm-cognitiveservices";
import type { AzureManagement } from "../domain/tuning.ts";
import { begin, call, type Operation } from "./azure-calls.ts";
import { type AzureClient, azureClient } from "./azure-client.ts";
import { baseHosting, isTunedAtAzure, tunedHosting } from "./azure-hosting.ts";
import type { Deployer, Deployment } from "./deployer.ts";
import { type AzureError, isWithoutDeployment } from "./explain-azure.ts";
import { ProviderProblem } from "./trainer.ts";

/** A deployer holds its client, its token and what it began: whoever asks again with the same settings gets the same one. */
const DEPLOYERS = new WeakMap<AzureManagement, Deployer>();

/** Deployments of one Azure OpenAI resource, by Azure's management API. Its packages are loaded with the first call. */
export function azureDeployer(access: AzureManagement): Deployer {
  const known = DEPLOYERS.get(access) ?? newDeployer(access);
  DEPLOYERS.set(access, known);
  return known;
}

function newDeployer(access: AzureManagement): Deployer {
  const { resourceGroup, account } = access;
  let loading: Promise<AzureClient> | undefined;
  const deployments = async (): Promise<AzureClient["deployments"]> => {
    loading ??= azureClient(access);
    return (await loading).deployments;
  };
  /** What this process began: a deployment itself doesn't say why it failed. */
  const begun = new Map<string, Operation>();

  async function get(name: string, signal: AbortSignal): Promise<ArmDeployment | undefined> {
    try {
      return await call(signal, async (options) =>
        (await deployments()).get(resourceGroup, account, name, options),
      );
    } catch (error) {
      if (error instanceof ProviderProblem && isWithoutDeployment(error)) return undefined;
      throw error;
    }
  }

  /** Why what this process began has failed; undefined: not known, or it has not. */
  async function failureOf(name: string, signal: AbortSignal): Promise<AzureError | undefined> {
    const operation = begun.get(name);
    if (operation?.resume === undefined) return operation?.error;
    const { resume } = operation;
    try {
      const seen = await begin(signal, async (options) =>
        (await deployments()).beginCreateOrUpdate(
          resourceGroup,
          account,
          name,
          {},
          { ...options, resumeFrom: resume },
        ),
      );
      if (seen.error !== undefined) begun.set(name, seen);
      return seen.error;
    } catch (error) {
      if (error instanceof ProviderProblem && error.kind !== "temporary") return undefined;
      throw error;
    }
  }

  return {
    async deploy({ name, model }, signal) {
      const there = await get(name, signal);
      if (there !== undefined) return assertSame(there, name, model);
      const operation = await begin(signal, async (options) =>
        (await deployments()).beginCreateOrUpdate(
          resourceGroup,
          account,
          name,
          {
            sku: { name: access.sku, capacity: access.capacity },
            // Azure gives every fine-tuned model this version.
            properties: { model: { format: "OpenAI", name: model, version: "1" } },
          },
          options,
        ),
      );
      begun.set(name, operation);
    },

    async find(name, signal) {
      const found = await get(name, signal);
      if (found === undefined) {
        const failure = await failureOf(name, signal);
        return failure && { ...NOTHING, name, address: name, message: textOf(failure) };
      }
      const deployment = deploymentOf(found, name, access);
      if (stateOf(found) !== "Failed") return deployment;
      const failure = await failureOf(name, signal);
      return failure === undefined ? deployment : { ...deployment, message: textOf(failure) };
    },

    list: (signal) =>
      call(signal, async (options) => {
        const listed: Deployment[] = [];
        for await (const one of (await deployments()).list(resourceGroup, account, options)) {
          if (one.name !== undefined) listed.push(deploymentOf(one, one.name, access));
        }
        return listed;
      }),

    async scale(name, capacity, signal) {
      assertCapacity(capacity);
      const found = await get(name, signal);
      if (found === undefined) throw missing(name);
      const sku = { name: found.sku?.name ?? access.sku, capacity };
      await begin(signal, async (options) =>
        (await deployments()).beginUpdate(resourceGroup, account, name, { sku }, options),
      );
    },

    async remove(name, signal) {
      begun.delete(name);
      try {
        await begin(signal, async (options) =>
          (await deployments()).beginDelete(resourceGroup, account, name, options),
        );
      } catch (error) {
        if (!(error instanceof ProviderProblem) || !isWithoutDeployment(error)) throw error;
      }
    },
  };
}

/** What is left of a deployment that failed and that Azure then took away. */
const NOTHING = {
  model: undefined,
  phase: "failed",
  status: "Failed",
  capacity: undefined,
  hostingPerHour: undefined,
} as const;

function deploymentOf(found: ArmDeployment, name: string, access: AzureManagement): Deployment {
  const status = stateOf(found);
  const model = found.properties?.model?.name;
  return {
    name,
    model,
    phase: phaseOf(status),
    status,
    message: MESSAGES.get(status),
    address: name,
    capacity: found.sku?.capacity ?? found.properties?.currentCapacity,
    hostingPerHour: hostingOf(model, found.sku?.name, access),
  };
}

function stateOf(found: ArmDeployment): string {
  return found.properties?.provisioningState ?? "Unknown";
}

/** States that Azure may add later are on their way to one of the others. */
function phaseOf(state: string): Deployment["phase"] {
  if (state === "Succeeded") return "running";
  return MESSAGES.has(state) ? "failed" : "creating";
}

/** What there is to say of states in which a deployment doesn't answer, and won't by itself. */
const MESSAGES: ReadonlyMap<string, string> = new Map([
  ["Failed", "Azure could not make it. The activity log of the Azure OpenAI resource says why."],
  ["Canceled", "Making it was cancelled at Azure."],
  ["Disabled", "Azure has disabled it."],
  ["Deleting", "It is being deleted."],
]);

/** The configured price is that of a tuned model under the configured SKU. */
function hostingOf(
  model: string | undefined,
  sku: string | undefined,
  access: AzureManagement,
): number | undefined {
  if (model === undefined || sku === undefined) return undefined;
  if (!isTunedAtAzure(model)) return baseHosting(sku);
  const isConfigured = sku.toLowerCase() === access.sku.toLowerCase();
  return (isConfigured ? access.hostingPerHour : undefined) ?? tunedHosting(sku);
}

function textOf({ code, message }: AzureError): string {
  return [code, message].filter((part) => part !== undefined).join(": ");
}

function assertSame(there: ArmDeployment, name: string, model: string): void {
  const other = there.properties?.model?.name;
  if (other?.toLowerCase() !== model.toLowerCase()) {
    throw new ProviderProblem({
      message: `The Azure OpenAI resource has a deployment named "${name}" already, of the model ${other ?? "of no name"}.`,
      hint: "Delete or rename that deployment.",
      raw: "",
      kind: "final",
    });
  }
  if (stateOf(there) === "Deleting") {
    throw new ProviderProblem({
      message: `The deployment "${name}" is just being deleted.`,
      raw: "",
      kind: "temporary",
    });
  }
}

function assertCapacity(capacity: number): void {
  if (Number.isInteger(capacity) && capacity >= 1) return;
  throw new ProviderProblem({
    message: `A deployment at Azure can't have the capacity ${capacity}: it is a whole number of thousands of tokens a minute, at least 1.`,
    hint: capacity === 0 ? "Delete it instead: that alone ends what it costs by the hour." : undefined,
    raw: "",
    kind: "final",
  });
}

function missing(name: string): ProviderProblem {
  return new ProviderProblem({
    message: `The Azure OpenAI resource has no deployment named "${name}".`,
    hint: "`crossover tune deployments` lists those that there are.",
    status: 404,
    raw: "",
    kind: "final",
  });
}
