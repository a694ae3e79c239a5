import type { UsageHour } from "../domain/capture.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Model } from "../domain/table.ts";
import type { Provider } from "../domain/tuning.ts";
import type { Deployer, Deployment } from "./deployer.ts";
import type { TunerDeps } from "./deps.ts";
import { problemOf } from "./problems.ts";
import { deploysNothing } from "./refusals.ts";
import { ProviderProblem } from "./trainer.ts";
import type { ListedDeployment } from "./tuning.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** How far back it is looked for requests. */
const LOOKED_BACK_MS = 30 * DAY_MS;
/** How long a provider may take to answer. */
const PATIENCE_MS = 60_000;

/** What answers for tuned models at the providers, and who uses it. */
export class Deployments {
  readonly #deps: TunerDeps;

  constructor(deps: TunerDeps) {
    this.#deps = deps;
  }

  /** @param provider undefined: all that deploy. @throws GatewayError 404, 502 for what a provider says, StoreError */
  async list(provider: string | undefined): Promise<readonly ListedDeployment[]> {
    const deployers = await this.#deployers(provider);
    const now = Date.now();
    const hours = deployers.length === 0 ? [] : await this.#deps.store.usage({ from: now - LOOKED_BACK_MS });
    const lists = await Promise.all(
      deployers.map(async ({ name, deployer }) => {
        const models = [...this.#deps.table().models.values()].filter((model) => model.provider === name);
        const found = await this.#asked((signal) => deployer.list(signal));
        return found.map((deployment) => listed(deployment, name, models, hours, now));
      }),
    );
    return lists.flat();
  }

  async scale(provider: string, name: string, capacity: number): Promise<void> {
    const deployer = await this.#deployer(provider);
    await this.#asked((signal) => deployer.scale(name, capacity, signal));
  }

  async remove(provider: string, name: string): Promise<void> {
    const deployer = await this.#deployer(provider);
    await this.#asked((signal) => deployer.remove(name, signal));
  }

  async #deployer(provider: string): Promise<Deployer> {
    const [found] = await this.#deployers(provider);
    if (found === undefined) throw deploysNothing(provider);
    return found.deployer;
  }

  async #deployers(
    name: string | undefined,
  ): Promise<readonly { readonly name: string; readonly deployer: Deployer }[]> {
    const { providers } = this.#deps.table();
    const meant = [...providers.values()].filter((provider) => name === undefined || provider.name === name);
    const found = await Promise.all(meant.map((provider) => this.#deployerOf(provider)));
    const able = found.flatMap((each) => each ?? []);
    if (name !== undefined && able.length === 0) throw deploysNothing(name);
    return able;
  }

  async #deployerOf({ name, tuning }: Provider) {
    const deployer = tuning && (await this.#deps.deployerFor(tuning));
    return deployer && { name, deployer };
  }

  /** What a provider refuses is an answer for whoever asked. */
  async #asked<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await ask(AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      if (!(error instanceof ProviderProblem)) throw error;
      const { message, hint } = problemOf(error, this.#deps.table().redaction.secrets.redact);
      throw new GatewayError({
        status: 502,
        type: "server_error",
        code: "provider_problem",
        message: hint === null ? message : `${message} ${hint}`,
      });
    }
  }
}

function listed(
  deployment: Deployment,
  provider: string,
  all: readonly Model[],
  hours: readonly UsageHour[],
  now: number,
): ListedDeployment {
  const models = all
    .filter(({ upstreamModel }) => upstreamModel === deployment.name || upstreamModel === deployment.address)
    .map(({ name }) => name);
  const used = hours.filter(({ model, requests }) => requests > 0 && models.includes(model));
  const lastUsed = used.reduce<number | undefined>(
    (last, { hour }) => (last === undefined || hour > last ? hour : last),
    undefined,
  );
  const isQuiet = lastUsed === undefined || lastUsed + HOUR_MS < now - DAY_MS;
  // Where nobody says what it costs, it is taken to cost something.
  const costs = deployment.phase === "running" && (deployment.hostingPerHour ?? 1) > 0;
  return { ...deployment, provider, models, lastUsed, idle: costs && isQuiet };
}
