import type { Check } from "./audit.ts";
import { type Point, slopeOf } from "./memory.ts";
import type { Course } from "./watch.ts";

/** Open files may differ by so many once nothing is under way: a timer or a watcher of the runtime's. */
export const FILES_MARGIN = 2;

/**
 * The least that a leak of each request keeps is an entry in a map with its key, about 100 bytes; code that is compiled
 * late, in a load of ten thousand requests, comes to less.
 */
const REST_BYTES_PER_REQUEST = 64;

/**
 * Under load the figures depend on which streams are under way when the garbage is collected, and on how many wait
 * where the machine is busy: over a minute that is some MiB up or down.
 */
const LIVE_MIB_PER_MINUTE = 8;

/** Resident memory also holds what the allocators keep for later. */
const RESIDENT_MIB_PER_MINUTE = 32;

/** A shorter run is all warming up: compiled code and caches that fill. */
const LEAST_SECONDS = 60;

/** Is a run long enough for its memory to be judged? */
export function isJudged(seconds: number): boolean {
  return seconds >= LEAST_SECONDS;
}

/** The gateway with no client there. */
export interface Rest {
  readonly files: number;
  /** After garbage collection; undefined on Bun. */
  readonly liveBytes: number | undefined;
}

export function filesCheck(filesBefore: number, { files }: Rest): Check {
  return {
    name: "open files at the end",
    told: `${files}, ${filesBefore} before the load`,
    ok: files <= filesBefore + FILES_MARGIN,
  };
}

export interface MemoryEvidence {
  readonly course: Course;
  readonly restBefore: Rest;
  readonly rest: Rest;
  readonly seconds: number;
  readonly requests: number;
}

/** Memory must not grow from rest to rest, nor in the second half of the load. */
export function memoryChecks({
  course,
  restBefore,
  rest,
  seconds,
  requests,
}: MemoryEvidence): readonly Check[] {
  const resident = growth("resident memory", course.residentBytes, seconds, RESIDENT_MIB_PER_MINUTE);
  if (rest.liveBytes === undefined || restBefore.liveBytes === undefined) return [resident];
  const kept = (rest.liveBytes - restBefore.liveBytes) / requests;
  return [
    bounded("live memory from rest to rest", kept, REST_BYTES_PER_REQUEST, "bytes a request", seconds),
    growth("live memory", course.liveBytes, seconds, LIVE_MIB_PER_MINUTE),
    resident,
  ];
}

function growth(what: string, points: readonly Point[], seconds: number, bound: number): Check {
  const half = points.filter((point) => point.seconds >= seconds / 2);
  const perMinute = (slopeOf(half) * 60) / 2 ** 20;
  const unit = `MiB a minute, at most ${(highest(points) / 2 ** 20).toFixed(0)} MiB`;
  return bounded(`${what}, second half`, perMinute, bound, unit, seconds);
}

function bounded(name: string, value: number, bound: number, unit: string, seconds: number): Check {
  const judged = isJudged(seconds);
  const note = judged ? `bound ${bound}` : `not judged under ${LEAST_SECONDS} s`;
  return { name, told: `${value.toFixed(1)} ${unit} (${note})`, ok: !judged || value <= bound };
}

export function highest(points: readonly Point[]): number {
  return Math.max(0, ...points.map(({ value }) => value));
}
