import type { UsageHour } from "../domain/capture.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Model } from "../domain/table.ts";
import type { Provider } from "../domain/tuning.ts";
import type { Deployer, Deployment } from "./deployer.ts";
import type { TunerDeps } from "./deps.ts";
import type { TuningJob } from "./job.ts";
import { problemOf } from "./problems.ts";
import { deploysNothing } from "./refusals.ts";
import { jobIn } from "./stored-job.ts";
import { ProviderProblem } from "./trainer.ts";
import type { DeploymentOverview, ListedDeployment } from "./tuning.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** How far back it is looked for requests. */
const LOOKED_BACK_MS = 30 * DAY_MS;
/** The latest jobs, among which the one is looked for that made a deployment. */
const JOBS = 200;
/** How long a provider may take to answer. */
const PATIENCE_MS = 60_000;

/** What answers for tuned models at the providers, and who uses it. */
export class Deployments {
  readonly #deps: TunerDeps;

  constructor(deps: TunerDeps) {
    this.#deps = deps;
  }

  /**
   * @param provider undefined: all that deploy. What fails of one hides none of another
   * @throws GatewayError 404 for a provider that deploys nothing
   */
  async list(provider: string | undefined): Promise<DeploymentOverview> {
    const deploying = this.#deploying(provider);
    const now = Date.now();
    const { models } = this.#deps.table();
    const [use, ...lists] = await Promise.all([
      deploying.length === 0 ? undefined : this.#use(now),
      ...deploying.map((each) => this.#listOf(each)),
    ]);
    const able = lists.filter(({ found }) => found !== undefined);
    if (provider !== undefined && able.length === 0) throw deploysNothing(provider);
    return {
      deployments: able.flatMap(({ name, found = [] }) => {
        const own = [...models.values()].filter((model) => model.provider === name);
        return found.map((deployment) => listed(deployment, name, own, use?.seen, now));
      }),
      problems: [use, ...lists].flatMap((each) => each?.problem ?? []),
    };
  }

  async #use(now: number): Promise<Answer & { readonly seen: Seen | undefined }> {
    const { store } = this.#deps;
    try {
      const hours = await store.usage({ from: now - LOOKED_BACK_MS });
      const rows = await store.tuningJobs({ limit: JOBS });
      return { seen: { hours, jobs: rows.flatMap((row) => jobIn(row) ?? []) }, problem: undefined };
    } catch (error) {
      const message = `When they were last used is not known: ${this.#words(error)}`;
      return { seen: undefined, problem: { provider: undefined, message } };
    }
  }

  /** @returns nothing found for a provider that deploys nothing */
  async #listOf(
    provider: Provider,
  ): Promise<Answer & { readonly name: string; readonly found: readonly Deployment[] | undefined }> {
    const { name } = provider;
    try {
      const deployer = await this.#deployerOf(provider);
      const found = await deployer?.list(AbortSignal.timeout(PATIENCE_MS));
      return { name, found, problem: undefined };
    } catch (error) {
      return { name, found: [], problem: { provider: name, message: this.#words(error) } };
    }
  }

  async scale(provider: string, name: string, capacity: number): Promise<void> {
    const deployer = await this.#deployer(provider);
    await this.#asked((signal) => deployer.scale(name, capacity, signal));
  }

  async remove(provider: string, name: string): Promise<void> {
    const deployer = await this.#deployer(provider);
    await this.#asked((signal) => deployer.remove(name, signal));
  }

  async #deployer(name: string): Promise<Deployer> {
    const [provider] = this.#deploying(name);
    const deployer = provider && (await this.#deployerOf(provider));
    if (deployer === undefined) throw deploysNothing(name);
    return deployer;
  }

  /** Those that may deploy something. */
  #deploying(name: string | undefined): readonly Provider[] {
    const { providers } = this.#deps.table();
    return [...providers.values()].filter(
      (each) => each.tuning !== undefined && (name === undefined || each.name === name),
    );
  }

  async #deployerOf({ tuning }: Provider): Promise<Deployer | undefined> {
    return tuning && this.#deps.deployerFor(tuning);
  }

  /** What a provider refuses is an answer for whoever asked. */
  async #asked<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await ask(AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      if (!(error instanceof ProviderProblem)) throw error;
      throw new GatewayError({
        status: 502,
        type: "server_error",
        code: "provider_problem",
        message: this.#words(error),
      });
    }
  }

  #words(error: unknown): string {
    if (error instanceof Error && error.name === "TimeoutError")
      return `No answer came for ${PATIENCE_MS / 1000} seconds.`;
    const { message, hint } = problemOf(error, this.#deps.table().redaction.secrets.redact);
    return hint === null ? message : `${message} ${hint}`;
  }
}

/** What a question came to. */
interface Answer {
  readonly problem: DeploymentOverview["problems"][number] | undefined;
}

/** What the store knows of late. */
interface Seen {
  /** Hours with requests. */
  readonly hours: readonly UsageHour[];
  readonly jobs: readonly TuningJob[];
}

function listed(
  deployment: Deployment,
  provider: string,
  all: readonly Model[],
  seen: Seen | undefined,
  now: number,
): ListedDeployment {
  const models = all
    .filter(({ upstreamModel }) => upstreamModel === deployment.name || upstreamModel === deployment.address)
    .map(({ name }) => name);
  const used = (seen?.hours ?? []).filter(({ model, requests }) => requests > 0 && models.includes(model));
  const lastUsed = latest(used.map(({ hour }) => hour));
  const wanted = latest([
    ...(lastUsed === undefined ? [] : [lastUsed + HOUR_MS]),
    ...(seen?.jobs ?? []).filter((job) => hasMade(job, provider, deployment)).map(({ updated }) => updated),
  ]);
  // Of an unknown age: without a request since it is looked for one.
  const isQuiet = seen !== undefined && (wanted === undefined || wanted < now - DAY_MS);
  // Where nobody says what it costs, it is taken to cost something.
  const costs = deployment.phase === "running" && (deployment.hostingPerHour ?? 1) > 0;
  return { ...deployment, provider, models, lastUsed, idle: costs && isQuiet };
}

/** Did a job make it, or was told of it by a person? Nobody can have used it before the job was done with it. */
function hasMade({ spec, remote }: TuningJob, provider: string, { name, address }: Deployment): boolean {
  return (
    spec.provider === provider &&
    (remote.deployment === name || (remote.address !== null && [name, address].includes(remote.address)))
  );
}

function latest(times: readonly number[]): number | undefined {
  return times.reduce<number | undefined>(
    (last, time) => (last === undefined || time > last ? time : last),
    undefined,
  );
}
