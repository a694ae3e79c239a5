import { MemoryShelf, type Shelf } from "./shelf.ts";
import { TunedModels } from "./tuned-models.ts";
import { Workshop } from "./workshop.ts";

/** What simulators that share a folder have in common. */
export interface Simulation {
  readonly models: TunedModels;
  readonly workshop: () => Promise<Workshop>;
}

const simulations = new Map<string, Simulation>();

/** The one of a data folder: one in each process, so that a job goes on while the configuration is read anew. */
export function simulationIn(dataDir: string): Simulation {
  const found = simulations.get(dataDir) ?? newSimulation(dataDir);
  simulations.set(dataDir, found);
  return found;
}

/** Nothing is opened before it is needed. */
function newSimulation(dataDir: string): Simulation {
  const shelf = once(() => openShelf(dataDir));
  const models = new TunedModels(shelf);
  return { models, workshop: once(async () => new Workshop(await shelf(), models)) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function openShelf(dataDir: string): Promise<Shelf> {
  if (globalThis.navigator?.userAgent === "Cloudflare-Workers") return new MemoryShelf();
  const { DiskShelf } = await import("./disk.ts");
  return new DiskShelf(`${dataDir}/simulator`);
}
