import {
  type EventRecord,
  eventRecord,
  isEnded,
  type JobRecord,
  newId,
  nowSeconds,
  writeRecord,
} from "./records.ts";
import { readText, type Shelf } from "./shelf.ts";

const eventsName = (id: string): string => `jobs/${id}.events.jsonl`;

/** What a job has told, oldest first. */
export async function readEvents(shelf: Shelf, id: string): Promise<readonly EventRecord[]> {
  const lines = ((await readText(shelf, eventsName(id))) ?? "").split("\n");
  // Behind the last line feed stands nothing, or what its writer did not finish.
  return lines.slice(0, -1).map((line) => eventRecord.parse(JSON.parse(line)));
}

/**
 * How a job stands and what it tells, as its worker writes it down. What was told before an interruption is not told
 * again, so that a job that begins anew goes on where readers left it.
 */
export class Journal {
  readonly #shelf: Shelf;
  readonly #told: Set<string>;
  #pending: EventRecord[] = [];
  #job: JobRecord;

  private constructor(shelf: Shelf, job: JobRecord, events: readonly EventRecord[]) {
    this.#shelf = shelf;
    this.#job = job;
    this.#told = new Set(events.map(({ message }) => message));
  }

  static async open(shelf: Shelf, job: JobRecord): Promise<Journal> {
    const events = await readEvents(shelf, job.id);
    // Without the part of a line that a killed process may have left.
    await shelf.write(eventsName(job.id), events.map(lineOf).join(""));
    return new Journal(shelf, job, events);
  }

  get job(): JobRecord {
    return this.#job;
  }

  /** Kept with the next `save`. */
  tell(
    message: string,
    { level = "info", data }: { readonly level?: EventRecord["level"]; readonly data?: object } = {},
  ): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#pending.push({
      id: newId("ftevent-"),
      created_at: nowSeconds(),
      level,
      message,
      type: data === undefined ? "message" : "metrics",
      data: { ...data },
    });
  }

  /** The events first: whoever sees a job ended sees all that it told. */
  async save(change: Partial<JobRecord> = {}): Promise<void> {
    this.#job = { ...this.#job, ...change };
    if (isEnded(this.#job)) this.#job = { ...this.#job, finished_at: nowSeconds(), estimated_finish: null };
    const events = this.#pending;
    this.#pending = [];
    if (events.length > 0) await this.#shelf.append(eventsName(this.#job.id), events.map(lineOf).join(""));
    await writeRecord(this.#shelf, "jobs", this.#job);
  }
}

function lineOf(event: EventRecord): string {
  return `${JSON.stringify(event)}\n`;
}
