/**
 * What others roll back by, on the same requests. Each is as its maker describes it, with its usual settings:
 *
 * - `fixed`: a threshold as in Argo Rollouts and Flagger. Each minute in which more than 1% of the candidate's requests
 *   fail is a failed check; ten failed checks roll back.
 * - `z`: a test of two samples (pooled variance, one-sided, 1%) that is looked at after every request.
 * - `bestArm`: the stopping rule of TensorZero's experiments, a generalised likelihood ratio looked at each five
 *   minutes, with a chance of 5% for a wrong winner.
 */
export const RIVALS = ["fixed", "z", "bestArm"] as const;
export type Rival = (typeof RIVALS)[number];

const WINDOW_MS = 60_000;
const FAILED_SHARE = 0.01;
const FAILED_CHECKS = 10;

/** One-sided 1% of the standard normal distribution. */
const Z = 2.326;
const FEWEST = 10;

const LOOK_MS = 300_000;
const DELTA = 0.05;

/** The rivals beside each other on one stream of requests. Each tells the request at which it would have rolled back. */
export class Rivals {
  /** The candidate's requests until each rolled back; undefined: it has not. */
  readonly stops: Partial<Record<Rival, number>> = {};
  /** Above which a value fails the check of a minute. */
  readonly #failsAbove: number;
  #n0 = 0;
  #n1 = 0;
  #sum0 = 0;
  #sum1 = 0;
  #squares0 = 0;
  #squares1 = 0;
  #windowEnd = WINDOW_MS;
  #windowCount = 0;
  #windowFailed = 0;
  #failedChecks = 0;
  #nextLook = LOOK_MS;
  #fixedStopped = false;
  #zStopped = false;
  #bestArmStopped = false;

  /** @param failsAbove value of a request that is a failed one for the fixed threshold */
  constructor(failsAbove = 0.5) {
    this.#failsAbove = failsAbove;
  }

  /** Have all of them rolled back? */
  get isOver(): boolean {
    return this.#fixedStopped && this.#zStopped && this.#bestArmStopped;
  }

  /**
   * Counts a request in.
   * @param value the larger the worse, such as 1 for an error
   * @param now in milliseconds since the rollout began
   */
  observe(isCandidate: boolean, value: number, now: number): void {
    if (now >= this.#windowEnd) this.#check(now);
    if (now >= this.#nextLook) this.#look(now);
    if (isCandidate) {
      this.#n1++;
      this.#windowCount++;
      if (value !== 0) {
        this.#sum1 += value;
        this.#squares1 += value * value;
        if (value > this.#failsAbove) this.#windowFailed++;
      }
    } else {
      this.#n0++;
      if (value !== 0) {
        this.#sum0 += value;
        this.#squares0 += value * value;
      }
    }
    if (!this.#zStopped) this.#test();
  }

  #check(now: number): void {
    if (this.#windowFailed > FAILED_SHARE * this.#windowCount) this.#failedChecks++;
    this.#windowCount = 0;
    this.#windowFailed = 0;
    this.#windowEnd = (Math.floor(now / WINDOW_MS) + 1) * WINDOW_MS;
    if (this.#fixedStopped || this.#failedChecks < FAILED_CHECKS) return;
    this.#fixedStopped = true;
    this.stops.fixed = this.#n1;
  }

  #test(): void {
    const n0 = this.#n0;
    const n1 = this.#n1;
    // With the variance of both together, squared and without divisions, as it is asked after every request.
    const gap = this.#sum1 * n0 - this.#sum0 * n1;
    if (gap <= 0 || n0 < FEWEST || n1 < FEWEST) return;
    const sum = this.#sum0 + this.#sum1;
    const spread = (this.#squares0 + this.#squares1) * (n0 + n1) - sum * sum;
    if (gap * gap * (n0 + n1) <= Z * Z * spread * n0 * n1) return;
    this.#zStopped = true;
    this.stops.z = n1;
  }

  #look(now: number): void {
    this.#nextLook = (Math.floor(now / LOOK_MS) + 1) * LOOK_MS;
    const n0 = this.#n0;
    const n1 = this.#n1;
    if (this.#bestArmStopped || n0 < FEWEST || n1 < FEWEST) return;
    const mean0 = this.#sum0 / n0;
    const mean1 = this.#sum1 / n1;
    const gap = mean1 - mean0;
    if (gap <= 0) return;
    const error0 = (this.#squares0 / n0 - mean0 * mean0) / (n0 - 1);
    const error1 = (this.#squares1 / n1 - mean1 * mean1) / (n1 - 1);
    const evidence = (gap * gap) / (2 * (error0 + error1));
    if (!(evidence > Math.log((1 + Math.log(n0 + n1)) / DELTA))) return;
    this.#bestArmStopped = true;
    this.stops.bestArm = n1;
  }
}
