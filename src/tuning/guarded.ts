import type { Deployer } from "./deployer.ts";
import type { HeldJob } from "./held-job.ts";
import type { Trainer } from "./trainer.ts";

/** The same, save that nothing is sent that makes, ends, changes or deletes something once others may have the job. */
export function guardedTrainer(trainer: Trainer, held: Pick<HeldJob, "requireLease">): Trainer {
  return {
    upload: async (file, signal) => {
      held.requireLease();
      return trainer.upload(file, signal);
    },
    create: async (request, signal) => {
      held.requireLease();
      return trainer.create(request, signal);
    },
    find: (request, signal) => trainer.find(request, signal),
    observe: (id, seen, signal) => trainer.observe(id, seen, signal),
    cancel: async (id, signal) => {
      held.requireLease();
      return trainer.cancel(id, signal);
    },
    removeFiles: async (files, signal) => {
      held.requireLease();
      return trainer.removeFiles(files, signal);
    },
  };
}

/** @see guardedTrainer */
export function guardedDeployer(deployer: Deployer, held: Pick<HeldJob, "requireLease">): Deployer {
  return {
    deploy: async (request, signal) => {
      held.requireLease();
      return deployer.deploy(request, signal);
    },
    remove: async (name, signal) => {
      held.requireLease();
      return deployer.remove(name, signal);
    },
    scale: async (name, capacity, signal) => {
      held.requireLease();
      return deployer.scale(name, capacity, signal);
    },
    find: (name, signal) => deployer.find(name, signal),
    list: (signal) => deployer.list(signal),
  };
}
