import type { Step, StepContext } from "./context.ts";
import type { Deployer, Deployment } from "./deployer.ts";
import type { TuningJob } from "./job.ts";
import { hostingOf } from "./registration.ts";
import { ProviderProblem } from "./trainer.ts";
import { known, moved } from "./transitions.ts";

/** Makes the model answer, where it does not by itself. */
export const deployStep: Step = async (context) => {
  if (context.job.spec.api === "openai") {
    const { model } = context.job.remote;
    await context.update((job, now) =>
      answering(job, model ?? "", "The model answers without a deployment.", now),
    );
    return 0;
  }
  const deployer = await context.deployer();
  if (deployer === undefined) throw byHand(context.job);
  const name = deploymentName(context.job.id);
  if (context.job.remote.deployment === null) {
    // The time that it may take counts from here.
    await context.update((job, now) =>
      moved(
        withDeployment(job, name, hostingOf(context.access)),
        "deploying",
        `The provider is asked for the deployment ${name}.`,
        now,
      ),
    );
  }
  const found = await deployer.find(name, context.signal);
  if (found === undefined) await deploy(context, deployer, name);
  else if (await isUp(context, found)) return 0;
  return context.nextLook();
};

/** As every provider takes it: lower-case letters, digits and `-`, at most 32. */
function deploymentName(jobId: string): string {
  return `crossover-${jobId}`.slice(0, 32);
}

async function deploy(context: StepContext, deployer: Deployer, name: string): Promise<void> {
  const model = context.job.remote.model ?? "";
  await deployer.deploy({ name, model }, context.signal);
}

async function isUp(context: StepContext, found: Deployment): Promise<boolean> {
  const { name, phase, status, message, address, hostingPerHour } = found;
  switch (phase) {
    case "creating":
      break;
    case "running":
    case "asleep": // a request wakes it
      if (address === undefined) break;
      await context.update((job, now) =>
        answering(withDeployment(job, name, hostingPerHour), address, `The deployment ${name} is up.`, now),
      );
      return true;
    case "failed":
      throw new ProviderProblem({
        message: `The deployment ${name} has failed: ${message ?? status}.`,
        hint: `See to it at the provider, then \`crossover tune resume ${context.job.id}\`. Or deploy the model by another name, then \`crossover tune register ${context.job.id} --address ADDRESS\`.`,
        raw: message ?? status,
        kind: "final",
      });
  }
  const told = context.redact(status);
  if (context.job.remote.status !== told)
    await context.update((job, now) => known(job, { status: told }, `The deployment ${name}: ${told}.`, now));
  return false;
}

/** @param hosting USD an hour; undefined: as it was known */
function withDeployment(job: TuningJob, deployment: string, hosting: number | undefined): TuningJob {
  const { remote } = job;
  return { ...job, remote: { ...remote, deployment, hosting_per_hour: hosting ?? remote.hosting_per_hour } };
}

function answering(job: TuningJob, address: string, message: string, now: number): TuningJob {
  return moved({ ...job, remote: { ...job.remote, address } }, "evaluating", message, now);
}

function byHand({ id, remote }: TuningJob): ProviderProblem {
  return new ProviderProblem({
    message: `The model ${remote.model} is trained, and the gateway can't deploy it: the provider's settings have no management.`,
    hint: `Deploy it yourself, then \`crossover tune register ${id} --address DEPLOYMENT\`. Or add \`management\` to the provider, then \`crossover tune resume ${id}\`.`,
    raw: "",
    kind: "unsupported",
  });
}
