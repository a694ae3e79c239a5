import type { TuningAccess } from "../domain/tuning.ts";
import type { Deployer } from "./deployer.ts";
import type { Trainer } from "./trainer.ts";

/** What trains at a provider. Its library is loaded with the first job that needs it. */
export async function trainerFor(access: TuningAccess): Promise<Trainer> {
  switch (access.api) {
    case "openai":
    case "azure":
      return (await import("./openai-trainer.ts")).openaiTrainer(access);
    case "huggingface":
      return (await import("./huggingface-trainer.ts")).huggingFaceTrainer(access);
  }
}

/** @returns undefined where a tuned model answers without a deployment, or none can be made from here */
export async function deployerFor(access: TuningAccess): Promise<Deployer | undefined> {
  switch (access.api) {
    case "openai":
      return undefined;
    case "azure":
      return access.management && (await import("./azure-deployer.ts")).azureDeployer(access.management);
    case "huggingface":
      return (await import("./huggingface-deployer.ts")).huggingFaceDeployer(access);
  }
}
