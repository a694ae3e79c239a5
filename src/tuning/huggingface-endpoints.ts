import { z } from "zod";
import { ask, type Call, call, parsed } from "./huggingface-client.ts";
import { ProviderProblem } from "./trainer.ts";

const BY_HAND =
  "This account or token can't create Inference Endpoints, which want a payment method and the right to manage them. " +
  "Deploy the model by hand, with vLLM wherever it may run or at https://endpoints.huggingface.co, and then " +
  "`crossover tune register JOB --address URL`.";

/** An Inference Endpoint: what is looked at of it. */
const endpoint = z.object({
  name: z.string(),
  model: z.object({ repository: z.string() }),
  provider: z.object({ vendor: z.string(), region: z.string() }),
  compute: z.object({
    instanceType: z.string(),
    instanceSize: z.string(),
    scaling: z.object({ minReplica: z.number(), maxReplica: z.number() }),
  }),
  status: z.object({
    state: z.string(),
    message: z.string().nullish(),
    url: z.string().nullish(),
    targetReplica: z.number().nullish(),
  }),
});
export type Endpoint = z.infer<typeof endpoint>;

/** The Inference Endpoints of one namespace. Every method may throw ProviderProblem, and the signal's reason. */
export interface Endpoints {
  /** @returns false when there is one of this name already */
  create(name: string, body: unknown, signal: AbortSignal): Promise<boolean>;
  get(name: string, signal: AbortSignal): Promise<Endpoint | undefined>;
  list(signal: AbortSignal): Promise<readonly Endpoint[]>;
  update(name: string, body: unknown, signal: AbortSignal): Promise<void>;
  /** One that runs already is well. */
  resume(name: string, signal: AbortSignal): Promise<void>;
  scaleToZero(name: string, signal: AbortSignal): Promise<void>;
  /** One that is gone is well. */
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** Paths and bodies as in huggingface_hub's HfApi. @param url of the API, without a path */
export function endpointsOf(url: string, namespace: string, token: string): Endpoints {
  const base = `${url}/v2/endpoint/${encodeURIComponent(namespace)}`;
  const at = (name: string): string => `${base}/${encodeURIComponent(name)}`;
  return {
    create: async (name, body, signal) => {
      const doing = `create the endpoint ${name}`;
      const wanted: Call = { method: "POST", url: base, body, doing, creates: true, byHand: BY_HAND };
      return (await call(token, { ...wanted, expected: [409] }, signal)).status !== 409;
    },
    get: async (name, signal) => {
      const wanted: Call = { url: at(name), doing: `tell of the endpoint ${name}`, byHand: BY_HAND };
      const { status, body } = await call(token, { ...wanted, expected: [404] }, signal);
      return status === 404 ? undefined : parsed(body, endpoint, { ...wanted, token });
    },
    list: async (signal) => {
      const shape = z.object({ items: z.array(endpoint) });
      return (await ask(token, { url: base, doing: "list the endpoints" }, shape, signal)).items;
    },
    update: async (name, body, signal) => {
      await call(token, { method: "PUT", url: at(name), body, doing: `scale the endpoint ${name}` }, signal);
    },
    resume: async (name, signal) => {
      const doing = `resume the endpoint ${name}`;
      try {
        await call(token, { method: "POST", url: `${at(name)}/resume`, doing }, signal);
      } catch (error) {
        if (!(error instanceof ProviderProblem && /already running/i.test(error.raw))) throw error;
      }
    },
    scaleToZero: async (name, signal) => {
      const doing = `send the endpoint ${name} to sleep`;
      await call(token, { method: "POST", url: `${at(name)}/scale-to-zero`, doing }, signal);
    },
    remove: async (name, signal) => {
      const doing = `delete the endpoint ${name}`;
      await call(token, { method: "DELETE", url: at(name), doing, expected: [404] }, signal);
    },
  };
}
