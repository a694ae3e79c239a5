import { registeredFile } from "./config/compile-server.ts";
import { DiskFiles } from "./config/disk.ts";
import { publicPrice } from "./config/price-table.ts";
import { ConfigError } from "./config/problem.ts";
import { tunableModel } from "./datasets/tunable-models.ts";
import type { Table } from "./domain/table.ts";
import type { Price } from "./domain/usage.ts";
import { underLock } from "./file-lock.ts";
import { loadFromDisk } from "./load-from-disk.ts";
import { providerKinds } from "./providers/index.ts";
import { replaceFile } from "./replace-file.ts";
import { withRegistration } from "./tuning/registered-text.ts";
import type { Registration, Registry } from "./tuning/registry.ts";

const MOST_WRITES = 10;

export interface DiskRegistryOptions {
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Tuned models in the file `registered.yaml` of the data folder, which is read with the configuration. */
export function diskRegistry(options: DiskRegistryOptions): Registry {
  return {
    preview: (registration) => tryOut(registration, options).table,
    register: async (registration) => {
      const { file } = tryOut(registration, options);
      try {
        await underLock(`${file}.lock`, () => written(registration, options));
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        throw problemOf(file, "", `it can't be written: ${error instanceof Error ? error.message : error}`);
      }
    },
  };
}

/** Writes it until it is there: whoever lost the lock may have written the file too, such as a process that was stopped. */
async function written(registration: Registration, options: DiskRegistryOptions): Promise<void> {
  for (let tries = 0; tries < MOST_WRITES; tries++) {
    // Anew, as another process may have registered something since.
    const { file, text, before } = tryOut(registration, options);
    if (text === before) return;
    await replaceFile(file, text);
  }
  throw new Error("others write it at the same time, again and again");
}

/** What is registered now, what it would be, and the table of that. */
interface Attempt {
  readonly file: string;
  readonly before: string;
  readonly text: string;
  readonly table: Table;
}

function tryOut(registration: Registration, { configPath, env }: DiskRegistryOptions): Attempt {
  const now = loadFromDisk(configPath, env);
  const file = registeredFile(now.server.dataDir);
  refuseTakenNames(registration, now, file);
  const before = new DiskFiles(".").readPassing(file) ?? "";
  const text = withRegistration(before, registration, priceOf(registration.model, now));
  const needed = new Set([`models.${registration.model.name}`, `variants.${registration.variant.name}`]);
  const table = loadFromDisk(configPath, env, undefined, () => text, needed);
  return { file, before, text, table };
}

/** Names of other models and variants stay what they are: routes may use them. One variant can be meant to be replaced. */
function refuseTakenNames({ model, variant, replaces }: Registration, table: Table, file: string): void {
  const isOwn = (job: string | undefined): boolean => job === model.tuningJob;
  const sameModel = table.models.get(model.name);
  if (sameModel !== undefined && !isOwn(sameModel.tuningJob))
    throw problemOf(file, `models.${model.name}`, `${TAKEN}. Choose another name`);
  const sameVariant = table.variants.get(variant.name);
  if (sameVariant === undefined || isOwn(sameVariant.model.tuningJob)) return;
  if (!replaces) throw problemOf(file, `variants.${variant.name}`, `${TAKEN}. Choose another name`);
  if (!table.tuning.replaceLive)
    throw problemOf(
      file,
      `variants.${variant.name}`,
      `${TAKEN}. The job is to replace it: allow that with \`tuning.replaceLive\``,
    );
}

const TAKEN = "this name is taken by another entry, of the configuration or of another job";

function problemOf(file: string, key: string, message: string): ConfigError {
  return new ConfigError([{ file, line: 1, column: 1, key, message }]);
}

/**
 * A deployment costs a token what its base model costs, a dedicated endpoint nothing but its hours, and an `ft:` model
 * what OpenAI's list says of tuned ones. What is not known is left open.
 */
function priceOf(model: Registration["model"], { providers }: Table): Price | undefined {
  const { hostingPerHour } = model;
  if (/^https?:/.test(model.model))
    return hostingPerHour === undefined ? undefined : { input: 0, output: 0, hostingPerHour };
  if (model.model.startsWith("ft:")) return tunableModel(model.baseModel)?.tuned;
  const kind = providerKinds.find((one) => one.kind === providers.get(model.provider)?.kind);
  const listed = publicPrice(kind?.priceTable, model.baseModel);
  return listed && { ...listed, hostingPerHour };
}
