import { counter, gauge } from "./families.ts";

/** What waits to be stored. */
export interface QueueState {
  readonly requests: number;
  readonly bytes: number;
  /** How long the oldest has waited, in seconds; 0 when nothing waits. */
  readonly oldestSeconds: number;
}

/** What becomes of captures. */
export class CaptureFamilies {
  readonly #captures = counter<"outcome">(
    "crossover_captures_total",
    "Requests by what became of their capture: stored, dropped, or skipped where they are not captured.",
  );
  readonly #requests = gauge("crossover_capture_queue_requests", "Captures that wait to be stored.");
  readonly #bytes = gauge("crossover_capture_queue_bytes", "Memory that they take.");
  readonly #oldest = gauge("crossover_capture_oldest_seconds", "How long the oldest of them has waited.");
  readonly #series = {
    stored: this.#captures.series({ outcome: "stored" }),
    dropped: this.#captures.series({ outcome: "dropped" }),
    skipped: this.#captures.series({ outcome: "skipped" }),
  };
  #read: (() => QueueState) | undefined;

  /** @param read asked whenever the metrics are */
  watch(read: () => QueueState): void {
    this.#read = read;
  }

  captured(outcome: "stored" | "dropped" | "skipped", requests: number): void {
    this.#series[outcome].add(requests);
  }

  render(): string {
    if (this.#read !== undefined) {
      const { requests, bytes, oldestSeconds } = this.#read();
      this.#requests.series({}).value = requests;
      this.#bytes.series({}).value = bytes;
      this.#oldest.series({}).value = oldestSeconds;
    }
    const families = [this.#captures, this.#requests, this.#bytes, this.#oldest];
    return families.map((family) => family.render()).join("\n");
  }
}
