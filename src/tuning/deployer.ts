/** What is to answer for a tuned model. */
export interface DeploymentRequest {
  /** Letters, digits and `-`, at most 32: as every provider takes it. */
  readonly name: string;
  /** The tuned model's name at the provider. */
  readonly model: string;
}

/** A deployment as its provider tells it. */
export interface Deployment {
  readonly name: string;
  readonly model: string | undefined;
  /** `asleep`: scaled to nothing, it costs nothing and starts with a request or by hand. */
  readonly phase: "creating" | "running" | "asleep" | "failed";
  /** In the provider's own word. */
  readonly status: string;
  /** What the provider says of it, such as why it failed. */
  readonly message: string | undefined;
  /** What the configuration's model is to be, once it runs: a deployment's name or an endpoint's URL. */
  readonly address: string | undefined;
  /** In the provider's own measure: thousands of tokens a minute, or replicas. */
  readonly capacity: number | undefined;
  /** USD an hour that it costs, used or not; undefined: not known. */
  readonly hostingPerHour: number | undefined;
}

/** Makes tuned models answer at one provider. Every method may throw ProviderProblem, and the signal's reason. */
export interface Deployer {
  /** Creates it, unless it is there already. Does not wait until it runs. */
  deploy(request: DeploymentRequest, signal: AbortSignal): Promise<void>;
  /** @returns undefined when there is none of this name */
  find(name: string, signal: AbortSignal): Promise<Deployment | undefined>;
  list(signal: AbortSignal): Promise<readonly Deployment[]>;
  /** @param capacity in the provider's own measure, at least 0 where it can sleep */
  scale(name: string, capacity: number, signal: AbortSignal): Promise<void>;
  /** Deletes it; one that is gone is well. */
  remove(name: string, signal: AbortSignal): Promise<void>;
}
