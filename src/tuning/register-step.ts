import { ConfigError } from "../config/problem.ts";
import { badRequest } from "../domain/errors.ts";
import type { Table, Variant } from "../domain/table.ts";
import { reaches } from "../routing/reach.ts";
import type { Step, StepContext } from "./context.ts";
import type { TunerDeps } from "./deps.ts";
import type { TuningJob } from "./job.ts";
import { requireNamesLeft } from "./names.ts";
import { ConfigurationGap } from "./problems.ts";
import { proposalOf } from "./proposal.ts";
import { hostingOf, registrationOf } from "./registration.ts";
import type { Registration } from "./registry.ts";
import { ProviderProblem } from "./trainer.ts";
import { succeeded } from "./transitions.ts";

/** Adds the model and its variant to the configuration, and proposes how traffic could move to it. */
export const registerStep: Step = async (context) => {
  const { job, deps } = context;
  const { route, variant } = job.spec;
  const registration = registrationOf(job, await hostingAt(context));
  const { table, control, candidate } = previewed(context, registration);
  await deps.registry.register(registration);
  // A variant that rules use already needs no rollout: with the configuration's leave it is live now.
  const isLive = [...table.routes.values()].some((each) => reaches(each, variant));
  const proposal = isLive ? null : proposalOf({ route, control, candidate, table });
  await context.update((current, now) => succeeded(current, proposal, now));
  return 0;
};

/**
 * USD an hour, as the provider says of what answers, also where a person made it. Of the job's own deployment the settings
 * tell it too, of none that a person names; undefined: nobody knows.
 */
async function hostingAt(context: StepContext): Promise<number | undefined> {
  const { deployment, address, hosting_per_hour } = context.job.remote;
  const own = hosting_per_hour ?? undefined;
  const deployer = await context.deployer();
  if (deployer === undefined) return undefined;
  try {
    const made = deployment === null ? undefined : await deployer.find(deployment, context.signal);
    if (made !== undefined && made.address === address) return made.hostingPerHour ?? own;
    const all = await deployer.list(context.signal);
    return all.find((one) => one.address === address)?.hostingPerHour;
  } catch (error) {
    // A price alone is not worth a wait.
    if (error instanceof ProviderProblem) return address === deployment ? own : undefined;
    throw error;
  }
}

/** The configuration as it would be with what the job made. */
export interface Preview {
  readonly table: Table;
  /** As it is now. */
  readonly live: Table;
  /** Of the table as it is now: in the other one it may be the tuned model itself. */
  readonly control: Variant;
  readonly candidate: Variant;
}

/** @throws ConfigError, ConfigurationGap when the control is gone, ProviderProblem when a name is taken by now */
export function previewed({ job, deps, table: live }: StepContext, registration: Registration): Preview {
  requireNamesLeft(job, live);
  const table = deps.registry.preview(registration);
  const control = live.variants.get(job.spec.control);
  const candidate = table.variants.get(registration.variant.name);
  if (control === undefined)
    throw new ConfigurationGap(
      `The variant ${job.spec.control}, to compare with, is gone from the configuration: the job waits until it is back.`,
    );
  if (candidate === undefined)
    throw new TypeError(`the registry previews no variant ${registration.variant.name}`);
  return { table, live, control, candidate };
}

/** What a person says must fit into the configuration. @throws GatewayError 400 */
export function requireAddress(job: TuningJob, { registry, table }: TunerDeps): void {
  const address = job.remote.address ?? "";
  if (address === "" || address.length > 2_000)
    throw badRequest("invalid_value", "`address` must name what answers for the model.", "address");
  const access = table().providers.get(job.spec.provider)?.tuning;
  if (access === undefined) return; // told once it is worked on
  try {
    registry.preview(registrationOf(job, hostingOf(access)));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw badRequest(
      "invalid_value",
      `The configuration does not take ${address}: ${error.message}`,
      "address",
    );
  }
}
