import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { BENCH, onNode, type Subject } from "../subjects.ts";

/** The same gateway on the same configuration, with a store of its own; one captures every request, and one none. */
export const capturing = withStore("capturing", true);
export const notCapturing = withStore("not capturing", false);

function withStore(name: string, capture: boolean): Subject {
  return {
    ...onNode,
    name,
    env: (options) => {
      const file = join(options.folder, `crossover-${options.port}.yaml`);
      const store = { url: `file:${storeFile(options)}` };
      const document = { ...parse(readFileSync(join(BENCH, "crossover.yaml"), "utf8")), capture, store };
      writeFileSync(file, JSON.stringify(document)); // which is YAML
      return { ...onNode.env(options), CROSSOVER_CONFIG: file };
    },
  };
}

/** Where a subject that is started on this port has its store. */
function storeFile({ folder, port }: { readonly folder: string; readonly port: number }): string {
  return join(folder, `store-${port}`, "crossover.db");
}
