import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { z } from "zod";
import { tuningJobList } from "../../routes/admin/tuning-fields.ts";
import { type Ended, projectNode, runCommand } from "../cli/command.ts";
import { startTuningDouble, type TuningDouble, type TuningDoubleOptions } from "../support/openai-tuning.ts";
import { startProvider } from "../support/taught-provider.ts";
import { examples } from "../tuning/world.ts";

/** A folder with a configuration and a data set, on which commands are run as a person would. */
export interface World {
  readonly config: string;
  readonly data: string;
  /** `crossover tune ...args` to its end. */
  tune(...args: readonly string[]): Promise<Ended>;
  /** The arguments of `crossover` that train on the data set. */
  readonly start: readonly string[];
  /** The newest first. */
  jobs(): Promise<z.infer<typeof tuningJobList>["data"]>;
  /** Files below the data folder that hold this text. */
  filesWith(text: string): readonly string[];
}

export function makeWorld(
  provider: Readonly<Record<string, unknown>>,
  { model = "gpt-4.1-mini-2025-04-14" }: { readonly model?: string } = {},
): World {
  const folder = mkdtempSync(join(tmpdir(), "crossover-acceptance-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "crossover.yaml");
  const data = join(folder, "data");
  const set = join(folder, "set");
  mkdirSync(set);
  writeFileSync(join(set, "train.jsonl"), examples(12));
  writeFileSync(join(set, "validation.jsonl"), examples(4, 100));
  writeFileSync(
    config,
    JSON.stringify({
      server: { port: 0, dataDir: data },
      store: { url: `file:${join(data, "crossover.db")}` },
      providers: { main: provider },
      models: { base: { provider: "main", model } },
      prompts: { plain: { system: "Answer." } },
      variants: { prompted: { model: "base", prompt: "plain" } },
      routes: { ask: { default: "prompted" } },
      tuning: { pollSeconds: 0.1 },
    }),
  );
  const tune = (...args: readonly string[]) => runCommand(projectNode, ["tune", ...args, "--config", config]);
  return {
    config,
    data,
    tune,
    start: ["tune", "start", "--config", config, "--route", "ask", "--dataset", set, "--yes"],
    jobs: async () => tuningJobList.parse(JSON.parse((await tune("list", "--json")).stdout)).data,
    filesWith: (text) =>
      readdirSync(data, { recursive: true, encoding: "utf8" })
        .map((name) => join(data, name))
        .filter((path) => statSync(path).isFile() && readFileSync(path).includes(text)),
  };
}

/** A key of a provider, which is to stand nowhere. */
export const KEY = "sk-acceptance-0123456789abcdef";

/** A world whose provider is a double of OpenAI's. */
export async function openaiWorld(
  options: TuningDoubleOptions = {},
): Promise<{ readonly double: TuningDouble; readonly world: World }> {
  const double = await startTuningDouble({ auto: true, apiKey: KEY, ...options });
  const baseURL = `${(await startProvider(double.url)).url}/v1`;
  return { double, world: makeWorld({ kind: "openai", baseURL, apiKey: KEY }) };
}

/** Trains on the world's data set, to the end. */
export const start = ({ start: args }: World) => runCommand(projectNode, args);
