import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { Standing, Standings } from "../domain/rollout.ts";
import type { StoredRun } from "../store/rollout-store.ts";

const kept = z.object({
  id: z.string(),
  stage: z.int(),
  epoch: z.int(),
  percent: z.number().min(0).max(100),
  shadowPercent: z.number().min(0).max(100),
});

/** Where the newest runs of rollouts stand. Those that can't be read stand at their configured stages. */
export function standingsOf(runs: readonly StoredRun[]): Standings {
  return new Map(
    runs.flatMap(({ rollout, document }): readonly (readonly [string, Standing])[] => {
      const run = kept.safeParse(parseJson(document));
      if (!run.success) return [];
      const { id, stage, epoch, percent, shadowPercent } = run.data;
      return [[rollout, { run: id, stage, epoch, share: percent / 100, shadowShare: shadowPercent / 100 }]];
    }),
  );
}
