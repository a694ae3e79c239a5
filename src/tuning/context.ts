import type { Redactor } from "../domain/redactor.ts";
import type { Table } from "../domain/table.ts";
import type { TuningAccess } from "../domain/tuning.ts";
import type { Deployer } from "./deployer.ts";
import type { TunerDeps, TuningTiming } from "./deps.ts";
import { guardedDeployer, guardedTrainer } from "./guarded.ts";
import type { HeldJob } from "./held-job.ts";
import type { JobState, TuningJob } from "./job.ts";
import { isSamePlace, placeOf } from "./place.ts";
import type { Places } from "./places.ts";
import { ConfigurationGap, type Redact } from "./problems.ts";
import type { Trainer } from "./trainer.ts";
import { growing } from "./wait.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** So many configurations are remembered by what takes their secrets out. */
const REDACTORS = 4;

/** What a step works with. A step does one thing, saves it, and returns how long to wait before the next, in milliseconds. */
export type Step = (context: StepContext) => Promise<number>;

/** A job at work, and all that it reaches. The configuration is asked anew for each step: it may have changed. */
export class StepContext {
  readonly held: HeldJob;
  readonly deps: TunerDeps;
  readonly timing: TuningTiming;
  /** Of all jobs of this process. */
  readonly places: Places;

  #looks: { readonly state: JobState | undefined; readonly times: number } = { state: undefined, times: 0 };
  /** Of the configurations that were in force of late, the latest last. */
  #redactors: readonly Redactor[] = [];

  constructor(held: HeldJob, deps: TunerDeps, timing: TuningTiming, places: Places) {
    this.held = held;
    this.deps = deps;
    this.timing = timing;
    this.places = places;
  }

  get job(): TuningJob {
    return this.held.job;
  }

  get table(): Table {
    const table = this.deps.table();
    this.#keep(table.redaction.secrets);
    return table;
  }

  /**
   * How long to wait until the provider is asked again, in milliseconds: a short training is over soon, and so the waits of a
   * state begin short and grow to the configuration's.
   */
  nextLook(): number {
    const { state } = this.job;
    const times = this.#looks.state === state ? this.#looks.times + 1 : 0;
    this.#looks = { state, times };
    return growing(this.timing.firstLookMs, this.table.tuning.pollMs, times);
  }

  get signal(): AbortSignal {
    return this.held.signal;
  }

  /** Aborted too when the job's end is asked for: for work that leaves nothing behind. */
  get endable(): AbortSignal {
    return AbortSignal.any([this.held.signal, this.held.cancelSignal]);
  }

  /** With the secrets of the configuration that a call under way began with too: a key may have been changed since. */
  readonly redact: Redact = (text) => {
    this.#keep(this.deps.table().redaction.secrets);
    return this.#redactors.reduce((before, { redact }) => redact(before), text);
  };

  #keep(redactor: Redactor): void {
    if (this.#redactors.at(-1) === redactor) return;
    const others = this.#redactors.filter((one) => one !== redactor);
    this.#redactors = [...others, redactor].slice(-REDACTORS);
  }

  /** @throws ConfigurationGap where the provider is not any more what it was when the job began */
  get access(): TuningAccess {
    return accessOf(this.table, this.job);
  }

  async trainer(): Promise<Trainer> {
    return guardedTrainer(await this.deps.trainerFor(this.access), this.held);
  }

  async deployer(): Promise<Deployer | undefined> {
    const deployer = await this.deps.deployerFor(this.access);
    return deployer && guardedDeployer(deployer, this.held);
  }

  update(change: (job: TuningJob, now: number) => TuningJob): Promise<TuningJob> {
    return this.held.update((job) => {
      const changed = change(job, Date.now());
      return changed === job ? job : withoutSecrets(changed, job, this.redact);
    });
  }
}

/**
 * How a job's provider is reached.
 * @param so what comes of it if it can't be
 * @throws ConfigurationGap where that is not what it was when the job began
 */
export function accessOf(
  table: Table,
  { spec, remote }: TuningJob,
  so = "the job waits until it is as it was when the job began",
): TuningAccess {
  const { provider: name, api, simulated } = spec;
  const gap = (why: string) => new ConfigurationGap(`The configuration's provider ${name} ${why}: ${so}.`);
  const provider = table.providers.get(name);
  if (provider === undefined) throw gap("is gone");
  if (provider.tuning?.api !== api) throw gap("does not train any more as it did");
  if (provider.simulated !== simulated)
    throw gap(simulated ? "is not simulated any more" : "is simulated by now");
  const { place } = remote;
  if (place !== null && !isSamePlace(place, placeOf(provider.tuning)))
    throw gap("leads to another address, organization, project, namespace or account");
  return provider.tuning;
}
