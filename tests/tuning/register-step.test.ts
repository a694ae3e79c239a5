import { expect, test } from "vitest";
import { problem } from "./fake-provider.ts";
import { config, QUESTION, trained, world } from "./world.ts";

const AZURE = { ...QUESTION, provider: "cloud", validation: undefined };

test("hosting costs what the provider says of what answers", async () => {
  const all = await world();
  all.provider.hosting = 2.5;
  await trained(all.tuner(), AZURE);
  expect(all.registered[0]?.model.hostingPerHour).toBe(2.5);
});

test("of a deployment made by hand too", async () => {
  const all = await world();
  all.provider.hosting = 2.5;
  all.provider.deploying = [{ phase: "failed", status: "Failed", message: "no quota" }];
  const tuner = all.tuner();
  const { id } = await trained(tuner, AZURE);
  await all.provider.deployer.deploy({ name: "mine", model: "m" }, AbortSignal.timeout(1000));
  await tuner.register(id, "mine");
  await tuner.work(id, AbortSignal.timeout(20_000));
  expect(all.registered[0]?.model).toMatchObject({ model: "mine", hostingPerHour: 2.5 });
});

test("of one that nobody knows it is left open", async () => {
  const all = await world();
  all.provider.deploying = [{ phase: "failed", status: "Failed", message: "no quota" }];
  const tuner = all.tuner();
  const { id } = await trained(tuner, AZURE);
  await tuner.register(id, "elsewhere");
  const { remote, state } = await tuner.work(id, AbortSignal.timeout(20_000));
  expect([state, remote.deployment, remote.hosting_per_hour]).toEqual(["succeeded", `crossover-${id}`, 1.7]);
  expect(all.registered[0]?.model).toMatchObject({ model: "elsewhere", hostingPerHour: undefined });
});

test("of its own it is as known before when the provider can't be asked", async () => {
  const all = await world();
  // It is looked for before it is made, then until it is up, then for its price.
  all.provider.at = (moment) => {
    const looks = all.provider.calls.filter((call) => call === "find deployment").length;
    if (moment === "before find deployment" && looks > 2) throw problem("temporary", "busy");
  };
  all.provider.deploying = [{ phase: "running", status: "Succeeded", message: undefined }];
  all.provider.hosting = 2.5;
  await trained(all.tuner(), AZURE);
  expect(all.registered[0]?.model.hostingPerHour).toBe(2.5);
});

test("where it says nothing the settings do", async () => {
  const all = await world();
  all.provider.hosting = undefined;
  await trained(all.tuner(), AZURE);
  expect(all.registered[0]?.model.hostingPerHour).toBe(1.7);
});

test("nothing was paid for a simulated training, whose model is told as such", async () => {
  const all = await world();
  await trained(all.tuner());
  const { providers } = config();
  const main = { kind: "openai", apiKey: "", withoutKey: "simulator" };
  all.configure(config({ providers: { ...Object(providers), main } }));
  await trained(all.tuner());
  expect(all.registered.map(({ model }) => model)).toMatchObject([
    { trainingCost: expect.any(Number), simulated: false },
    { trainingCost: undefined, simulated: true },
  ]);
});
