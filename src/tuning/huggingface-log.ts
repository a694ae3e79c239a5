import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import { dataOf, EventCutter } from "../transport/sse.ts";
import { refused, withoutToken } from "./huggingface-problem.ts";
import type { LogLine } from "./training-log.ts";

export interface LogRequest {
  readonly url: string;
  readonly token: string;
  /** What the reading before returned; undefined: from the beginning. */
  readonly seen: string | undefined;
  /** Milliseconds of silence after which all has been read that there is now; undefined: the log ends by itself. */
  readonly quietMs: number | undefined;
}

export interface LogReading {
  readonly lines: readonly LogLine[];
  readonly seen: string | undefined;
}

/** A log longer than this is read in several turns. */
const MOST_LINES = 20_000;
const LONGEST_READING_MS = 60_000;

const logEvent = z.object({ data: z.string(), timestamp: z.iso.datetime({ offset: true }) });

/**
 * Reads the lines that came since the reading before. The Hub sends a job's whole log as server-sent events and then
 * goes on with new ones, so the end of what is there now is told by silence, or by a line younger than the request.
 * @throws ProviderProblem; the signal's reason; the error of a connection that broke before anything came
 */
export async function readLog(request: LogRequest, signal: AbortSignal): Promise<LogReading> {
  const enough = new AbortController();
  const deadline = setTimeout(() => enough.abort(), LONGEST_READING_MS);
  let quiet: ReturnType<typeof setTimeout> | undefined;
  const lines = new NewLines(request.seen);
  try {
    const response = await fetch(request.url, {
      headers: { authorization: `Bearer ${request.token}`, accept: "text/event-stream" },
      signal: AbortSignal.any([signal, enough.signal]),
    });
    if (!response.ok)
      throw refused(
        { doing: "read the job's log", token: request.token },
        response.status,
        await response.text(),
      );
    const now = Date.parse(response.headers.get("date") ?? "") + 1_000;
    const cutter = new EventCutter();
    const restart = () => {
      clearTimeout(quiet);
      if (request.quietMs !== undefined) quiet = setTimeout(() => enough.abort(), request.quietMs);
    };
    restart();
    for await (const chunk of response.body ?? []) {
      restart();
      cutter.push(
        chunk,
        (event) => {
          const line = lineOf(event, request.token);
          if (line === undefined) return;
          if (line.at > now || lines.count >= MOST_LINES) enough.abort();
          else lines.take(line);
        },
        () => {}, // a line of more than 64 KiB says nothing that is looked for
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    // What was read before the end is well, whether the end was ours or the connection broke.
    if (!enough.signal.aborted && lines.count === 0) throw error;
  } finally {
    clearTimeout(deadline);
    clearTimeout(quiet);
    enough.abort();
  }
  return { lines: lines.taken, seen: lines.seen };
}

function lineOf(event: Buffer, token: string): LogLine | undefined {
  const parsed = logEvent.safeParse(parseJson(dataOf(event) ?? ""));
  if (!parsed.success) return undefined;
  return { at: Date.parse(parsed.data.timestamp), text: withoutToken(parsed.data.data, token) };
}

/**
 * Lines beyond a mark: a time, and how many lines of this time were read. A number of lines alone would lose its
 * meaning where the Hub keeps only the end of a long log.
 */
class NewLines {
  readonly taken: LogLine[] = [];
  readonly #mark: Mark | undefined;
  /** Lines at the mark's time that came again. */
  #again = 0;
  #last: Mark | undefined;

  constructor(seen: string | undefined) {
    const [, time, count] = /^(\d+) (\d+)$/.exec(seen ?? "") ?? [];
    if (time !== undefined && count !== undefined) this.#mark = { time: Number(time), count: Number(count) };
    this.#last = this.#mark;
  }

  get count(): number {
    return this.taken.length;
  }

  get seen(): string | undefined {
    return this.#last && `${this.#last.time} ${this.#last.count}`;
  }

  take(line: LogLine): void {
    if (!this.#isNew(line)) return;
    this.taken.push(line);
    if (this.#last === undefined || line.at > this.#last.time) this.#last = { time: line.at, count: 1 };
    else if (line.at === this.#last.time) this.#last = { time: line.at, count: this.#last.count + 1 };
  }

  #isNew({ at }: LogLine): boolean {
    if (this.#mark === undefined || at > this.#mark.time) return true;
    return at === this.#mark.time && ++this.#again > this.#mark.count;
  }
}

interface Mark {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly count: number;
}
