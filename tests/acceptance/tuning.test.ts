import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectNode, runCommand, startCommand } from "../cli/command.ts";
import { startAzureManagement } from "../support/azure-management.ts";
import { HUB_TOKEN, startHuggingFaceHub } from "../support/huggingface-hub.ts";
import { startTuningDouble, type TuningDouble } from "../support/openai-tuning.ts";
import { startProvider } from "../support/taught-provider.ts";
import { until } from "../support/until.ts";
import { KEY, makeWorld, openaiWorld, start } from "./world.ts";

// Commands and gateways in processes of their own, against providers over HTTP: what an operator sees, and what is paid.

const REFUSED = { type: "invalid_request_error", param: null };
const failures: Readonly<
  Record<string, { readonly words: RegExp; readonly prepare: (double: TuningDouble) => void }>
> = {
  "moderation blocks it": {
    words: /moderation blocked[\s\S]*unsafe_content/,
    prepare: ({ state }) => {
      const error = {
        code: "unsafe_content",
        message: `blocked by our moderation system, ${KEY}`,
        param: null,
      };
      state.plan = { ends: "failed", at: "end", error };
    },
  },
  "there is no quota": {
    words: /no credit left[\s\S]*billing[\s\S]*insufficient_quota/,
    prepare: (double) => {
      const error = { ...REFUSED, message: "You exceeded your current quota", code: "insufficient_quota" };
      double.fault({ on: /^POST \/fine_tuning\/jobs$/, answer: { status: 429, body: { error } } });
    },
  },
  "the file has expired": {
    words: /deleted, or has expired[\s\S]*file_expired/,
    prepare: (double) => {
      const error = { ...REFUSED, message: "file-1 has expired", code: "file_expired" };
      double.fault({ on: /^POST \/fine_tuning\/jobs$/, answer: { status: 400, body: { error } } });
    },
  },
};

describe("a job that fails is told in plain words and in the provider's, and ends with 1", () => {
  test.each(Object.entries(failures))("%s", async (_name, { words, prepare }) => {
    const { double, world } = await openaiWorld();
    prepare(double);
    const { code, stdout } = await start(world);
    expect([code, stdout]).toEqual([1, expect.stringMatching(words)]);
    expect(world.filesWith(KEY)).toEqual([]);
  });
});

test("Azure: a model is trained, deployed though the answer was lost, compared, registered, and costs by the hour", async () => {
  const double = await startTuningDouble({ auto: true, apiKey: KEY, flavour: "azure", importPolls: 1 });
  const azure = await startAzureManagement();
  const { endpoint, subscription, resourceGroup, account, token } = azure.access;
  const management = { endpoint, subscription, resourceGroup, account, token, hostingPerHour: 1.7 };
  const { url } = await startProvider(double.url);
  const kind = "azure-openai";
  const world = makeWorld({ kind, endpoint: url, apiKey: KEY, apiVersion: "2024-10-21", management });
  azure.loseNext("PUT");
  const command = startCommand(projectNode, world.start);
  const name = await until(() => [...azure.deployments.keys()][0], 30_000);
  azure.succeed(name);
  await until(() => command.stdout().includes("succeeded."), 30_000);
  const [job] = await world.jobs();
  expect(job).toMatchObject({ state: "succeeded", evaluation: { candidate: { exact: 1 } } });
  expect([double.state.files.length, double.state.jobs.length, azure.deployments.size]).toEqual([2, 1, 1]);
  expect(azure.received.filter(({ method }) => method === "PUT")).toHaveLength(1);
  expect(azure.faults).toEqual([]);
  expect((await world.tune("deployments")).stdout).toMatch(new RegExp(`${name}.* 1\\.7 `));
  expect([...world.filesWith(KEY), ...world.filesWith(String(token))]).toEqual([]);
}, 60_000);

test("Hugging Face: a job whose answer was lost is found, its model gets an endpoint, and that answers", async () => {
  const hub = await startHuggingFaceHub();
  const tuning = { namespace: "acme", hubURL: hub.url, endpointsURL: hub.url };
  const world = makeWorld({ kind: "huggingface", apiKey: HUB_TOKEN, tuning }, { model: "Qwen/Qwen3-0.6B" });
  const { url: answering } = await startProvider(hub.url);
  hub.fail(/^POST \/api\/jobs\/acme/, "lost");
  const command = startCommand(projectNode, world.start);
  const job = await until(() => hub.jobs[0], 30_000);
  const [dataSet = ""] = hub.repositories.keys();
  hub.repositories.set(dataSet.replace("datasets/", "models/"), {
    private: true,
    files: new Map(),
    commits: [],
  });
  job.run();
  job.to("COMPLETED");
  const endpoint = await until(() => [...hub.endpoints.values()][0], 30_000);
  Object.assign(endpoint, { state: "running", url: answering });
  expect(await command.ended).toBe(0);
  expect([...hub.repositories.values()].every((one) => one.private)).toBe(true);
  expect([hub.jobs.length, hub.endpoints.size]).toEqual([1, 1]);
  expect(readFileSync(join(world.data, "registered.yaml"), "utf8")).toContain(`model: ${answering}`);
  expect((await runCommand(projectNode, ["check", world.config])).code).toBe(0);
  expect(world.filesWith(HUB_TOKEN)).toEqual([]);
}, 60_000);
