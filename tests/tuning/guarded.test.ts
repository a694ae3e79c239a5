import { expect, test } from "vitest";
import { guardedDeployer, guardedTrainer } from "../../src/tuning/guarded.ts";
import { LeaseLost } from "../../src/tuning/held-job.ts";
import { FakeProvider } from "./fake-provider.ts";
import { request, upload } from "./huggingface.ts";

const { signal } = new AbortController();
const LOST = {
  requireLease: () => {
    throw new LeaseLost();
  },
};

test("whoever may have lost a job looks at the provider, and neither makes, ends nor deletes anything there", async () => {
  const provider = new FakeProvider();
  const trainer = guardedTrainer(provider.trainer, LOST);
  const deployer = guardedDeployer(provider.deployer, LOST);
  const changes: readonly (() => Promise<unknown>)[] = [
    () => trainer.upload(upload("{}"), signal),
    () => trainer.create(request(), signal),
    () => trainer.cancel("ftjob-1", signal),
    () => trainer.removeFiles({ jobId: "tj-1", ids: [], names: [] }, signal),
    () => deployer.deploy({ name: "one", model: "ft:one" }, signal),
    () => deployer.scale("one", 1, signal),
    () => deployer.remove("one", signal),
  ];
  for (const change of changes) await expect(change()).rejects.toThrow(LeaseLost);
  expect(provider.calls).toEqual([]);
  await trainer.find(request(), signal);
  await trainer.observe("ftjob-1", undefined, signal);
  await deployer.find("one", signal);
  await deployer.list(signal);
  expect(provider.calls).toEqual(["find", "observe", "find deployment", "list"]);
});
