/** What a shell says of a command that a signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The process was asked to end. */
export class Leaving extends Error {
  override readonly name = "Leaving";
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT_CODES) {
    super(`ended by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/** Aborted with Leaving by the first SIGINT or SIGTERM. A second one ends the process at once. */
export function leavingOnSignals(): AbortSignal {
  const leaving = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => leaving.abort(new Leaving(signal)));
  return leaving.signal;
}
