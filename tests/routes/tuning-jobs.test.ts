import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  deploymentList,
  removedDeployment,
  removedJob,
  scaledDeployment,
  tuningJobList,
  tuningPlan,
} from "../../routes/admin/tuning-fields.ts";
import { createApp } from "../../routes/app.ts";
import type { Platform } from "../../routes/platform.ts";
import { datasetAt } from "../../src/dataset-files.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { StoreError } from "../../src/store/store.ts";
import { FetchTransport } from "../../src/transport/fetch.ts";
import { tuningJob } from "../../src/tuning/job.ts";
import { PAGE_POLICY } from "../../src/tuning/pages/frame.ts";
import type { ListedDeployment, Tuning } from "../../src/tuning/tuning.ts";
import { listening, openWeb } from "../../src/web.ts";
import { problem } from "../tuning/fake-provider.ts";
import { examples, SECRET, type World, world } from "../tuning/world.ts";
import { expectRefused } from "./black-box.ts";

const DATASET = { training: examples(12), validation: examples(5, 100) };
const WANTED = { route: "ask", dataset: DATASET };

interface Started {
  readonly all: World;
  readonly tuning: Tuning;
  get(path: string, accept?: string): Promise<Response>;
  post(path: string, body?: unknown): Promise<Response>;
  remove(path: string): Promise<Response>;
}

