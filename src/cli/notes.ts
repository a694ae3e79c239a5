import { fieldsOf, type Log } from "../metrics/log.ts";
import { plainLine } from "./plain-text.ts";
import type { ProgressOutput } from "./progress.ts";

/** What a gateway that serves a command would log, kept until nothing else is drawn: once each, without what its results tell. */
export class Notes {
  readonly #notes = new Set<string>();

  readonly log: Log = (level, message, entry = {}) => {
    if (level === "info" || message === "attempt failed" || message === "circuit changed") return;
    const fields = Object.entries(fieldsOf(entry)).map(([name, value]) => `${name} ${String(value)}`);
    this.#notes.add(`${message}: ${fields.join(", ")}`);
  };

  tell(output: ProgressOutput): void {
    for (const note of this.#notes) output.write(`${plainLine(note)}\n`);
    this.#notes.clear();
  }
}
