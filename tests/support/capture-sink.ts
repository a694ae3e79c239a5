import type { RawBatch, RawSink } from "../../src/captures/raw.ts";
import { refineBatch } from "../../src/captures/refine.ts";
import type { Capture, Recipe, UsageHour } from "../../src/domain/capture.ts";
import type { Redactor } from "../../src/domain/redactor.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import { until } from "./until.ts";

/** Refines and remembers what it gets, as a thread with a store would. */
export class CaptureSink implements RawSink {
  readonly captures: Capture[] = [];
  readonly recipes: Recipe[] = [];
  readonly usage: UsageHour[] = [];
  readonly #redactor: Redactor;

  constructor(redactor: Redactor = newRedactor()) {
    this.#redactor = redactor;
  }

  async write(batch: RawBatch): Promise<void> {
    // What a thread is sent is copied.
    const { captures, recipes, usage } = refineBatch(structuredClone(batch), this.#redactor);
    this.captures.push(...captures);
    this.recipes.push(...recipes);
    this.usage.push(...usage);
  }

  /** The captures, once there are so many. */
  async all(count: number): Promise<readonly Capture[]> {
    await until(() => this.captures.length >= count);
    return this.captures;
  }

  /** The capture of a request. */
  async of(id: string | null): Promise<Capture> {
    await until(() => this.captures.some((capture) => capture.id === id));
    const found = this.captures.find((capture) => capture.id === id);
    if (found === undefined) throw new RangeError("there is no capture of this id");
    return found;
  }

  /** How many requests the hours count. */
  get requests(): number {
    return this.usage.reduce((sum, hour) => sum + hour.requests, 0);
  }
}
