import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { guard } from "./guard.ts";
import { LOAD_CORES, SUBJECT_CORES } from "./machine.ts";
import {
  measureEvents,
  measureFirstToken,
  measureLatency,
  measureOpenStreams,
  measureRequests,
} from "./measure.ts";
import { requireTools } from "./requirements.ts";
import { of, type Results, results, type SubjectFigures } from "./results.ts";
import {
  BENCH,
  nginx,
  onBun,
  onNode,
  onNodeBare,
  plainOnBun,
  plainOnNode,
  portkey,
  portkeyNoRules,
  type Subject,
} from "./subjects.ts";

// `npm run bench`: everything, into bench/results.md. `npm run bench -- --quick`: a guard against gross
// regressions, for CI.
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "crossover-bench-"));
try {
  requireTools({ portkey: !values.quick });
  if (values.quick) process.exitCode = await guard(folder);
  else {
    const text = results(await measureAll(Number(values.rounds)));
    writeFileSync(join(BENCH, "results.md"), text);
    process.stdout.write(`\n${text}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureAll(rounds: number): Promise<Results> {
  const timed = [nginx, onNode, onBun];
  const streaming = [...timed, plainOnNode, plainOnBun];
  // Portkey's gateway answers a stream on Node 24 with 500.
  const all = [...streaming, onNodeBare, portkey, portkeyNoRules];
  const figures = all.map(noFigures);
  tell(`subjects on core ${SUBJECT_CORES}, load and upstream on ${LOAD_CORES}; ${rounds} rounds`);
  for (let round = 1; round <= rounds; round++) {
    tell(`round ${round} of ${rounds}: requests`);
    for (const one of await measureRequests(all, folder, { turns: 3, seconds: 4 }))
      of(figures, one.subject).requests.push(one);
    tell(`round ${round} of ${rounds}: streams`);
    for (const { subject, cpuMicros } of await measureEvents(streaming, folder, { turns: 4, seconds: 2 }))
      of(figures, subject).events.push(cpuMicros);
    for (const subject of timed) {
      const { latency, firstToken } = of(figures, subject);
      tell(`round ${round} of ${rounds}, times: ${subject.name}`);
      latency.push(...(await measureLatency(subject, folder, { times: 3, seconds: 10 })));
      firstToken.push(await measureFirstToken(subject, folder, 6));
    }
  }
  for (const subject of timed) {
    tell(`2,000 open streams: ${subject.name}`);
    of(figures, subject).openStreams = await measureOpenStreams(subject, folder, 60);
  }
  return { rounds, figures };
}

function noFigures(subject: Subject): SubjectFigures {
  return { subject, requests: [], events: [], latency: [], firstToken: [], openStreams: undefined };
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`);
}
