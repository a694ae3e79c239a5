/** How a provider is reached to train models, as its settings say. Built once, when the configuration loads. */
export type TuningAccess = OpenAIAccess | AzureAccess | HuggingFaceAccess;

/** OpenAI's files and fine-tuning API; the simulator's too, which is served without a network. */
export interface OpenAIAccess {
  readonly api: "openai";
  /** Up to and with /v1. */
  readonly baseURL: string;
  readonly apiKey: string;
  readonly organization: string | undefined;
  readonly project: string | undefined;
  /** Undefined: the platform's own. */
  readonly fetch: typeof fetch | undefined;
}

/** The same API at an Azure resource. Only deployments make a tuned model answer. */
export interface AzureAccess {
  readonly api: "azure";
  /** Such as https://NAME.openai.azure.com, without a path. */
  readonly endpoint: string;
  readonly apiKey: string | undefined;
  readonly entraToken: string | undefined;
  /** A date, `v1` or `preview`. */
  readonly apiVersion: string;
  /** Undefined: models are trained, but can't be deployed from here. */
  readonly management: AzureManagement | undefined;
}

/** Azure's management API, which makes deployments. */
export interface AzureManagement {
  /** Without a slash at the end. Default https://management.azure.com; another one in a cloud of its own. */
  readonly endpoint: string;
  readonly subscription: string;
  readonly resourceGroup: string;
  /** Name of the Azure OpenAI resource. */
  readonly account: string;
  /** An Entra ID access token; undefined: the one that @azure/identity finds in the environment. */
  readonly token: string | undefined;
  /** Such as Standard, GlobalStandard or DeveloperTier. */
  readonly sku: string;
  /** Thousands of tokens a minute. */
  readonly capacity: number;
  /** USD an hour that a deployment costs, used or not; undefined: the list price, where it is known. */
  readonly hostingPerHour: number | undefined;
}

/** The Hub, its Jobs and its Inference Endpoints. */
export interface HuggingFaceAccess {
  readonly api: "huggingface";
  readonly token: string;
  readonly hubURL: string;
  readonly endpointsURL: string;
  /** User or organisation that owns what is made; undefined: the token's own. */
  readonly namespace: string | undefined;
  /** Hardware of a training job, such as a10g-small. */
  readonly flavor: string;
  /** Seconds after which a training job is stopped. */
  readonly timeoutSeconds: number;
  readonly endpoint: {
    readonly vendor: string;
    readonly region: string;
    readonly accelerator: string;
    readonly instanceType: string;
    readonly instanceSize: string;
    /** Minutes without a request after which it is scaled to zero; undefined: never. */
    readonly scaleToZeroMinutes: number | undefined;
    readonly hostingPerHour: number | undefined;
  };
}

/** A configured provider, seen apart from its models. */
export interface Provider {
  readonly name: string;
  /** As configured, whoever answers. */
  readonly kind: string;
  /** Does the simulator answer in its place? */
  readonly simulated: boolean;
  /** Undefined: it trains no models. */
  readonly tuning: TuningAccess | undefined;
  /** Strings that must never leave the gateway. */
  readonly secrets: readonly string[];
}

/** What the configuration says of training. */
export interface TuningSettings {
  /** Whose files and jobs `/v1/files` and `/v1/fine_tuning` mean, and the default of new jobs. */
  readonly provider: string | undefined;
  /** May a job point a variant that routes already use at the model it made? */
  readonly replaceLive: boolean;
  /** How often a provider is asked how far a job is, in milliseconds. */
  readonly pollMs: number;
  /** A job that takes longer has failed, in milliseconds. */
  readonly deadlineMs: number;
  /** Most rows of the validation file that the tuned model is compared on. */
  readonly evaluationRows: number;
  /** Folders of which the admin API takes data sets, relative to the working directory; undefined: any on this machine. */
  readonly datasets: readonly string[] | undefined;
}
