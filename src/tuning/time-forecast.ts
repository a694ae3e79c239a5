import { linearRegression, mean, median } from "simple-statistics";

/** A job that has trained. */
export interface Trained {
  readonly tokens: number;
  /** Above 0. */
  readonly seconds: number;
}

export interface TimeForecast {
  /** Null: not known. */
  readonly seconds: number | null;
  /** What it rests on, or why it is not known. */
  readonly basis: string;
}

/** Sizes that far apart tell what is fixed and what a token takes. */
const APART = 2;
/** Beyond so many times the sizes that are known nothing is told: a small job spends its time on starting. */
const REACH = 5;

/**
 * How long so many tokens train, by earlier jobs of the same model at the same provider: a fixed part and one by the token where
 * their sizes differ, by the token alone where they are alike.
 */
export function timeForecast(tokens: number, earlier: readonly Trained[]): TimeForecast {
  if (earlier.length === 0) return unknown("no such job has ended here yet");
  const sizes = earlier.map((job) => job.tokens);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const isApart = most >= least * APART;
  if (tokens > most * REACH) return unknown("the earlier jobs of this model were far smaller");
  if (!isApart && tokens * REACH < least) return unknown("the earlier jobs of this model were far larger");
  const jobs = earlier.length === 1 ? "an earlier job" : `${earlier.length} earlier jobs`;
  return {
    seconds: isApart
      ? fitted(tokens, earlier)
      : tokens * median(earlier.map((job) => job.seconds / job.tokens)),
    basis: `The time is reckoned from ${jobs} of this model.`,
  };
}

/** By least squares, of which neither part is below 0. */
function fitted(tokens: number, earlier: readonly Trained[]): number {
  const { m: perToken, b: fixed } = linearRegression(earlier.map((job) => [job.tokens, job.seconds]));
  if (perToken < 0) return mean(earlier.map((job) => job.seconds));
  if (fixed >= 0) return fixed + perToken * tokens;
  const along = earlier.reduce((sum, job) => sum + job.tokens * job.seconds, 0);
  return (tokens * along) / earlier.reduce((sum, job) => sum + job.tokens ** 2, 0);
}

function unknown(why: string): TimeForecast {
  return { seconds: null, basis: `How long it takes is not known: ${why}.` };
}