async function start(
  change: (tuning: Tuning) => Partial<Platform> = (tuning) => ({ tuning }),
  files: Partial<Platform> = { datasetAt: (path) => datasetAt(path, undefined) },
): Promise<Started> {
  const all = await world();
  const tuning = all.tuner();
  const gateway = new Gateway({
    table: all.table,
    transport: new FetchTransport(),
    metrics: new Metrics({ version: "1", runtime: "test" }),
    log: () => {},
    store: all.store,
  });
  const app = createApp(
    gateway,
    {
      open: (context) => openWeb(context.req.raw, listening, gateway.table.server, () => {}),
      configStale: () => false,
      openAdmin: () => true,
      ...files,
      ...change(tuning),
    },
    "1",
  );
  const ask = async (path: string, init: RequestInit): Promise<Response> =>
    app.request(`http://127.0.0.1/admin/api/${path}`, init);
  return {
    all,
    tuning,
    get: (path) => ask(path, {}),
    post: (path, body) =>
      ask(path, {
        method: "POST",
        ...(body === undefined
          ? {}
          : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      }),
    remove: (path) => ask(path, { method: "DELETE" }),
  };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The id of a job that was begun. */
async function begun({ post }: Started, more: object = {}): Promise<string> {
  const answer = await post("tuning-jobs", { ...WANTED, ...more });
  expect(answer.status).toBe(201);
  return tuningJob.parse(await answer.json()).id;
}

describe("a new job", () => {
  test("with dry_run is a plan, and nothing is begun", async () => {
    const { all, get, post } = await start();
    const answer = await post("tuning-jobs", { ...WANTED, dry_run: true, hyperparameters: { n_epochs: 2 } });
    expect(answer.status).toBe(200);
    const plan = tuningPlan.parse(await answer.json());
    expect(plan).toMatchObject({
      spec: { route: "ask", provider: "main", control: "prompted", hyperparameters: { n_epochs: 2 } },
      estimate: { epochs: 2 },
      reports: { training: { examples: 12, errors: 0 }, validation: { examples: 5 } },
      earlier: [],
    });
    expect(plan.estimate.billed_tokens).toBe(2 * plan.spec.training.tokens);
    expect(tuningJobList.parse(await (await get("tuning-jobs")).json()).data).toEqual([]);
    expect(all.provider.effects).toEqual([]);
  });

  test("begins, is found, and goes to its end", async () => {
    const started = await start();
    const { all, tuning, get, post } = started;
    const answer = await post("tuning-jobs", WANTED);
    const { id } = tuningJob.parse(await answer.json());
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `/admin/api/tuning-jobs/${id}`]);
    await tuning.work(id, AbortSignal.timeout(20_000));
    const job = tuningJob.parse(await (await get(`tuning-jobs/${id}`)).json());
    expect(job).toMatchObject({ id, state: "succeeded", registered: true });
    expect(tuningJobList.parse(await (await get("tuning-jobs?route=ask&limit=5")).json()).data).toEqual([
      job,
    ]);
    expect(tuningJobList.parse(await (await get("tuning-jobs?route=none")).json()).data).toEqual([]);
    expect(all.provider.effects).toEqual(["upload training", "upload validation", "create"]);
  });

  test("that trains the same as one before is refused, unless it is forced", async () => {
    const started = await start();
    const { tuning, post } = started;
    const id = await begun(started);
    const again = { status: 409, code: "tuning_job_exists", param: null };
    await expectRefused(await post("tuning-jobs", { ...WANTED, force: true }), again);
    await tuning.work(id, AbortSignal.timeout(20_000));
    await expectRefused(await post("tuning-jobs", WANTED), again);
    const plan = await post("tuning-jobs", { ...WANTED, dry_run: true });
    expect(tuningPlan.parse(await plan.json()).earlier).toEqual([id]);
    expect(await begun(started, { force: true })).not.toBe(id);
  });

  test("is trained on a folder of this machine, or on a file", async () => {
    const { post } = await start();
    const folder = newFolder();
    writeFileSync(join(folder, "train.jsonl"), DATASET.training);
    writeFileSync(join(folder, "validation.jsonl"), DATASET.validation);
    const rowsOf = async (dataset: string) => {
      const answer = await post("tuning-jobs", { route: "ask", dataset, dry_run: true });
      const { spec } = tuningPlan.parse(await answer.json());
      return [spec.training.rows, spec.validation?.rows];
    };
    expect(await rowsOf(folder)).toEqual([12, 5]);
    expect(await rowsOf(join(folder, "train.jsonl"))).toEqual([12, undefined]);
  });

  test("without files of its own a gateway takes the data set itself only", async () => {
    const { post } = await start((tuning) => ({ tuning }), {});
    await expectRefused(await post("tuning-jobs", { route: "ask", dataset: "set", dry_run: true }), {
      status: 400,
      code: "invalid_value",
      param: "dataset",
    });
    expect((await post("tuning-jobs", { ...WANTED, dry_run: true })).status).toBe(200);
  });

  test("an error tells nothing of what is in a file of the machine", async () => {
    const { all, post } = await start();
    const path = join(newFolder(), "passwords.jsonl");
    writeFileSync(path, `root:hunter2-of-the-machine\n`.repeat(20));
    for (const dataset of [path, "/etc/passwd", "/etc", "/", "\0", "../../../../etc/passwd"]) {
      const answer = await post("tuning-jobs", { route: "ask", dataset });
      expect([dataset, answer.status]).toEqual([dataset, 400]);
      expect(await answer.text()).not.toMatch(/hunter2|root:/);
    }
    expect(all.provider.effects).toEqual([]);
  });

  test("`auto` is the provider's choice, as in OpenAI's API", async () => {
    const { post } = await start();
    const hyperparameters = { n_epochs: "auto", batch_size: "auto", learning_rate_multiplier: "auto" };
    const answer = await post("tuning-jobs", { ...WANTED, dry_run: true, hyperparameters });
    expect(tuningPlan.parse(await answer.json()).spec.hyperparameters).toEqual({
      n_epochs: null,
      batch_size: null,
      learning_rate_multiplier: null,
    });
  });

  test("what is neither a number nor `auto` is told what it may be", async () => {
    const { post } = await start();
    const answer = await post("tuning-jobs", { ...WANTED, hyperparameters: { n_epochs: "many" } });
    expect(await answer.text()).toContain("must be a whole number from 1 to 50, or be auto");
  });

  const bad: readonly (readonly [object, string, string])[] = [
    [{ dataset: DATASET }, "missing_required_parameter", "route"],
    [{ route: "ask" }, "missing_required_parameter", "dataset"],
    [{ ...WANTED, dataset: 7 }, "invalid_value", "dataset"],
    [{ ...WANTED, dataset: { training: "" } }, "invalid_value", "dataset.training"],
    [{ ...WANTED, hyperparameters: { n_epochs: 0 } }, "invalid_value", "hyperparameters.n_epochs"],
    [{ ...WANTED, hyperparameters: { n_epochs: 1.5 } }, "invalid_value", "hyperparameters.n_epochs"],
    [{ ...WANTED, hyperparameters: { n_epochs: 1e9 } }, "invalid_value", "hyperparameters.n_epochs"],
    [{ ...WANTED, hyperparameters: { batch_size: "all" } }, "invalid_value", "hyperparameters.batch_size"],
    [{ ...WANTED, suffix: "x".repeat(3_000) }, "invalid_value", "suffix"],
    [{ ...WANTED, hyperparameters: { epochs: 1 } }, "unknown_parameter", "hyperparameters.epochs"],
    [{ ...WANTED, dry_run: "true" }, "invalid_type", "dry_run"],
    [{ ...WANTED, epochs: 3 }, "unknown_parameter", "epochs"],
  ];
  test.each(bad)("that is none is refused: %#", async (body, code, param) => {
    const { all, post } = await start();
    await expectRefused(await post("tuning-jobs", body), { status: 400, code, param });
    expect(all.provider.effects).toEqual([]);
  });
});

