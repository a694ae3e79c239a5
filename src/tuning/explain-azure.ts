import { z } from "zod";
import { cut } from "../domain/cut.ts";
import { type ProblemFields, ProviderProblem } from "./trainer.ts";

/** An answer of the management API. */
export interface AzureAnswer {
  readonly status: number;
  readonly body: string;
  /** Of the header of this name: seconds or a date. */
  readonly retryAfter: string | undefined;
}

/** What Azure says of an error. */
export interface AzureError {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** Characters of an answer that a problem keeps. */
const RAW_LENGTH = 4000;

const ROLE_HINT =
  "Give the identity the role Cognitive Services Contributor on the Azure OpenAI resource, or deploy the model by hand and register it with `crossover tune register`.";
const SIGN_IN_HINT =
  "Give a token of `az account get-access-token`, or leave it out and sign in: by `az login`, by AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or by a managed identity.";
const PLACE_HINT = "Check the subscription, the resource group and the account in the configuration.";

interface Explanation extends Pick<ProblemFields, "kind"> {
  readonly what: string;
  readonly hint?: string;
}

const BY_CODE: Readonly<Record<string, Explanation>> = {
  InsufficientQuota: {
    what: "The subscription has too little quota for this deployment",
    hint: "Configure a smaller capacity, delete another deployment, or ask Azure for more quota.",
    kind: "unsupported",
  },
  DeploymentModelNotSupported: {
    what: "Azure can't deploy this model here",
    hint: "A tuned model can be deployed only in regions that serve it, with a SKU that fits. Check both.",
    kind: "unsupported",
  },
  InvalidResourceProperties: {
    what: "Azure refuses the deployment's settings",
    hint: "Check the SKU and the capacity in the configuration: not every SKU exists in every region.",
    kind: "unsupported",
  },
  SpecialFeatureOrQuotaIdRequired: {
    what: "The subscription may not use this SKU",
    hint: "Configure another SKU, or ask Azure to open it.",
    kind: "unsupported",
  },
  SubscriptionNotFound: { what: "Azure finds no such subscription", hint: PLACE_HINT, kind: "final" },
  // The resource is busy with something else, such as another deployment: it takes one at a time.
  AccountProvisioningStateInvalid: { what: "The Azure OpenAI resource is busy", kind: "temporary" },
};

const BY_STATUS: Readonly<Record<number, Explanation>> = {
  401: { what: "Azure doesn't accept the token", hint: SIGN_IN_HINT, kind: "final" },
  403: { what: "The identity may not do this at Azure", hint: ROLE_HINT, kind: "unsupported" },
  404: { what: "Azure finds no such resource", hint: PLACE_HINT, kind: "final" },
  408: { what: "Azure took too long", kind: "temporary" },
  409: { what: "Azure is busy with another operation on this resource", kind: "temporary" },
  429: { what: "Azure limits how often its management API is called", kind: "temporary" },
};

const errorDetail = z.object({ code: z.string().nullish(), message: z.string().nullish() });
const errorBody = z.union([z.object({ error: errorDetail }), errorDetail.transform((error) => ({ error }))]);

/** @returns what a body in the form of Azure's management API says of an error; undefined for another body */
export function azureErrorOf(body: string): AzureError | undefined {
  const parsed = errorBody.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const code = parsed.data.error.code ?? undefined;
  const message = parsed.data.error.message ?? undefined;
  return code === undefined && message === undefined ? undefined : { code, message };
}

/** An answer that is no success, in plain words. */
export function explainAzureAnswer({ status, body, retryAfter }: AzureAnswer): ProviderProblem {
  const error = azureErrorOf(body);
  const { what, hint, kind } = explanationOf(status, error?.code);
  const said = error?.message === undefined ? "." : `: ${error.message}`;
  const wait = retryAfter === undefined ? "" : ` It asks to wait (retry-after: ${retryAfter}).`;
  return new ProviderProblem({
    message: `${what}${said}${wait}`,
    hint,
    status,
    code: error?.code,
    raw: cut(body, RAW_LENGTH),
    kind,
  });
}

/** What went wrong where no answer came: no token, no connection, an answer that can't be read. */
export function explainAzureFailure(error: unknown): ProviderProblem {
  if (error instanceof ProviderProblem) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const raw = cut(message, RAW_LENGTH);
  if (/^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(name)) {
    return new ProviderProblem({
      message: "No token for Azure's management API could be got.",
      hint: SIGN_IN_HINT,
      raw,
      kind: "final",
    });
  }
  // Everything that is asked for may be asked for twice: a deployment is made and deleted by its name.
  return new ProviderProblem({
    message: `Azure's management API gave no answer: ${firstLine(raw)}`,
    raw,
    kind: "temporary",
  });
}

/** Is it only the deployment that is not there, and not what it would be in? */
export function isWithoutDeployment({ status, code, raw }: ProviderProblem): boolean {
  if (status !== 404) return false;
  // Then the message names what is missing: a path that ends with the account, or something in it.
  if (code === "ResourceNotFound") return !/\/accounts\/[^/']+'/.test(raw);
  return !["ResourceGroupNotFound", "ParentResourceNotFound", "SubscriptionNotFound"].includes(code ?? "");
}

function explanationOf(status: number, code: string | undefined): Explanation {
  const known = code === undefined || !Object.hasOwn(BY_CODE, code) ? undefined : BY_CODE[code];
  if (known !== undefined) return known;
  if (status >= 500) return { what: "Azure failed", kind: "temporary" };
  return BY_STATUS[status] ?? { what: "Azure refuses the request", kind: "final" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
