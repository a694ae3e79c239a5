import type { Budget } from "./ledger.ts";

/** A day or a month by UTC, in milliseconds since 1970. */
export interface Period {
  readonly start: number;
  /** The first millisecond after it. */
  readonly end: number;
}

export function isWithin({ start, end }: Period, at: number): boolean {
  return start <= at && at < end;
}

export function periodAt(kind: Budget["kind"], at: number): Period {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (kind) {
    case "day":
      return { start: Date.UTC(year, month, day), end: Date.UTC(year, month, day + 1) };
    case "month":
      return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) };
  }
}

/** The periods of now, looked up in the calendar only when one has ended. */
export class Calendar {
  #day: Period = { start: 0, end: 0 };
  #month: Period = { start: 0, end: 0 };

  at(kind: Budget["kind"], now: number): Period {
    const known = kind === "day" ? this.#day : this.#month;
    if (isWithin(known, now)) return known;
    const period = periodAt(kind, now);
    if (kind === "day") this.#day = period;
    else this.#month = period;
    return period;
  }
}
