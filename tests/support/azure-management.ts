import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import type { AzureManagement } from "../../src/domain/tuning.ts";
import { answerFaultsOf, faultsOf } from "./azure-spec.ts";
import { type Received, startUpstream } from "./upstream.ts";

interface AzureError {
  readonly code: string;
  readonly message: string;
}

interface StoredDeployment {
  readonly sku: { readonly name: string; readonly capacity?: number | undefined };
  readonly model: { readonly format: string; readonly name: string; readonly version?: string | undefined };
  readonly state: string;
}

interface Operation {
  readonly deployment: string;
  readonly kind: "create" | "scale" | "delete";
  readonly status: "InProgress" | "Succeeded" | "Failed";
  readonly error: AzureError | undefined;
  /** The deployment once it has succeeded; undefined: there is none. */
  readonly outcome: StoredDeployment | undefined;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AzureManagementDouble {
  /** How to reach it. */
  readonly access: AzureManagement;
  readonly received: readonly Received[];
  /** The deployments that there are, by their names. */
  readonly deployments: ReadonlyMap<string, StoredDeployment>;
  /** Where its answers, or what it was sent, left Azure's specification. */
  readonly faults: readonly string[];
  /** Ends the operation that is under way for a deployment. */
  succeed(name: string): void;
  /** @param leavesNothing the deployment is gone too */
  fail(name: string, error: AzureError, leavesNothing?: boolean): void;
  /** Forgets the operations that have been, as Azure does after a while. */
  forgetOperations(): void;
  /** Puts a deployment there, as if somebody had made it by hand. */
  put(name: string, deployment: StoredDeployment): void;
  /** The next request is not carried out, but answered like this. */
  failNext(answer: Answer): void;
  /** The next request with this method is carried out, but the connection is cut in place of the answer. */
  loseNext(method: string): void;
  /** The next request is answered only once what is returned is called. */
  holdNext(): () => void;
  /** The next request whose URL holds this text is not carried out, but answered like this. */
  failNextOf(text: string, answer: Answer): void;
  /** Thousands of tokens a minute that are left. */
  quota: number;
}

const TOKEN = "eyJ0eXAi.entra-token-of-the-tests.c2ln";
const PAGE = 2;

const putBody = z.object({
  sku: z.object({ name: z.string(), capacity: z.int().optional() }),
  properties: z.object({
    model: z.object({ format: z.string(), name: z.string(), version: z.string().optional() }),
  }),
});
const patchBody = z.object({ sku: z.object({ name: z.string(), capacity: z.int() }) });

/**
 * Azure's management API of one Azure OpenAI resource, on a real port: deployments, and the operations that make, change and
 * delete them. Operations go on for ever until a test ends them. Azure carries out one at a time at a resource, and so does this.
 */
export async function startAzureManagement(): Promise<AzureManagementDouble> {
  const deployments = new Map<string, StoredDeployment>();
  const operations = new Map<string, Operation>();
  const faults: string[] = [];
  const planned: { readonly text: string; readonly answer: Answer }[] = [];
  let losing: string | undefined;
  let held: Promise<void> | undefined;
  let made = 0;

  const upstream = await startUpstream(async (received, response) => {
    const hold = held;
    held = undefined;
    await hold;
    const at = planned.findIndex(({ text }) => received.url.includes(text));
    const [plan] = at === -1 ? [] : planned.splice(at, 1);
    const answer = plan?.answer ?? handle(received);
    if (losing === received.method) {
      losing = undefined;
      response.destroy();
      return;
    }
    const { status, body, headers } = answer;
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
    response.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
  });

  const access: AzureManagement = {
    endpoint: upstream.url,
    subscription: "00000000-0000-0000-0000-000000000000",
    resourceGroup: "tuning",
    account: "contoso",
    token: TOKEN,
    sku: "Standard",
    capacity: 10,
    hostingPerHour: undefined,
  };
  const base = `/subscriptions/${access.subscription}/resourceGroups/${access.resourceGroup}/providers/Microsoft.CognitiveServices/accounts/${access.account}/deployments`;
  const results = `/subscriptions/${access.subscription}/providers/Microsoft.CognitiveServices/locations/eastus/operationResults/`;

  function handle(received: Received): Answer {
    const url = new URL(received.url, upstream.url);
    const early = refusal(received.headers, url);
    if (early !== undefined) return early;
    if (url.pathname.startsWith(results)) return operationResult(url);
    if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) return placeNotFound(url.pathname);
    const name = decodeURIComponent(url.pathname.slice(base.length + 1));
    const operation = name === "" ? "list" : received.method.toLowerCase();
    const answer = name === "" ? list(url) : one(received, name);
    faults.push(...answerFaultsOf(operation, answer.status, answer.body));
    return answer;
  }

