import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureCapture } from "./capture/measure.ts";
import { captureResults } from "./capture/results.ts";
import { capturing } from "./capture/subjects.ts";
import { measureOpenStreams } from "./measure.ts";
import { requireTools } from "./requirements.ts";
import { BENCH } from "./subjects.ts";

// `npm run bench:capture`: what capturing every request costs the requests, into bench/capture-results.md.
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);

const folder = mkdtempSync(join(tmpdir(), "crossover-bench-capture-"));
try {
  requireTools({ portkey: false });
  const figures = await measureCapture(folder, { rounds, warmUp: 12, loadSeconds: 5, pacedSeconds: 10 });
  for (const { subject, counts } of figures) {
    if (subject !== capturing || counts === undefined) continue;
    if (counts.stored + counts.dropped !== counts.requests)
      throw new Error(`the books do not agree: ${JSON.stringify(counts)}`);
  }
  const openStreams = await measureOpenStreams(capturing, folder, 60);
  const text = captureResults({ rounds, figures, openStreams });
  writeFileSync(join(BENCH, "capture-results.md"), text);
  process.stdout.write(`\n${text}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
