import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unwatchFile,
  utimesSync,
  watchFile,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { ConfigError } from "../src/config/problem.ts";
import { loadFromDisk } from "../src/load-from-disk.ts";
import { diskRegistry } from "../src/registry.ts";
import { twoPaths } from "./support/config.ts";
import { startGateway, until } from "./support/gateway.ts";
import { completion, sendJson, startUpstream } from "./support/upstream.ts";
import { registration } from "./tuning/registration.ts";

const CONFIG = {
  providers: {
    openai: { kind: "openai", apiKey: "sk-1" },
    azure: { kind: "azure-openai", endpoint: "https://acme.openai.azure.com", apiKey: "k" },
    hf: { kind: "huggingface", apiKey: "hf_1" },
  },
  models: { base: { provider: "openai", model: "gpt-4.1-mini" } },
  prompts: { helper: { system: "Help." } },
  variants: { prompted: { model: "base", prompt: "helper" } },
  routes: { recipes: { default: "prompted" } },
};

function onDisk(config: object = CONFIG) {
  const folder = mkdtempSync(join(tmpdir(), "crossover-registry-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const configPath = join(folder, "crossover.yaml");
  writeFileSync(configPath, stringify(config));
  const env = { CROSSOVER_DATA_DIR: join(folder, "data") };
  const file = join(folder, "data", "registered.yaml");
  return {
    configPath,
    file,
    registry: diskRegistry({ configPath, env }),
    table: () => loadFromDisk(configPath, env),
    text: () => readFileSync(file, "utf8"),
    files: () => readdirSync(join(folder, "data")),
  };
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key, message }) => `${key}: ${message}`);
    throw error;
  }
}