test("a job is cancelled, with or without a body", async () => {
  const started = await start();
  const { tuning, post } = started;
  const id = await begun(started);
  const job = tuningJob.parse(await (await post(`tuning-jobs/${id}/cancel`)).json());
  expect([job.id, job.cancel_asked]).toEqual([id, true]);
  expect((await tuning.work(id, AbortSignal.timeout(20_000))).state).toBe("cancelled");
  await expectRefused(await post(`tuning-jobs/${id}/cancel`, {}), {
    status: 409,
    code: "tuning_job_ended",
    param: null,
  });
  await expectRefused(await post(`tuning-jobs/${id}/cancel`, { now: true }), {
    status: 400,
    code: "unknown_parameter",
    param: "now",
  });
});

test("one that waits for nobody takes no address; one that is not there is not found", async () => {
  const started = await start();
  const { get, post } = started;
  const id = await begun(started);
  const address = "ft:a";
  await expectRefused(await post(`tuning-jobs/${id}/register`, { address }), {
    status: 409,
    code: "tuning_job_not_waiting",
    param: null,
  });
  await expectRefused(await post(`tuning-jobs/${id}/register`, {}), {
    status: 400,
    code: "missing_required_parameter",
    param: "address",
  });
  await expectRefused(await post(`tuning-jobs/${id}/resume`), {
    status: 409,
    code: "tuning_job_not_waiting",
    param: null,
  });
  await expectRefused(await post(`tuning-jobs/${id}/resume`, { at: "training" }), {
    status: 400,
    code: "unknown_parameter",
    param: "at",
  });
  const missing = { status: 404, code: "tuning_job_not_found", param: null };
  await expectRefused(await post("tuning-jobs/ft_none/resume"), missing);
  await expectRefused(await get("tuning-jobs/ft_none"), missing);
  await expectRefused(await get("tuning-jobs/ft_none.html"), missing);
  await expectRefused(await post("tuning-jobs/ft_none/cancel"), missing);
  await expectRefused(await post("tuning-jobs/ft_none/register", { address }), missing);
});

test("a job that has ended is deleted, one under way is not", async () => {
  const started = await start();
  const id = await begun(started);
  await expectRefused(await started.remove(`tuning-jobs/${id}`), {
    status: 409,
    code: "tuning_job_open",
    param: null,
  });
  await started.tuning.work(id, AbortSignal.timeout(20_000));
  started.all.provider.at = (moment) => {
    if (moment === "before remove files") throw problem("final");
  };
  const refused = removedJob.parse(await (await started.remove(`tuning-jobs/${id}`)).json());
  expect([refused.deleted, refused.left]).toEqual([false, expect.stringContaining("file-1")]);
  expect(await (await started.remove(`tuning-jobs/${id}?forget=true`)).json()).toMatchObject({
    deleted: true,
  });
  expect((await started.get(`tuning-jobs/${id}`)).status).toBe(404);
});

test("a job goes with all that was uploaded for it", async () => {
  const started = await start();
  const id = await begun(started);
  await started.tuning.work(id, AbortSignal.timeout(20_000));
  const answer = await started.remove(`tuning-jobs/${id}`);
  expect(removedJob.parse(await answer.json())).toEqual({
    object: "crossover.tuning_job",
    id,
    deleted: true,
    left: null,
  });
  expect((await started.get(`tuning-jobs/${id}`)).status).toBe(404);
});

