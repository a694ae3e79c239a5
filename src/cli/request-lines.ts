import { fieldsOf, type Log, type LogFields } from "../metrics/log.ts";

/** Waits for the log lines of requests, by request id. */
export class RequestLines {
  readonly #lines = new Map<string, PromiseWithResolvers<LogFields>>();

  /** The log of the gateway that is asked. */
  readonly log: Log = (_level, message, entry = {}) => {
    if (message !== "request") return;
    const line = fieldsOf(entry);
    this.#entry(String(line["request_id"])).resolve(line);
  };

  /** What the gateway logged of a request; to be asked once for each. */
  async of(id: string): Promise<LogFields> {
    const line = await this.#entry(id).promise;
    this.#lines.delete(id);
    return line;
  }

  #entry(id: string): PromiseWithResolvers<LogFields> {
    const entry = this.#lines.get(id) ?? Promise.withResolvers<LogFields>();
    this.#lines.set(id, entry);
    return entry;
  }
}
