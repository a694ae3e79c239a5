import { z } from "zod";
import { DIMENSIONS, type Features, featuresOf, wordsOf } from "./features.ts";

/** What training makes: for each answer that it knows, how much each feature of a query speaks for it. */
export interface Classifier {
  readonly answers: readonly string[];
  /** Row by row: a row for each feature, with a weight for each answer. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

const headSchema = z.object({ dimensions: z.literal(DIMENSIONS), answers: z.array(z.string()).min(1) });

/** The answer that a query speaks for most. */
export function classify({ answers, weights, bias }: Classifier, query: string): string {
  const scores = scoresOf({ weights, bias }, featuresOf(wordsOf(query)));
  let best = 0;
  for (let at = 1; at < scores.length; at++) if ((scores[at] ?? 0) > (scores[best] ?? 0)) best = at;
  return answers[best] ?? "";
}

/** Cross-entropy in nats of the right answer. */
export function lossOf(
  model: Pick<Classifier, "weights" | "bias">,
  features: Features,
  right: number,
): number {
  const scores = scoresOf(model, features);
  const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = scores.reduce((total, score) => total + Math.exp(score - highest), 0);
  return highest + Math.log(sum) - (scores[right] ?? 0);
}

function scoresOf(
  { weights, bias }: Pick<Classifier, "weights" | "bias">,
  { indexes, values }: Features,
): Float32Array {
  const scores = bias.slice();
  const classes = scores.length;
  for (let at = 0; at < indexes.length; at++) {
    const value = values[at] ?? 0;
    const row = (indexes[at] ?? 0) * classes;
    for (let one = 0; one < classes; one++)
      scores[one] = (scores[one] ?? 0) + value * (weights[row + one] ?? 0);
  }
  return scores;
}

/** A line of JSON, then weights and bias as floats, little-endian as all machines are that this runs on. */
export function packClassifier({ answers, weights, bias }: Classifier): Uint8Array {
  const head = new TextEncoder().encode(`${JSON.stringify({ dimensions: DIMENSIONS, answers })}\n`);
  const packed = new Uint8Array(head.length + weights.byteLength + bias.byteLength);
  packed.set(head);
  packed.set(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength), head.length);
  packed.set(new Uint8Array(bias.buffer, bias.byteOffset, bias.byteLength), head.length + weights.byteLength);
  return packed;
}

/** @throws Error for what `packClassifier` did not make */
export function unpackClassifier(packed: Uint8Array): Classifier {
  const end = packed.indexOf("\n".charCodeAt(0));
  const { answers } = headSchema.parse(JSON.parse(new TextDecoder().decode(packed.subarray(0, end))));
  // A copy: floats must begin at a multiple of four bytes.
  const floats = new Float32Array(Uint8Array.from(packed.subarray(end + 1)).buffer);
  if (floats.length !== (DIMENSIONS + 1) * answers.length)
    throw new RangeError("the weights are not as many as they should be");
  const split = DIMENSIONS * answers.length;
  return { answers, weights: floats.subarray(0, split), bias: floats.subarray(split) };
}
