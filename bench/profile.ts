import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { capturing } from "./capture/subjects.ts";
import { requests } from "./load/requests.ts";
import { wholeAnswers } from "./measure.ts";
import { markdownTable } from "./report.ts";
import { requireTools } from "./requirements.ts";
import { startStand } from "./stand.ts";
import { onNode, type Subject } from "./subjects.ts";

// `npm run bench:profile`: which part of the gateway takes which share of its CPU time under full load, from V8's
// sampling profiler. `--capture`: with every request captured; the store's threads are left out.
const { values } = parseArgs({ options: { capture: { type: "boolean", default: false } } });
const subject = values.capture ? capturing : onNode;

const profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof profile>;
type Frame = Profile["nodes"][number]["callFrame"];

/** Parts by the innermost function that belongs to one; a function of V8's own counts for its caller. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/node_modules\/undici\/|^wasm:/, "undici: the call to the upstream"],
  [/node_modules\/(@hono|hono)\//, "Hono"],
  [/node_modules\/zod\//, "zod"],
  [/node_modules\/(liquidjs|re2js|@marcbachmann)\//, "CEL, RE2, Liquid"],
  [/node_modules\/prom-client\//, "prom-client"],
  [/src\/gateway\/parse\.ts|src\/domain\/json\.ts/, "parsing the request, and the answer"],
  [/src\/gateway\/authenticate\.ts/, "authenticate"],
  [/src\/(routing|config)\//, "decide"],
  [/src\/(prompts\/|gateway\/shape\.ts|domain\/chat\.ts)/, "enrich and write the body"],
  [/src\/metrics\/(metrics|meter|families|health)\.ts/, "metrics"],
  [/src\/(metrics\/log|gateway\/request-line|cli\/)/, "log"],
  [
    /src\/(captures|threads)\/|src\/open-store\.ts|src\/gateway\/(capturing|answer-tape|recording-reply|facts)\.ts|internal\/worker/,
    "capturing",
  ],
  [/src\/(gateway|domain|transport|node\.ts|metrics)|routes\//, "the rest of the gateway"],
  [/^node:/, "Node's HTTP server, streams, timers"],
];
const WRITES = new Set(["writev", "writeLatin1String", "writeUtf8String", "writeBuffer"]);

const folder = mkdtempSync(join(tmpdir(), "crossover-profile-"));
try {
  requireTools({ portkey: false });
  process.stdout.write(markdownTable([["part", "share of CPU time"], ...shares(await record())]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function record(): Promise<Profile> {
  const profiled: Subject = {
    ...subject,
    command: (options) => {
      const [node = "", ...args] = subject.command(options);
      return [node, "--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`, ...args];
    },
  };
  const stand = await startStand(profiled, wholeAnswers(folder), folder);
  await requests(stand, folder, 15);
  await stand.stop("SIGTERM");
  // Named PID.THREAD.NUMBER at their end; the first thread is the one that serves.
  const file = readdirSync(folder).find((name) => name.endsWith(".0.001.cpuprofile")) ?? "";
  return profile.parse(JSON.parse(readFileSync(join(folder, file), "utf8")));
}

function shares({ nodes, samples, timeDeltas }: Profile): string[][] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const callers = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const part = partOf(id, frames, callers);
    if (part !== "(idle)") times.set(part, (times.get(part) ?? 0) + (timeDeltas[i] ?? 0));
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .map(([part, time]) => [part, `${((time / total) * 100).toFixed(1)}%`]);
}

function partOf(
  leaf: number,
  frames: ReadonlyMap<number, Frame>,
  callers: ReadonlyMap<number, number>,
): string {
  const name = frames.get(leaf)?.functionName ?? "";
  if (WRITES.has(name)) return "the kernel: writing to sockets";
  if (name === "(garbage collector)") return "garbage collection";
  if (name === "(idle)") return name;
  for (let id: number | undefined = leaf; id !== undefined; id = callers.get(id)) {
    const url = frames.get(id)?.url ?? "";
    const part = url === "" ? undefined : PARTS.find(([pattern]) => pattern.test(url));
    if (part !== undefined) return part[1];
  }
  return name === "(program)"
    ? "the kernel and Node's own code outside of JavaScript"
    : "Node's HTTP server, streams, timers";
}
