import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accuracyOf,
  BASE,
  fileOf,
  QUERIES,
  shotsOf,
  trained,
  tunerOn,
} from "../tests/providers/simulator/training.ts";

/**
 * How well the simulator answers bare, with examples and tuned, on queries that it has not seen; what training takes, and
 * how long its turns on the event loop are. Run it with `node bench/simulator.ts`.
 */
const dataDir = mkdtempSync(join(tmpdir(), "crossover-simulator-"));
const heldOut = QUERIES.slice(-300);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The longest turns, in milliseconds of this thread's CPU time: what else runs on the machine makes no turn longer. */
class Turns {
  readonly #times: number[] = [];
  #last = threadMs();
  #isOn = true;

  constructor() {
    this.#tick();
  }

  #tick(): void {
    const now = threadMs();
    this.#times.push(now - this.#last);
    this.#last = now;
    if (this.#isOn) setImmediate(() => this.#tick());
  }

  stop(): readonly number[] {
    this.#isOn = false;
    return this.#times.toSorted((a, b) => b - a);
  }
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

try {
  console.log(`bare                   ${percent(await accuracyOf(dataDir, BASE, heldOut))}`);
  for (const shots of [
    shotsOf(QUERIES.slice(0, 40), 40),
    shotsOf(QUERIES.slice(0, 1000), 1),
    shotsOf(QUERIES.slice(0, 1000), 2),
  ]) {
    const share = await accuracyOf(dataDir, BASE, heldOut, shots);
    console.log(`${String(shots.length / 2).padStart(4)} examples          ${percent(share)}`);
  }
  const tuner = tunerOn(dataDir);
  for (const rows of [200, 600, 1000, 2000, 2700]) {
    const turns = new Turns();
    const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
    const { fine_tuned_model: model } = await trained(tuner, fileOf(QUERIES.slice(0, rows)));
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const longest = turns.stop();
    const share = await accuracyOf(dataDir, model, heldOut);
    const over = longest.filter((time) => time > 15).length;
    console.log(
      `tuned on ${String(rows).padStart(4)} rows     ${percent(share)}   ${seconds.toFixed(1)} s, ` +
        `${((user + system) / 1e6).toFixed(1)} s of CPU; longest turns ` +
        `${longest
          .slice(0, 3)
          .map((time) => time.toFixed(0))
          .join(", ")} ms, ${over} over 15 ms`,
    );
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
