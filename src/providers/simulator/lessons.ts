import { MOST_SIMULATED_ANSWERS } from "../../domain/simulated-epochs.ts";
import type { Breath } from "./breath.ts";
import { featuresOf, wordsOf } from "./features.ts";
import type { Sample } from "./train.ts";
import type { Lesson } from "./training-file.ts";

/** The answers that are learnt: all, or the most frequent; in their own order, so that the weights are too. */
export function answersOf(lessons: readonly Lesson[]): {
  readonly answers: readonly string[];
  readonly leftOut: number;
} {
  const counts = new Map<string, number>();
  for (const { answer } of lessons) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const all = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([answer]) => answer);
  return {
    answers: all.slice(0, MOST_SIMULATED_ANSWERS).sort(),
    leftOut: Math.max(0, all.length - MOST_SIMULATED_ANSWERS),
  };
}

/** The lessons whose answer is one of those that are learnt, as numbers. */
export async function samplesOf(
  lessons: readonly Lesson[],
  answers: readonly string[],
  breath: Breath,
): Promise<readonly Sample[]> {
  const places = new Map(answers.map((answer, place) => [answer, place]));
  const samples: Sample[] = [];
  for (const { query, answer } of lessons) {
    const place = places.get(answer);
    if (place !== undefined) samples.push({ features: featuresOf(wordsOf(query)), answer: place });
    await breath.take();
  }
  return samples;
}
