import type { numpy } from "@jax-js/jax";
import { unitOf } from "../../domain/hash.ts";
import type { Breath } from "./breath.ts";
import type { Classifier } from "./classifier.ts";
import { DIMENSIONS, type Features } from "./features.ts";

export interface Sample {
  readonly features: Features;
  /** Which of the answers is right. */
  readonly answer: number;
}

export interface Task {
  readonly samples: readonly Sample[];
  /** How many answers there are. */
  readonly answers: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** 1 is what does well. */
  readonly learningRateMultiplier: number;
  /** Of the order in which the samples come. */
  readonly seed: number;
}

export interface Step {
  /** From 1. */
  readonly step: number;
  /** Cross-entropy in nats, the mean of the batch. */
  readonly loss: number;
  /** The model as it is now. To be asked for before the next step. */
  readonly weights: () => Promise<Pick<Classifier, "weights" | "bias">>;
}

/** For each sample of a batch. At unit length features are small, so that steps have to be large; they fall to nothing. */
const LEARNING_RATE = 1.25;

type Tensor = numpy.Array;

export function stepsPerEpoch({ samples, batchSize }: Pick<Task, "samples" | "batchSize">): number {
  return Math.ceil(samples.length / batchSize);
}

/**
 * Multinomial logistic regression by gradient descent: a step for each batch. The same task gives the same weights.
 * @throws Error where WebAssembly can't be compiled, as in Workers
 */
export async function* train(task: Task, breath: Breath): AsyncGenerator<Step> {
  const { init, jit, nn, numpy: np, valueAndGrad } = await import("@jax-js/jax");
  if (!(await init("wasm")).includes("wasm")) throw new Error("this platform can't compile WebAssembly");
  const { answers, batchSize, epochs } = task;
  const loss = (model: { w: Tensor; b: Tensor }, x: Tensor, y: Tensor): Tensor =>
    nn.logSoftmax(np.matmul(x, model.w).add(model.b)).mul(y).sum().mul(-1);
  const descend = jit(
    (w: Tensor, b: Tensor, x: Tensor, y: Tensor, rate: Tensor): [Tensor, Tensor, Tensor] => {
      const [value, slope] = valueAndGrad(loss)({ w: w.ref, b: b.ref }, x, y);
      return [w.sub(slope.w.mul(rate.ref)), b.sub(slope.b.mul(rate)), value];
    },
  );
  let w = np.zeros([DIMENSIONS, answers]);
  let b = np.zeros([answers]);
  const weights = async () => ({
    weights: Float32Array.from(await w.ref.data()),
    bias: Float32Array.from(await b.ref.data()),
  });
  const steps = epochs * stepsPerEpoch(task);
  let step = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(task.samples, `${task.seed}\n${epoch}`);
      for (let from = 0; from < order.length; from += batchSize) {
        const { x, y } = tensorsOf(order.slice(from, from + batchSize), task);
        const rate = LEARNING_RATE * batchSize * task.learningRateMultiplier * (1 - step / steps);
        const [nextW, nextB, value] = descend(
          w,
          b,
          np.array(x, { shape: [batchSize, DIMENSIONS] }),
          np.array(y, { shape: [batchSize, answers] }),
          np.array(rate),
        );
        [w, b] = [nextW, nextB];
        step++;
        yield { step, loss: (await value.data())[0] ?? Number.NaN, weights };
        await breath.take();
      }
    }
  } finally {
    w.dispose();
    b.dispose();
    descend.dispose();
  }
}

/** A batch as dense rows. One that is not full is filled with rows of nothing, which teach nothing. */
function tensorsOf(batch: readonly Sample[], { batchSize, answers }: Task) {
  const x = new Float32Array(batchSize * DIMENSIONS);
  const y = new Float32Array(batchSize * answers);
  batch.forEach(({ features, answer }, row) => {
    features.indexes.forEach((index, at) => {
      x[row * DIMENSIONS + index] = features.values[at] ?? 0;
    });
    y[row * answers + answer] = 1 / batch.length;
  });
  return { x, y };
}

function shuffled<T>(items: readonly T[], seed: string): readonly T[] {
  return items
    .map((item, at) => ({ item, place: unitOf(`${seed}\n${at}`) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