describe("deployments", () => {
  const LISTED: ListedDeployment = {
    name: "crossover-1",
    model: "ft:a",
    phase: "running",
    status: "Succeeded",
    message: undefined,
    address: "crossover-1",
    capacity: 50,
    hostingPerHour: 1.7,
    provider: "cloud",
    models: ["tuned"],
    lastUsed: Date.UTC(2026, 0, 31),
    idle: true,
  };

  async function deploying() {
    const calls: unknown[][] = [];
    const own: Pick<Tuning, "deployments" | "scale" | "undeploy"> = {
      deployments: async (provider) => {
        calls.push(["list", provider]);
        return { deployments: [LISTED], problems: [{ provider: undefined, message: "No store." }] };
      },
      scale: async (...call) => void calls.push(["scale", ...call]),
      undeploy: async (...call) => void calls.push(["remove", ...call]),
    };
    const started = await start((tuning) => ({ tuning: Object.assign(Object.create(tuning), own) }));
    return { ...started, calls };
  }

  test("are listed with what they cost, and whether anybody uses them", async () => {
    const { get, calls } = await deploying();
    const answer = deploymentList.parse(await (await get("deployments?provider=cloud")).json());
    expect(answer.problems).toEqual([{ provider: null, message: "No store." }]);
    expect(answer.data).toEqual([
      {
        object: "crossover.deployment",
        provider: "cloud",
        name: "crossover-1",
        model: "ft:a",
        phase: "running",
        status: "Succeeded",
        message: null,
        address: "crossover-1",
        capacity: 50,
        hosting_per_hour: 1.7,
        models: ["tuned"],
        last_used: "2026-01-31T00:00:00.000Z",
        idle: true,
      },
    ]);
    const page = await (await get("deployments?format=html")).text();
    expect(page).toContain("One costs by the hour");
    expect(page).toContain("No store.");
    expect(calls).toEqual([
      ["list", "cloud"],
      ["list", undefined],
    ]);
  });

  test("are scaled and taken down", async () => {
    const { post, remove, calls } = await deploying();
    const scaled = await post("deployments/cloud/crossover-1/scale", { capacity: 0 });
    expect(scaledDeployment.parse(await scaled.json())).toMatchObject({ name: "crossover-1", capacity: 0 });
    const removed = await remove("deployments/cloud/crossover-1");
    expect(removedDeployment.parse(await removed.json())).toMatchObject({ deleted: true });
    for (const capacity of [-1, 1.5, "1"])
      expect((await post("deployments/cloud/crossover-1/scale", { capacity })).status).toBe(400);
    expect(calls).toEqual([
      ["scale", "cloud", "crossover-1", 0],
      ["remove", "cloud", "crossover-1"],
    ]);
  });

  test("of a provider that has none", async () => {
    const { get } = await start();
    await expectRefused(await get("deployments?provider=local"), {
      status: 404,
      code: "no_deployments",
      param: null,
    });
  });
});

describe("pages", () => {
  test("list the jobs and offer what a new one can be made of", async () => {
    const started = await start();
    const id = await begun(started);
    const answer = await started.get("tuning-jobs?format=html");
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toBe(`${PAGE_POLICY}; frame-ancestors 'none'`);
    const page = await answer.text();
    expect(page).toContain(`href="tuning-jobs/${id}.html"`);
    for (const option of ["<option>ask</option>", '<option value="main">', '<option value="cloud">'])
      expect(page).toContain(option);
    expect(page).not.toContain('<option value="local">');
    expect(page).not.toContain(SECRET);
  });

  test("show a job by either address, the plan as a part", async () => {
    const started = await start();
    const id = await begun(started);
    for (const path of [`${id}.html`, `${id}?format=html`])
      expect(await (await started.get(`tuning-jobs/${path}`)).text()).toContain('<ol class="steps">');
    const plan = await started.post("tuning-jobs?format=html", { ...WANTED, dry_run: true });
    expect(plan.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await plan.text()).toContain('<form data-act="start" data-force="true">');
  });
});

test("the home page shows open jobs alone, and does without a store that fails", async () => {
  const started = await start();
  const id = await begun(started);
  const link = `href="admin/api/tuning-jobs/${id}.html"`;
  const answer = await started.get("../../admin");
  expect([answer.status, answer.headers.get("content-security-policy")]).toEqual([
    200,
    `${PAGE_POLICY}; frame-ancestors 'none'`,
  ]);
  expect(await answer.text()).toContain(link);
  await started.tuning.work(id, AbortSignal.timeout(20_000));
  const after = await (await started.get("../../admin")).text();
  expect(after).not.toContain(link);
  expect(after).toContain("admin/api/comparisons/");
  const failing: Pick<Tuning, "jobs"> = {
    jobs: () => Promise.reject(new StoreError("the disk is full", true)),
  };
  const { get } = await start((tuning) => ({ tuning: Object.assign(Object.create(tuning), failing) }));
  const lost = await (await get("../../admin")).text();
  expect(lost).toContain("does not answer");
  expect(lost).toContain("Who gets what");
});

test("without a store nothing is trained; a store that fails is told", async () => {
  const none = { status: 503, type: "server_error", code: "store_unavailable", param: null };
  const without = await start(() => ({}));
  await expectRefused(await without.get("tuning-jobs"), none);
  await expectRefused(await without.post("tuning-jobs", WANTED), none);
  await expectRefused(await without.get("deployments"), none);
  const failing: Pick<Tuning, "jobs"> = {
    jobs: () => Promise.reject(new StoreError("the disk is full", true)),
  };
  const lost = await start((tuning) => ({ tuning: Object.assign(Object.create(tuning), failing) }));
  const answer = await lost.get("tuning-jobs");
  expect(answer.headers.get("retry-after")).toBe("5");
  await expectRefused(answer, none);
});