describe("a registration", () => {
  test("can be seen before it is made", () => {
    const { registry, file, table } = onDisk();
    const preview = registry.preview(registration());
    expect(preview.variants.get("recipes-tuned")).toMatchObject({ path: "bare", fallback: ["prompted"] });
    expect(existsSync(file)).toBe(false);
    expect(table().variants.has("recipes-tuned")).toBe(false);
  });

  test("is read with the configuration, in a file for its owner alone", async () => {
    const { registry, table, files, text } = onDisk();
    await registry.register(registration({ trainingCost: 12.5 }));
    expect(table().models.get("recipes-ft")).toMatchObject({
      provider: "openai",
      upstreamModel: "ft:gpt-4.1-mini:acme::1",
      fineTuned: true,
      baseModel: "gpt-4.1-mini",
      tuningJob: "tj_1",
      trainingCost: 12.5,
    });
    expect(files()).toEqual(["registered.yaml"]);
    expect(text()).toMatch(/^# Models that fine-tuning jobs made/);
  });

  test("that comes again replaces its own entries, and leaves all else", async () => {
    const { registry, file, table, text } = onDisk();
    await registry.register(registration());
    writeFileSync(file, text().replace("models:", "# Mine.\nmodels:"));
    const before = text();
    await registry.register(registration());
    expect(text()).toBe(before);
    await registry.register(registration({ model: "ft:gpt-4.1-mini:acme::2" }));
    expect(table().models.get("recipes-ft")?.upstreamModel).toBe("ft:gpt-4.1-mini:acme::2");
    expect(text()).toContain("# Mine.");
  });

  test("has the price of its kind: of a tuned model, as its base model, or by the hour alone", async () => {
    const { registry, table } = onDisk();
    const hostingPerHour = 1.7;
    await registry.register(registration({ name: "on-openai", tuningJob: "tj_0" }, { name: "c" }));
    await registry.register(
      registration(
        { name: "on-azure", provider: "azure", model: "crossover-1", hostingPerHour },
        { name: "a" },
      ),
    );
    const endpoint = "https://abc.us-east-1.aws.endpoints.huggingface.cloud";
    await registry.register(
      registration(
        { name: "on-hf", provider: "hf", model: endpoint, tuningJob: "tj_2", hostingPerHour },
        { name: "b" },
      ),
    );
    const { models } = table();
    expect(models.get("on-openai")?.price).toEqual({ input: 0.8, cachedInput: 0.2, output: 3.2 });
    expect(models.get("on-azure")?.price).toEqual({ ...models.get("base")?.price, hostingPerHour });
    expect(models.get("on-hf")?.price).toEqual({ input: 0, output: 0, hostingPerHour });
  });

  test("two at a time are both kept", async () => {
    const { registry, table } = onDisk();
    const jobs = Array.from({ length: 8 }, (_, index) => `tj_${index}`);
    await Promise.all(
      jobs.map((tuningJob) =>
        registry.register(
          registration(
            { name: `m-${tuningJob}`, model: `ft:${tuningJob}`, tuningJob },
            { name: `v-${tuningJob}` },
          ),
        ),
      ),
    );
    expect([...table().variants.keys()]).toHaveLength(1 + jobs.length);
  });

  test("does not wait for a process that was killed while it registered something", async () => {
    const { registry, file, table, files } = onDisk();
    mkdirSync(dirname(file));
    writeFileSync(`${file}.lock`, "");
    utimesSync(`${file}.lock`, 1, 1);
    await registry.register(registration());
    expect(table().variants.has("recipes-tuned")).toBe(true);
    expect(files()).toEqual(["registered.yaml"]);
  });
});

describe("a name that is taken", () => {
  const TAKEN =
    "this name is taken by another entry, of the configuration or of another job. Choose another name";

  test("by the configuration or by another job is refused, and nothing is written", async () => {
    const { registry, file, text } = onDisk();
    const live = registration({}, { name: "prompted", fallback: "recipes-tuned" });
    expect(problemsOf(() => registry.preview(live))).toEqual([`variants.prompted: ${TAKEN}`]);
    await expect(registry.register(registration({ name: "base" }))).rejects.toThrow(ConfigError);
    expect(existsSync(file)).toBe(false);
    await registry.register(registration());
    const before = text();
    const other = registration({ tuningJob: "tj_2" });
    expect(problemsOf(() => registry.preview(other))).toEqual([`models.recipes-ft: ${TAKEN}`]);
    await expect(registry.register(other)).rejects.toThrow(ConfigError);
    expect(text()).toBe(before);
  });

  test("of a variant is replaced where the job is meant to and `replaceLive` allows it, and stays so", async () => {
    const careful = { model: "base" };
    const config = { ...CONFIG, variants: { ...CONFIG.variants, careful } };
    const { registry, table, configPath } = onDisk({ ...config, tuning: { replaceLive: true } });
    const live = (fallback: string) => ({
      ...registration({}, { name: "prompted", fallback }),
      replaces: true,
    });
    expect(problemsOf(() => registry.preview(registration({}, { name: "prompted" })))).toEqual([
      `variants.prompted: ${TAKEN}`,
    ]);
    for (const fallback of ["careful", "prompted"]) {
      await registry.register(live(fallback));
      expect(table().routes.get("recipes")?.rules[0]?.use).toMatchObject({
        variant: { path: "bare", model: { name: "recipes-ft" } },
      });
    }
    expect(table().variants.get("prompted")?.fallback).toEqual([]);
    writeFileSync(configPath, stringify(config));
    expect(table().variants.get("prompted")?.model.name).toBe("recipes-ft");
    const other = {
      ...registration({ name: "other", tuningJob: "tj_2" }, { name: "careful" }),
      replaces: true,
    };
    expect(problemsOf(() => registry.preview(other))).toEqual([
      "variants.careful: this name is taken by another entry, of the configuration or of another job. The job is to replace it: allow that with `tuning.replaceLive`",
    ]);
  });

  test("of a model is never replaced", () => {
    const { registry } = onDisk({ ...CONFIG, tuning: { replaceLive: true } });
    const live = { ...registration({ name: "base" }), replaces: true };
    expect(problemsOf(() => registry.preview(live))).toEqual([`models.base: ${TAKEN}`]);
  });
});

test("what does not fit the configuration is refused", () => {
  const { registry } = onDisk();
  expect(problemsOf(() => registry.preview(registration({ provider: "azure" })))[0]).toContain(
    "models.recipes-ft.model: an `ft:` model was fine-tuned at OpenAI and exists there only",
  );
  expect(problemsOf(() => registry.preview(registration({}, { fallback: "gone" })))).toEqual([
    "variants.recipes-tuned.fallback[0]: there is no variant `gone` (defined: prompted, recipes-tuned)",
  ]);
});

test("a folder that can't be made is told", async () => {
  const { registry, file } = onDisk();
  writeFileSync(dirname(file), "no folder");
  await expect(registry.register(registration())).rejects.toThrow(
    /registered\.yaml:1:1 it can't be written: /,
  );
});

describe("a gateway that runs", () => {
  test("has a variant once it is registered, changed and gone again, without a restart", async () => {
    const upstream = await startUpstream();
    upstream.respond((_received, response) => sendJson(response, completion("Hello")));
    const config = twoPaths(upstream.url, {
      providers: { openai: { kind: "openai", apiKey: "sk-1", baseURL: `${upstream.url}/v1` } },
      models: { base: { provider: "openai", model: "base-model" } },
      variants: { prompted: { model: "base", prompt: "helper" } },
      routes: { recipes: { default: "prompted" } },
    });
    const gateway = await startGateway(config, { watch: true });
    const env = { CROSSOVER_DATA_DIR: gateway.dataDir };
    const registry = diskRegistry({ configPath: gateway.configPath, env });
    const ask = () =>
      gateway.post(
        { model: "recipes", messages: [{ role: "user", content: "Why?" }] },
        { "x-crossover-variant": "recipes-tuned" },
      );
    expect((await ask()).status).toBe(400);
    expect(existsSync(gateway.dataDir)).toBe(false);

    await registry.register(registration());
    await until(async () => (await ask()).status === 200);
    expect(upstream.received.at(-1)?.body["model"]).toBe("ft:gpt-4.1-mini:acme::1");

    await registry.register(registration({ model: "ft:gpt-4.1-mini:acme::2" }));
    await until(async () => {
      await ask();
      return upstream.received.at(-1)?.body["model"] === "ft:gpt-4.1-mini:acme::2";
    });

    const file = join(gateway.dataDir, "registered.yaml");
    writeFileSync(file, "models: [");
    await until(() => gateway.logs.some(({ level }) => level === "error"));
    expect(String(gateway.logs.find(({ level }) => level === "error")?.fields["problem"])).toContain(file);
    expect((await ask()).status).toBe(200);

    // What does not fit is left out, and told.
    rmSync(file);
    await registry.register(registration({}, { fallback: "prompted" }));
    writeFileSync(file, readFileSync(file, "utf8").replace("- prompted", "- gone"));
    await until(() =>
      gateway.logs.some(({ message }) => message.includes("variants.recipes-tuned.fallback[0] is left out")),
    );
    expect((await ask()).status).toBe(200);

    rmSync(file);
    await until(async () => (await ask()).status === 400);
  });

  test("starts with what is registered", async () => {
    const { file, registry } = onDisk();
    await registry.register(registration());
    const gateway = await startGateway(CONFIG, { env: { CROSSOVER_DATA_DIR: dirname(file) } });
    expect(gateway.gateway.table.variants.has("recipes-tuned")).toBe(true);
  });

  test("is not reloaded for a file that is not there", async () => {
    const { configPath } = onDisk();
    const gateway = await startGateway(CONFIG, { watch: true });
    await comesAndIsSeen(`${configPath}.other`);
    expect(await gateway.metric("crossover_config_reloads_total", { result: "success" })).toBe(0);
  });
});

/** Takes as long as somebody needs who looks for a file that is not there, and again after a while. */
function comesAndIsSeen(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  watchFile(path, { interval: 400 }, ({ mtimeMs }) => {
    if (mtimeMs === 0) writeFileSync(path, "");
    else resolve();
  });
  onTestFinished(() => unwatchFile(path));
  return promise;
}
