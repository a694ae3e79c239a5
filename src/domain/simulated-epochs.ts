/** The simulator learns so many answers at most: more would make each step too slow. */
export const MOST_SIMULATED_ANSWERS = 2000;

/**
 * The passes over a set that the simulator trains by default, which plans reckon with: few rows are gone over more often; many
 * answers, with which a step takes longer, less often.
 * @param rows of the set, from 1
 * @param answers different ones in it
 * @returns a whole number from 3 to 12
 */
export function simulatedEpochs(rows: number, answers: number): number {
  const load = Math.max(1, Math.min(answers, MOST_SIMULATED_ANSWERS) / 500);
  return Math.min(12, Math.max(3, Math.round(16_000 / rows / load)));
}
