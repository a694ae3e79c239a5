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
import { type Results, results, type SubjectFigures } from "./results.ts";
import { BENCH, nginx, onBun, onNode, onNodeBare, portkey, type Subject } from "./subjects.ts";

// `npm run bench`: everything, into bench/results.md. `npm run bench -- --quick`: a guard against gross
// regressions, for CI.
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
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
  const subjects = [nginx, onNode, onNodeBare, onBun, portkey];
  const figures = new Map<Subject, SubjectFigures>(
    subjects.map((subject) => [
      subject,
      { subject, requests: [], events: [], latency: [], firstToken: [], openStreams: undefined },
    ]),
  );
  tell(`subjects on core ${SUBJECT_CORES}, load and upstream on ${LOAD_CORES}; ${rounds} rounds`);
  // Subjects take turns within a round, so that a machine that gets slower is slow for all.
  for (let round = 1; round <= rounds; round++) {
    for (const { subject, requests, events, latency, firstToken } of figures.values()) {
      tell(`round ${round} of ${rounds}: ${subject.name}`);
      requests.push(await measureRequests(subject, folder, 5));
      events.push(await measureEvents(subject, folder, 3));
      latency.push(await measureLatency(subject, folder, 10));
      firstToken.push(await measureFirstToken(subject, folder, 6));
    }
  }
  for (const one of figures.values()) {
    tell(`2,000 open streams: ${one.subject.name}`);
    one.openStreams = await measureOpenStreams(one.subject, folder, 60);
  }
  return { rounds, figures: [...figures.values()] };
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`);
}
