import { expect, test } from "vitest";
import { rowOf } from "../../src/tuning/stored-job.ts";
import { batch, usage } from "../store/samples.ts";
import { problem } from "./fake-provider.ts";
import { jobWith } from "./jobs.ts";
import { config, SECRET, type World, world } from "./world.ts";

const HOUR = 3_600_000;

async function withDeployment(
  phase: "running" | "asleep" | "creating",
  hostingPerHour?: number,
): Promise<World> {
  const models = { base: { provider: "main", model: "m" }, tuned: { provider: "cloud", model: "dep" } };
  const all = await world({ config: config({ models }) });
  all.provider.deployments.set("dep", {
    name: "dep",
    model: "ft",
    phase,
    status: phase,
    message: undefined,
    address: "dep",
    capacity: 10,
    hostingPerHour,
  });
  return all;
}

test("tells who uses a deployment, and that nobody does", async () => {
  const all = await withDeployment("running", 1.7);
  const tuner = all.tuner();
  expect((await tuner.deployments()).deployments).toMatchObject([
    { provider: "cloud", name: "dep", models: ["tuned"], lastUsed: undefined, idle: true },
  ]);
  const now = Date.now();
  const hour = Math.floor(now / HOUR) * HOUR;
  const old = hour - 48 * HOUR;
  await all.store.write(
    batch({ usage: [usage({ hour: old, model: "tuned" }), usage({ hour, model: "base" })] }),
  );
  expect((await tuner.deployments("cloud")).deployments).toMatchObject([{ lastUsed: old, idle: true }]);
  await all.store.write(batch({ usage: [usage({ hour, model: "tuned" })] }));
  expect((await tuner.deployments("cloud")).deployments).toMatchObject([{ lastUsed: hour, idle: false }]);
});

test.each([
  ["running", undefined, true],
  ["running", 0, false],
  ["asleep", 5, false],
  ["creating", 5, false],
] as const)("one that is %s at %s an hour is idle: %s", async (phase, hosting, idle) => {
  const all = await withDeployment(phase, hosting);
  expect((await all.tuner().deployments()).deployments.map((each) => each.idle)).toEqual([idle]);
});

test.each([
  ["made a moment ago", 0, { deployment: "dep" }, false],
  ["named by a person an hour ago", HOUR, { address: "dep" }, false],
  ["made two days ago", 48 * HOUR, { deployment: "dep" }, true],
  ["one of another name", 0, { deployment: "other" }, true],
])(
  "of a deployment that no request was for, %s, the age tells if it is idle",
  async (_, age, remote, idle) => {
    const all = await withDeployment("running", 1.7);
    const job = jobWith(
      { state: "succeeded", updated: Date.now() - age },
      { spec: { provider: "cloud" }, remote },
    );
    await all.store.saveTuningJob(
      rowOf(job, { fingerprint: "f", owner: undefined, ownedUntil: 0, revision: 1 }),
    );
    const { deployments } = await all.tuner().deployments();
    expect(deployments).toMatchObject([{ lastUsed: undefined, idle }]);
  },
);

test("of one that was used, its last request tells, where that is later than its job", async () => {
  const all = await withDeployment("running", 1.7);
  const now = Date.now();
  const hour = Math.floor(now / HOUR) * HOUR;
  await all.store.write(batch({ usage: [usage({ hour, model: "tuned" })] }));
  const job = jobWith(
    { state: "succeeded", updated: now - 48 * HOUR },
    { spec: { provider: "cloud" }, remote: { deployment: "dep" } },
  );
  await all.store.saveTuningJob(
    rowOf(job, { fingerprint: "f", owner: undefined, ownedUntil: 0, revision: 1 }),
  );
  expect((await all.tuner().deployments()).deployments).toMatchObject([{ lastUsed: hour, idle: false }]);
});

test("scales and deletes", async () => {
  const all = await withDeployment("running", 1);
  const tuner = all.tuner();
  await tuner.scale("cloud", "dep", 20);
  await tuner.undeploy("cloud", "dep");
  expect(all.provider.effects).toEqual(["scale dep 20", "remove dep"]);
});

test("a provider that deploys nothing is told as such, and what one refuses in its words without secrets", async () => {
  const all = await withDeployment("running", 1);
  const tuner = all.tuner();
  for (const provider of ["main", "bare", "local", "none"])
    await expect(tuner.deployments(provider)).rejects.toMatchObject({ status: 404, code: "no_deployments" });
  await expect(tuner.scale("main", "dep", 1)).rejects.toMatchObject({ status: 404 });
  all.provider.at = () => {
    throw problem("final", `not with ${SECRET}`);
  };
  const refusal = await tuner.scale("cloud", "dep", 1).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    status: 502,
    code: "provider_problem",
    message: /^not with .* Do something\.$/,
  });
  expect(String(refusal)).not.toContain(SECRET);
});

test("what fails at one provider, or of the store, hides none of another", async () => {
  const all = await withDeployment("running", 1.7);
  const { providers } = config();
  const other = { ...Object(Object(providers).cloud), endpoint: "https://other.openai.azure.com" };
  all.configure(config({ providers: { ...Object(providers), other } }));
  const broken = {
    ...all.provider.deployer,
    list: async () => {
      throw problem("final", `the token ${SECRET} has expired`);
    },
  };
  const tuner = all.tuner({
    deployerFor: async (access) => {
      if (access.api !== "azure" || access.management === undefined) return undefined;
      return access.endpoint.includes("other") ? broken : all.provider.deployer;
    },
  });
  const overview = await tuner.deployments();
  expect(overview.deployments).toMatchObject([{ provider: "cloud", name: "dep", idle: true }]);
  expect(overview.problems).toEqual([
    { provider: "other", message: expect.stringMatching(/^the token .* has expired Do something\.$/) },
  ]);
  expect(JSON.stringify(overview)).not.toContain(SECRET);

  await all.store.close();
  const { deployments, problems } = await tuner.deployments("cloud");
  expect(deployments).toMatchObject([{ name: "dep", lastUsed: undefined, idle: false }]);
  expect(problems).toMatchObject([
    { provider: undefined, message: expect.stringContaining("When they were last used is not known") },
  ]);
});
