/** Two ends between which a value lies with some confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What is left of many numbers: enough for their mean and variance. */
export interface Sums {
  readonly count: number;
  readonly sum: number;
  /** Sum of the squares. */
  readonly squares: number;
}

/** The confidence that the intervals have where nothing else is said. */
export const CONFIDENCE = 0.95;

/** How many standard errors an interval of this confidence reaches to each side; 1.96 for 0.95. */
export function reachOf(confidence: number): number {
  return normalQuantile((1 + confidence) / 2);
}

/**
 * The value below which a standard normal variable lies with probability `p`; right to seven digits.
 * After Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988).
 * @param p above 0 and below 1
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * polynomial(r, [3.3871327179, 50.434271938, 159.29113202, 59.10937472])) /
      polynomial(r, [1, 17.895169469, 78.757757664, 67.1875636])
    );
  }
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const distance =
    r <= 5
      ? polynomial(r - 1.6, [1.4234372777, 2.75681539, 1.3067284816, 0.17023821103]) /
        polynomial(r - 1.6, [1, 0.7370016425, 0.12021132975])
      : polynomial(r - 5, [6.657905115, 3.081226386, 0.42868294337, 0.017337203997]) /
        polynomial(r - 5, [1, 0.24197894225, 0.012258202635]);
  return q < 0 ? -distance : distance;
}

/** @param coefficients the constant's first */
function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

/**
 * Interval for a share of which `successes` out of `trials` were seen. It stays within 0 and 1 and is honest for few
 * trials. After Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
 * @returns 0 to 1 for no trials
 */
export function wilsonInterval(successes: number, trials: number, confidence = CONFIDENCE): Interval {
  if (trials === 0) return { low: 0, high: 1 };
  const z = reachOf(confidence);
  const share = successes / trials;
  const center = (share + (z * z) / (2 * trials)) / (1 + (z * z) / trials);
  const reach =
    (z / (1 + (z * z) / trials)) *
    Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  // The ends are exact there, which rounding would hide.
  return {
    low: successes === 0 ? 0 : center - reach,
    high: successes === trials ? 1 : center + reach,
  };
}

/**
 * Interval for the difference of two shares, the second minus the first: the two Wilson intervals put together.
 * After Newcombe, "Interval Estimation for the Difference between Independent Proportions", Statistics in Medicine
 * 17 (1998), method 10.
 * @returns -1 to 1 when either has no trials
 */
export function shareDifference(
  first: { readonly successes: number; readonly trials: number },
  second: { readonly successes: number; readonly trials: number },
  confidence = CONFIDENCE,
): Interval {
  if (first.trials === 0 || second.trials === 0) return { low: -1, high: 1 };
  const a = first.successes / first.trials;
  const b = second.successes / second.trials;
  const ofA = wilsonInterval(first.successes, first.trials, confidence);
  const ofB = wilsonInterval(second.successes, second.trials, confidence);
  return {
    low: b - a - Math.hypot(b - ofB.low, ofA.high - a),
    high: b - a + Math.hypot(ofB.high - b, a - ofA.low),
  };
}

/** Sample variance. @returns undefined below two numbers */
export function varianceOf({ count, sum, squares }: Sums): number | undefined {
  // Rounding may take a variance of nothing below 0.
  return count < 2 ? undefined : Math.max(0, (squares - (sum * sum) / count) / (count - 1));
}

/** Standard error of the mean. @returns undefined below two numbers */
export function standardErrorOf(sums: Sums): number | undefined {
  const variance = varianceOf(sums);
  return variance === undefined ? undefined : Math.sqrt(variance / sums.count);
}

/**
 * Interval for a mean, by the normal approximation: too narrow below some thirty numbers, and for the most
 * lopsided ones below some hundreds.
 * @returns undefined below two numbers
 */
export function meanInterval(sums: Sums, confidence = CONFIDENCE): Interval | undefined {
  const error = standardErrorOf(sums);
  if (error === undefined) return undefined;
  const mean = sums.sum / sums.count;
  const reach = reachOf(confidence) * error;
  return { low: mean - reach, high: mean + reach };
}

/**
 * Numbers from 0 up to but not including 1, the same for the same seed always and everywhere. For samples and
 * shuffles, not for secrets. SFC32 by Chris Doty-Humphrey, from PractRand.
 * @param seed of which the lower 32 bits count
 */
export function seededRandom(seed: number): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = seed | 0;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next(); // until each bit of the seed has reached every other
  return next;
}

/** One draw from the standard normal distribution. */
export function normalDraw(random: () => number): number {
  return normalQuantile((Math.floor(random() * 2 ** 32) + 0.5) / 2 ** 32);
}
