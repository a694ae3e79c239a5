import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { huggingFaceDeployer } from "../../src/tuning/huggingface-deployer.ts";
import { startAzureManagement } from "../support/azure-management.ts";
import { HUB_TOKEN, startHuggingFaceHub } from "../support/huggingface-hub.ts";
import { accessTo } from "../tuning/huggingface.ts";
import { projectNode, runCommand, temporaryFiles } from "./command.ts";

/** The real command with a configuration of one provider. */
function commandFor(provider: object) {
  const config = {
    providers: { there: provider, sim: { kind: "simulator" } },
    models: { base: { provider: "sim", model: "gpt-4.1-mini" } },
    variants: { plain: { model: "base" } },
    routes: { ask: { default: "plain" } },
  };
  const path = temporaryFiles({ "c.yaml": stringify(config) });
  const env = { CROSSOVER_DATA_DIR: join(dirname(path("c.yaml")), "data") };
  return (...args: readonly string[]) =>
    runCommand(projectNode, ["tune", ...args, "--config", path("c.yaml")], { env });
}

test("a deployment at Azure is listed, scaled and deleted", async () => {
  const azure = await startAzureManagement();
  const { endpoint, subscription, resourceGroup, account, token } = azure.access;
  const run = commandFor({
    kind: "azure-openai",
    endpoint: "https://contoso.openai.azure.com",
    apiKey: "azure-key-0123456789",
    management: { endpoint, subscription, resourceGroup, account, token },
  });
  const model = { format: "OpenAI", name: "gpt-4.1-mini-2025-04-14.ft-1", version: "1" };
  azure.put("mine", { sku: { name: "Standard", capacity: 10 }, model, state: "Succeeded" });
  const listed = await run("deployments");
  expect([listed.code, listed.stderr]).toEqual([0, ""]);
  expect(listed.stdout).toMatch(/^there +mine +gpt-4\.1-mini-2025-04-14\.ft-1 +\S+ +10 +1\.7 +/m);
  expect(await run("scale", "--provider", "there", "mine", "20")).toMatchObject({
    code: 0,
    stdout: "mine at there is scaled to 20.\n",
  });
  expect(azure.received.map(({ method }) => method)).toContain("PATCH");
  azure.succeed("mine");
  expect(azure.deployments.get("mine")?.sku.capacity).toBe(20);
  expect(await run("undeploy", "--provider", "there", "mine")).toMatchObject({ code: 1 }); // nobody is asked
  expect(await run("undeploy", "--provider", "there", "mine", "--yes")).toMatchObject({ code: 0 });
  azure.succeed("mine");
  expect([azure.deployments.size, azure.faults]).toEqual([0, []]);
}, 60_000);

test("an endpoint at Hugging Face is listed, scaled and deleted", async () => {
  const hub = await startHuggingFaceHub();
  hub.repositories.set("models/acme/tuned", { private: true, files: new Map(), commits: [] });
  const tuning = { namespace: "acme", hubURL: hub.url, endpointsURL: hub.url };
  const run = commandFor({ kind: "huggingface", apiKey: HUB_TOKEN, tuning });
  const deployer = huggingFaceDeployer(accessTo(hub));
  await deployer.deploy({ name: "mine", model: "acme/tuned" }, AbortSignal.timeout(10_000));
  const listed = await run("deployments");
  expect([listed.code, listed.stderr]).toEqual([0, ""]);
  expect(listed.stdout).toMatch(/^there +mine +acme\/tuned +\S+ +1 +0\.8 +/m);
  expect((await run("scale", "--provider", "there", "mine", "2")).code).toBe(0);
  expect(hub.endpoints.get("mine")?.spec).toMatchObject({ compute: { scaling: { maxReplica: 2 } } });
  expect((await run("undeploy", "--provider", "there", "mine", "--yes")).code).toBe(0);
  expect(hub.endpoints.get("mine")).toBeUndefined();
}, 60_000);
