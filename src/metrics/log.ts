import { z } from "zod";
import { Made } from "../domain/made.ts";
import type { Redactor } from "../domain/redactor.ts";

export type LogLevel = "info" | "warn" | "error";

/** What a line of the log tells. Never holds a prompt, an answer, a key or a header. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * Fields, or their JSON text without the braces: what is told of every request is written by hand, which takes a
 * fifth of the time.
 */
export type LogEntry = LogFields | string;

export type Log = (level: LogLevel, message: string, entry?: LogEntry) => void;

const written = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** Fields in either form as values. */
export function fieldsOf(entry: LogEntry): LogFields {
  return typeof entry === "string" ? written.parse(JSON.parse(`{${entry}}`)) : entry;
}

/** A log of JSON lines. @param write takes whole lines */
export function jsonLog(write: (line: string) => void): Log {
  let [at, time] = [0, ""]; // many lines come within one millisecond
  const messages = new Made((message: string) => JSON.stringify(message)); // the code has but a few
  return (level, message, entry = "") => {
    const now = Date.now();
    if (now !== at) [at, time] = [now, new Date(now).toISOString()];
    const fields = typeof entry === "string" ? entry : JSON.stringify(entry).slice(1, -1);
    const comma = fields === "" ? "" : ",";
    write(`{"time":"${time}","level":"${level}","message":${messages.get(message)}${comma}${fields}}\n`);
  };
}

/**
 * A log without secrets: errors may quote them. Lines of level info tell of nothing free, and pass as they are.
 * @param redactor asked for each line, as a reload brings other secrets
 */
export function redactedLog(log: Log, redactor: () => Redactor): Log {
  return (level, message, entry) => {
    if (level === "info" || entry === undefined) return log(level, message, entry);
    const { redact } = redactor();
    const fields = Object.entries(fieldsOf(entry)).map(
      ([name, value]) => [name, typeof value === "string" ? redact(value) : value] as const,
    );
    log(level, message, Object.fromEntries(fields));
  };
}

/** Gathers lines and writes them once a turn of the event loop. */
export function batched(write: (text: string) => void): (line: string) => void {
  let pending = "";
  return (line) => {
    if (pending === "") {
      setImmediate(() => {
        const text = pending;
        pending = "";
        write(text);
      });
    }
    pending += line;
  };
}
