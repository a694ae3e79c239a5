import { z } from "zod";
import type { HubRoute } from "./huggingface-hub.ts";
import { HubError, type HubRepositories } from "./huggingface-repositories.ts";

const scaling = z.strictObject({
  minReplica: z.int().nonnegative(),
  maxReplica: z.int().positive(),
  scaleToZeroTimeout: z.int().min(15).nullable(),
});

/** As huggingface_hub's `create_inference_endpoint` makes it, where an image of one's own is named. */
const creation = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/),
  type: z.enum(["authenticated", "public", "private"]),
  provider: z.strictObject({ vendor: z.string(), region: z.string() }),
  compute: z.strictObject({
    accelerator: z.string(),
    instanceType: z.string(),
    instanceSize: z.string(),
    scaling,
  }),
  model: z.strictObject({
    repository: z.string(),
    framework: z.string(),
    revision: z.string().nullable(),
    task: z.string(),
    image: z.strictObject({
      custom: z.strictObject({ url: z.string(), port: z.int(), healthRoute: z.string() }),
    }),
    command: z.array(z.string()),
    args: z.array(z.string()),
  }),
});
const update = z.strictObject({ compute: z.strictObject({ scaling }) });

type State =
  | "pending"
  | "initializing"
  | "updating"
  | "updateFailed"
  | "running"
  | "paused"
  | "failed"
  | "scaledToZero";

/** An endpoint of the double. The test moves it on. */
export interface HubEndpoint {
  readonly namespace: string;
  spec: z.infer<typeof creation>;
  state: State;
  message: string;
  url: string | undefined;
}

/** By name. */
export type HubEndpoints = Map<string, HubEndpoint>;

const COMPUTES = [
  { id: "aws-us-east-1-nvidia-l4-x1", instanceType: "nvidia-l4", instanceSize: "x1", pricePerHour: 0.8 },
  { id: "aws-us-east-1-nvidia-a10g-x1", instanceType: "nvidia-a10g", instanceSize: "x1", pricePerHour: 1 },
].map((one) => ({
  ...one,
  accelerator: "gpu",
  architecture: one.instanceType,
  numAccelerators: 1,
  memoryGb: 30,
  status: "available",
  quota: { maxAccelerators: 4, usedAccelerators: 0 },
}));

const REGION = { name: "us-east-1", label: "N. Virginia", status: "available", computes: COMPUTES };

export function endpointRoutes(
  endpoints: HubEndpoints,
  repositories: HubRepositories,
  namespaces: readonly string[],
): readonly HubRoute[] {
  const endpointOf = (namespace: string, name: string): HubEndpoint => {
    const found = endpoints.get(name);
    if (found?.namespace !== namespace) throw new HubError(404, "Endpoint not found");
    return found;
  };
  const acting = (verb: string, act: (endpoint: HubEndpoint) => void): HubRoute => ({
    method: "POST",
    path: new RegExp(`^/v2/endpoint/([^/]+)/([^/]+)/${verb}$`),
    answer: ({ params: [namespace = "", name = ""] }) => {
      const endpoint = endpointOf(namespace, name);
      act(endpoint);
      return { body: shown(endpoint) };
    },
  });
  const one = /^\/v2\/endpoint\/([^/]+)\/([^/]+)$/;
  return [
    {
      method: "GET",
      path: /^\/v2\/provider\/([^/]+)$/,
      answer: () => ({
        body: { vendors: [{ name: "aws", status: "available", regions: [REGION] }] },
      }),
    },
    {
      method: "POST",
      path: /^\/v2\/endpoint\/([^/]+)$/,
      answer: ({ json, params: [namespace = ""] }) => {
        if (!namespaces.includes(namespace)) throw new HubError(403, "Forbidden");
        const spec = creation.parse(json);
        if (!repositories.has(`models/${spec.model.repository}`))
          throw new HubError(400, `Model ${spec.model.repository} not found`);
        if (endpoints.has(spec.name)) throw new HubError(409, `Endpoint ${spec.name} already exists`);
        const endpoint: HubEndpoint = { namespace, spec, state: "pending", message: "", url: undefined };
        endpoints.set(spec.name, endpoint);
        return { status: 202, body: shown(endpoint) };
      },
    },
    {
      method: "GET",
      path: /^\/v2\/endpoint\/([^/]+)$/,
      answer: ({ params: [namespace] }) => ({
        body: { items: [...endpoints.values()].filter((each) => each.namespace === namespace).map(shown) },
      }),
    },
    {
      method: "GET",
      path: one,
      answer: ({ params: [namespace = "", name = ""] }) => ({ body: shown(endpointOf(namespace, name)) }),
    },
    {
      method: "PUT",
      path: one,
      answer: ({ json, params: [namespace = "", name = ""] }) => {
        const endpoint = endpointOf(namespace, name);
        const { compute } = update.parse(json);
        endpoint.spec = { ...endpoint.spec, compute: { ...endpoint.spec.compute, ...compute } };
        return { body: shown(endpoint) };
      },
    },
    {
      method: "DELETE",
      path: one,
      answer: ({ params: [namespace = "", name = ""] }) => {
        endpointOf(namespace, name);
        endpoints.delete(name);
        return { status: 202 };
      },
    },
    acting("pause", (endpoint) => {
      endpoint.state = "paused";
    }),
    acting("scale-to-zero", (endpoint) => {
      endpoint.state = "scaledToZero";
    }),
    acting("resume", (endpoint) => {
      if (endpoint.state === "running") throw new HubError(400, "Endpoint is already running");
      endpoint.state = "initializing";
    }),
  ];
}

function shown({ namespace, spec, state, message, url }: HubEndpoint) {
  const account = { id: "6871a7b0c0ffee0000000002", name: namespace };
  const target = state === "paused" || state === "scaledToZero" ? 0 : spec.compute.scaling.maxReplica;
  return {
    ...spec,
    healthRoute: spec.model.image.custom.healthRoute,
    status: {
      createdAt: "2026-11-01T00:00:00.000Z",
      createdBy: account,
      updatedAt: "2026-11-01T00:00:00.000Z",
      updatedBy: account,
      state,
      message,
      ...(url !== undefined && { url }),
      readyReplica: state === "running" ? 1 : 0,
      targetReplica: target,
    },
  };
}