  function refusal(headers: IncomingHttpHeaders, url: URL): Answer | undefined {
    if (headers.authorization !== `Bearer ${TOKEN}`) {
      return errorAnswer(401, "InvalidAuthenticationToken", "The access token is invalid.");
    }
    if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(url.searchParams.get("api-version") ?? "")) {
      return errorAnswer(400, "MissingApiVersionParameter", "The api-version query parameter is required.");
    }
    return undefined;
  }

  function placeNotFound(path: string): Answer {
    const [, group] = /\/resourceGroups\/([^/]+)/.exec(path) ?? [];
    const [, account] = /\/accounts\/([^/]+)/.exec(path) ?? [];
    return group === access.resourceGroup
      ? errorAnswer(
          404,
          "ResourceNotFound",
          `The Resource 'Microsoft.CognitiveServices/accounts/${account}' under resource group '${group}' was not found.`,
        )
      : errorAnswer(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
  }

  function list(url: URL): Answer {
    const from = Number(url.searchParams.get("$skiptoken") ?? 0);
    const names = [...deployments.keys()].slice(from, from + PAGE);
    const next = `${upstream.url}${base}?api-version=2025-09-01&$skiptoken=${from + PAGE}`;
    return {
      status: 200,
      body: {
        value: names.map(resourceOf),
        ...(from + PAGE < deployments.size && { nextLink: next }),
      },
    };
  }

  function one(received: Received, name: string): Answer {
    switch (received.method) {
      case "GET":
        return deployments.has(name) ? { status: 200, body: resourceOf(name) } : nothingNamed(name);
      case "PUT":
        faults.push(...faultsOf("Deployment", received.body));
        return create(name, putBody.parse(received.body));
      case "PATCH":
        faults.push(...faultsOf("PatchResourceTagsAndSku", received.body));
        return scale(name, patchBody.parse(received.body).sku.capacity);
      case "DELETE":
        return remove(name);
      default:
        return errorAnswer(405, "MethodNotAllowed", "The method is not allowed.");
    }
  }

  function create(name: string, body: z.infer<typeof putBody>): Answer {
    const capacity = body.sku.capacity ?? 1;
    if (isBusy()) return BUSY;
    if (capacity > double.quota) return tooLittleQuota(capacity, double.quota);
    const isNew = !deployments.has(name);
    const stored: StoredDeployment = { sku: body.sku, model: body.properties.model, state: "Creating" };
    deployments.set(name, stored);
    const location = begin(name, "create", { ...stored, state: "Succeeded" });
    return {
      status: isNew ? 201 : 200,
      body: resourceOf(name),
      headers: { "azure-asyncoperation": location, "retry-after": "10" },
    };
  }

  function scale(name: string, capacity: number): Answer {
    const there = deployments.get(name);
    if (there === undefined) return nothingNamed(name);
    if (isBusy()) return BUSY;
    if (capacity > double.quota) return tooLittleQuota(capacity, double.quota);
    deployments.set(name, { ...there, state: "Accepted" });
    const sku = { ...there.sku, capacity };
    const location = begin(name, "scale", { ...there, sku, state: "Succeeded" });
    return { status: 202, headers: { location, "retry-after": "10" } };
  }

  function remove(name: string): Answer {
    const there = deployments.get(name);
    if (there === undefined) return { status: 204 };
    if (isBusy()) return BUSY;
    deployments.set(name, { ...there, state: "Deleting" });
    return { status: 202, headers: { location: begin(name, "delete", undefined), "retry-after": "10" } };
  }

  function begin(deployment: string, kind: Operation["kind"], outcome: StoredDeployment | undefined): string {
    made += 1;
    const id = `operation-${made}`;
    operations.set(id, { deployment, kind, status: "InProgress", error: undefined, outcome });
    return `${upstream.url}${results}${id}?api-version=2025-09-01`;
  }

  function operationResult(url: URL): Answer {
    const id = url.pathname.slice(results.length);
    const operation = operations.get(id);
    if (operation === undefined) return errorAnswer(404, "NotFound", `Operation '${id}' cannot be found.`);
    if (operation.kind !== "create") {
      return { status: operation.status === "InProgress" ? 202 : 204, headers: { location: url.href } };
    }
    const body = {
      id: url.pathname,
      name: id,
      status: operation.status,
      ...(operation.error && { error: operation.error }),
    };
    faults.push(...faultsOf("OperationStatusResult", body));
    return { status: 200, body };
  }

  function end(name: string, status: "Succeeded" | "Failed", error: AzureError | undefined): Operation {
    const found = [...operations].find(
      ([, { deployment, status: now }]) => deployment === name && now === "InProgress",
    );
    if (found === undefined) throw new Error(`nothing is under way for ${name}`);
    const [id, operation] = found;
    operations.set(id, { ...operation, status, error });
    return operation;
  }

  function isBusy(): boolean {
    return [...operations.values()].some(({ status }) => status === "InProgress");
  }

  function resourceOf(name: string): unknown {
    const { sku, model, state } = stored(name);
    return {
      id: `${base}/${name}`,
      name,
      type: "Microsoft.CognitiveServices/accounts/deployments",
      sku,
      properties: { model, provisioningState: state, versionUpgradeOption: "NoAutoUpgrade" },
    };
  }

  function nothingNamed(name: string): Answer {
    return errorAnswer(404, "NotFound", `Specified resource '${base}/${name}' cannot be found.`);
  }

  function stored(name: string): StoredDeployment {
    const found = deployments.get(name);
    if (found === undefined) throw new Error(`there is no deployment ${name}`);
    return found;
  }

  const double: AzureManagementDouble = {
    access,
    received: upstream.received,
    deployments,
    faults,
    quota: 1000,
    succeed: (name) => {
      const { outcome } = end(name, "Succeeded", undefined);
      if (outcome === undefined) deployments.delete(name);
      else deployments.set(name, outcome);
    },
    fail: (name, error, leavesNothing = false) => {
      end(name, "Failed", error);
      if (leavesNothing) deployments.delete(name);
      else deployments.set(name, { ...stored(name), state: "Failed" });
    },
    forgetOperations: () => operations.clear(),
    put: (name, deployment) => void deployments.set(name, deployment),
    failNext: (answer) => void planned.push({ text: "", answer }),
    failNextOf: (text, answer) => void planned.push({ text, answer }),
    loseNext: (method) => {
      losing = method;
    },
    holdNext: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
  };
  return double;
}

/** An error in the form of Azure's management API. */
export function errorAnswer(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

const BUSY = errorAnswer(
  409,
  "RequestConflict",
  "Another operation is being performed on the parent resource. Please retry the request.",
);

function tooLittleQuota(wanted: number, left: number): Answer {
  return errorAnswer(
    400,
    "InsufficientQuota",
    `This operation require ${wanted} new capacity in quota Tokens Per Minute (thousands), which is bigger than the current available capacity ${left}.`,
  );
}
