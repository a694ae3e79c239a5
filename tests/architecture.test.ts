import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  readonly from: string;
  /** A file of ours from the root, or a package's name. */
  readonly to: string;
}

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) });

const sources = ["src", "routes"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name)),
);
const imports: readonly Import[] = sources.flatMap((from) =>
  importsOf(readFileSync(join(root, from), "utf8")).map((name) => ({
    from,
    to: name.startsWith(".") ? normalize(join(dirname(from), name)) : name,
  })),
);

/** What a file imports, re-exports or loads while it runs; types too. */
function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The floors from the ground up: a file may import from its own room and from lower floors. */
const FLOORS: readonly (readonly string[])[] = [
  ["domain"],
  ["redaction", "statistics"],
  [
    "config",
    "prompts",
    "routing",
    "providers",
    "transport",
    "metrics",
    "upstreams",
    "cache",
    "limits",
    "keys",
    "store",
    "pages",
  ],
  ["captures", "comparison", "datasets", "reports"],
  ["rollouts"],
  ["backtest", "threads", "tuning"],
  ["gateway"],
  ["routes"],
  ["platform"],
];

/** Files that import nothing of ours, and that every floor may use. */
const GROUND = [
  "src/version.ts",
  "src/net.ts",
  "src/replace-file.ts",
  "src/file-lock.ts",
  "src/text-modules.d.ts",
];

function roomOf(file: string): string {
  if (file.startsWith("routes/")) return "routes";
  if (file.startsWith("config/")) return "domain"; // a file of data
  const [, room = "", inner] = file.split("/");
  return inner === undefined || room === "cli" ? "platform" : room;
}

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
}

const inner = imports.filter(({ to }) => to.endsWith(".ts") || to.endsWith(".yaml"));
const shown = ({ from, to }: Import): string => `${from} -> ${to}`;

test("the imports were found", () => {
  const all = inner.map(shown);
  expect(all).toContain("src/gateway/shape.ts -> src/prompts/enrich.ts");
  expect(all).toContain("src/worker.ts -> config/crossover.yaml");
  expect(all).toContain("src/node.ts -> routes/app.ts");
  expect(inner.length).toBeGreaterThan(150);
  expect(
    importsOf(
      'import {\n  a,\n} from "x";\nimport type B from "y";\nexport * from "z";\nimport "w";\nawait import("v")',
    ),
  ).toEqual(["x", "y", "z", "w", "v"]);
});

test("every folder under src is a room on a floor", () => {
  expect(sources.filter((file) => floorOf(file) === -1)).toEqual([]);
});

test("the ground imports nothing of ours", () => {
  expect(inner.filter(({ from }) => GROUND.includes(from)).map(shown)).toEqual([]);
});

test("an import points to the same room or to a lower floor, never up or across", () => {
  const wrong = inner
    .filter(({ to }) => !GROUND.includes(to))
    .filter(({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(from) <= floorOf(to));
  expect(wrong.map(shown)).toEqual([]);
});

test("only the platforms' own files import the routes", () => {
  const wrong = inner.filter(
    ({ from, to }) => roomOf(to) === "routes" && !["routes", "platform"].includes(roomOf(from)),
  );
  expect(wrong.map(shown)).toEqual([]);
});

test("a provider's inner files are its own: others see only its entry", () => {
  const wrong = inner.filter(({ from, to }) => {
    const folder = /^src\/providers\/([^/]+)\//.exec(to)?.[1];
    return (
      folder !== undefined &&
      from !== `src/providers/${folder}.ts` &&
      !from.startsWith(`src/providers/${folder}/`)
    );
  });
  expect(wrong.map(shown)).toEqual([]);
});

test("one provider does not import another", () => {
  const providerOf = (file: string): string | undefined => /^src\/providers\/([^/.]+)/.exec(file)?.[1];
  const wrong = inner.filter(
    ({ from, to }) =>
      providerOf(from) !== "index" &&
      providerOf(from) !== undefined &&
      providerOf(to) !== undefined &&
      providerOf(from) !== providerOf(to),
  );
  expect(wrong.map(shown)).toEqual([]);
});

test("Node's own modules stay in the files of the platforms, save for two that every platform has", () => {
  const everywhere = ["node:crypto", "node:util"];
  const platform =
    /^src\/(node|bun|load-from-disk|open-store|job-folders|store-thread|replace-file|file-lock|dataset-files)\.ts$|^src\/cli\/|^src\/cli\.ts$|^src\/config\/(disk|watch)\.ts$|^src\/transport\/(node-[^/]+|undici)\.ts$|^src\/(limits\/spending-disk|keys\/disk-store|store\/(node-)?sqlite|providers\/simulator\/disk)\.ts$/;
  const wrong = imports.filter(
    ({ from, to }) => to.startsWith("node:") && !everywhere.includes(to) && !platform.test(from),
  );
  expect(wrong.map(shown)).toEqual([]);
});

test("packages that only Node runs stay in its files", () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      /^(undici|@hono\/node-server)(\/|$)/.test(to) &&
      !/^src\/(node|transport\/(node-[^/]+|undici))\.ts$/.test(from),
  );
  expect(wrong.map(shown)).toEqual([]);
});

