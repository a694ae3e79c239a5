import { Recent } from "./recent.ts";

/** Retries in ten seconds that are always allowed, as a share of few requests is none. */
const ALWAYS = 10;

/** Keeps retries from multiplying the load of an upstream that fails: they stay below a share of its requests. */
export class RetryBudget {
  readonly #share: number;
  readonly #recent = new Recent();

  /** @param share of the requests of the last ten seconds, from 0 to 1 */
  constructor(share: number) {
    this.#share = share;
  }

  /** A request is sent for the first time. */
  requested(now: number): void {
    this.#recent.add(now, 1, 0);
  }

  /** Asks for one more retry. @returns whether it may be sent; then it is counted */
  take(now: number): boolean {
    const { all, some } = this.#recent.read(now);
    if (some + 1 > Math.max(this.#share * all, ALWAYS)) return false;
    this.#recent.add(now, 0, 1);
    return true;
  }
}
