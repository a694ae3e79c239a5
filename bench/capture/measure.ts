import { type FullLoad, fullLoad, requests } from "../load/requests.ts";
import { type AddedMs, paced, wholeAnswers, withStands } from "../measure.ts";
import type { RunningStand } from "../stand.ts";
import type { Subject } from "../subjects.ts";
import { type Counts, settled } from "./counts.ts";
import { capturing, notCapturing } from "./subjects.ts";

/** Of one of the two, a figure a round. */
export interface CaptureFigures {
  readonly subject: Subject;
  readonly added: AddedMs[];
  readonly loads: LoadFigures[];
  counts: Counts | undefined;
}

export interface LoadFigures extends FullLoad {
  readonly perSecond: number;
  /** CPU time of the thread that serves, for a request, in microseconds. */
  readonly mainMicros: number;
  /** Of the store's threads, until all is stored. */
  readonly storeMicros: number;
  /** Of the runtime's own threads. */
  readonly otherMicros: number;
}

export interface CaptureBenchOptions {
  readonly rounds: number;
  readonly warmUp: number;
  /** Of a turn at full load; 0: none. */
  readonly loadSeconds: number;
  /** Of a turn at 300 requests a second; 0: none. */
  readonly pacedSeconds: number;
}

/** Both are up at once and take turns, each of which begins when nothing waits to be stored. */
export function measureCapture(
  folder: string,
  { rounds, warmUp, loadSeconds, pacedSeconds }: CaptureBenchOptions,
): Promise<readonly CaptureFigures[]> {
  return withStands([notCapturing, capturing], wholeAnswers(folder), folder, async (stands) => {
    const figures = stands.map(
      (stand): CaptureFigures => ({ subject: stand.subject, added: [], loads: [], counts: undefined }),
    );
    const each = async (turn: (stand: RunningStand, one: CaptureFigures) => Promise<void>): Promise<void> => {
      for (const [place, stand] of stands.entries()) {
        const one = figures[place];
        if (one !== undefined) await turn(stand, one);
        await settled(stand);
      }
    };
    await each(async (stand) => void (await requests(stand, folder, warmUp)));
    for (let round = 0; round < rounds; round++) {
      if (pacedSeconds > 0)
        await each(async (stand, { added }) => {
          added.push(await paced(stand, { rate: 600, seconds: pacedSeconds, stream: false }));
        });
      if (loadSeconds > 0)
        await each(async (stand, { loads }) => void loads.push(await loadTurn(stand, folder, loadSeconds)));
    }
    for (const [place, stand] of stands.entries()) {
      const one = figures[place];
      if (one !== undefined) one.counts = await settled(stand);
    }
    return figures;
  });
}

/** Begins with a second that is not counted: a runtime that was idle is slow at first. */
async function loadTurn(stand: RunningStand, folder: string, seconds: number): Promise<LoadFigures> {
  await requests(stand, folder, 1);
  await settled(stand);
  const before = stand.threadSeconds();
  const load = await fullLoad(stand, folder, seconds);
  const after = stand.threadSeconds();
  await settled(stand);
  const stored = stand.threadSeconds();
  const micros = (from: number, to: number): number => ((to - from) / load.answered) * 1e6;
  return {
    ...load,
    perSecond: load.answered / seconds,
    mainMicros: micros(before.main, after.main),
    storeMicros: micros(before.store, stored.store),
    otherMicros: micros(before.others, stored.others),
  };
}