test("Redis' client is loaded in one place, and only where Redis is used", () => {
  const users = imports.filter(({ to }) => /^@?redis(\/|$)/.test(to)).map(({ from }) => from);
  expect([...new Set(users)]).toEqual(["src/limits/redis-store.ts"]);
  const text = readFileSync(join(root, "src/limits/redis-store.ts"), "utf8");
  expect(text).not.toMatch(/^(import|export) (?!type )[^;]*from "@redis\/client"/m);
});

test("what trains the simulator's models is loaded only where one is trained, and its disk where there is one", () => {
  const users = (name: string) => imports.filter(({ to }) => to === name).map(({ from }) => from);
  const textOf = (file: string) => readFileSync(join(root, "src/providers/simulator", file), "utf8");
  expect(users("@jax-js/jax").map((file) => file.split("/").at(-1))).toEqual(["train.ts", "train.ts"]);
  expect(textOf("train.ts")).not.toMatch(/^(import|export) (?!type )[^;]*from "@jax-js\/jax"/m);
  expect(users("src/providers/simulator/disk.ts")).toEqual(["src/providers/simulator/simulation.ts"]);
  expect(textOf("simulation.ts")).toContain('await import("./disk.ts")');
});

test("Kysely stays in the store, and the client of Postgres is loaded only where Postgres is used", () => {
  const users = (name: string) => [
    ...new Set(imports.filter(({ to }) => to.split("/")[0] === name).map(({ from }) => from)),
  ];
  expect(users("kysely").filter((from) => roomOf(from) !== "store")).toEqual([]);
  expect(users("pg")).toEqual(["src/store/postgres.ts"]);
  const opens = imports.filter(({ to }) => to === "src/store/postgres.ts").map(({ from }) => from);
  expect(opens).toEqual(["src/store/open.ts"]);
  expect(readFileSync(join(root, "src/store/open.ts"), "utf8")).toContain('await import("./postgres.ts")');
});

test("Azure's packages are loaded in one place, and only once something is deployed there", () => {
  const types = /^import type [^;]*from "@azure\/[^"]+";$/gm;
  const users = sources.filter((file) =>
    /"@azure\//.test(readFileSync(join(root, file), "utf8").replace(types, "")),
  );
  expect(users).toEqual(["src/tuning/azure-client.ts"]);
  const text = readFileSync(join(root, "src/tuning/azure-client.ts"), "utf8");
  expect(text).not.toMatch(/^(import|export) (?!type )[^;]*from "@azure\//m);
});

test("what runs needs no package that only development has", () => {
  const { dependencies } = manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const nameOf = (to: string): string =>
    to
      .split("/")
      .slice(0, to.startsWith("@") ? 2 : 1)
      .join("/");
  const wrong = imports
    .filter(({ to }) => !to.startsWith("node:") && !/\.(ts|yaml|json)$/.test(to))
    // The demonstration is for a clone, where the official SDK is there.
    .filter(({ from, to }) => from !== "src/cli/demo.ts" && !Object.hasOwn(dependencies, nameOf(to)));
  expect(wrong.map(shown)).toEqual([]);
});

test("what files of tests share registers no hooks while it loads: it loads once, for whichever file comes first", () => {
  const shared = readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!\.(test|faults|crash))\.ts$/.test(name),
  );
  const hook = /^(before|after)(All|Each)\(/m;
  expect(shared.length).toBeGreaterThan(50);
  expect(shared.filter((name) => hook.test(readFileSync(join(root, "tests", name), "utf8")))).toEqual([]);
});
