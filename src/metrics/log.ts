export type LogLevel = "info" | "warn" | "error";

/** One line of the log. Never holds a prompt, an answer, a key or a header. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

/** A log of JSON lines. @param write takes whole lines */
export function jsonLog(write: (line: string) => void): Log {
  let [at, time] = [0, ""]; // many lines come within one millisecond
  return (level, message, fields = {}) => {
    const now = Date.now();
    if (now !== at) [at, time] = [now, new Date(now).toISOString()];
    const head = `{"time":"${time}","level":"${level}","message":${JSON.stringify(message)}`;
    const rest = JSON.stringify(fields);
    write(rest === "{}" ? `${head}}\n` : `${head},${rest.slice(1)}\n`);
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
