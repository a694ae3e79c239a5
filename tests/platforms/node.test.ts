import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "../../src/node.ts";
import { disconnects } from "./disconnects.ts";
import type { Running } from "./suite.ts";
import { surface } from "./surface.ts";

surface("Node", start);
disconnects("Node, closing its connection", start, (socket) => socket.destroy());
disconnects("Node, resetting its connection", start, (socket) => socket.resetAndDestroy());

async function start(config: unknown): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-node-"));
  const configPath = join(folder, "crossover.yaml");
  writeFileSync(configPath, JSON.stringify(config));
  const running = await startNode({
    configPath,
    env: { PORT: "0", CROSSOVER_DATA_DIR: join(folder, "data") },
    log: () => {},
    watch: false,
  });
  return {
    url: running.url,
    stop: async () => {
      await running.close(0);
      rmSync(folder, { recursive: true });
    },
  };
}
