import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import { maybe } from "./maybe.ts";
import type { Observation } from "./observation.ts";

const side = z.enum(["control", "candidate"]);
const performance = {
  error: z.boolean(),
  invalid: maybe(z.boolean()),
  latencyMs: maybe(z.number()),
  firstTokenMs: maybe(z.number()),
  costUsd: maybe(z.number()),
};
const assignment = {
  unit: maybe(z.number()),
  side,
  share: z.number(),
  stage: z.int(),
  epoch: z.int(),
};

const observation: z.ZodType<Observation> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("request"), ...assignment, ...performance, censored: maybe(z.boolean()) }),
  z.object({ kind: z.literal("feedback"), ...assignment, feedback: z.string(), value: z.number() }),
  z.object({
    kind: z.literal("pair"),
    unit: maybe(z.number()),
    stage: z.int(),
    epoch: z.int(),
    control: z.object(performance),
    candidate: z.object(performance),
    agrees: maybe(z.boolean()),
    similarity: maybe(z.number()),
    controlLength: maybe(z.number()),
    candidateLength: maybe(z.number()),
    sameTools: maybe(z.boolean()),
    judged: maybe(z.number()),
    spentUsd: z.number(),
    at: z.number(),
  }),
]);
const documents = z.array(z.unknown());

/** Observations as an entry of the log. */
export function entryOf(observations: readonly Observation[]): string {
  return JSON.stringify(observations);
}

/** The observations of an entry. What another version wrote in another shape is left out, by every replica of this one. */
export function observationsIn(document: string): readonly Observation[] {
  const all = documents.safeParse(parseJson(document)).data ?? [];
  return all.flatMap((one) => observation.safeParse(one).data ?? []);
}
