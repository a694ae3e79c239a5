import type { Performance } from "../observation.ts";
import { DurationsGuard } from "./durations.ts";

/** Guards against taking longer until the whole answer is there. */
export class LatencyGuard extends DurationsGuard {
  override readonly name = "latency";

  protected override duration({ latencyMs }: Performance): number | undefined {
    return latencyMs;
  }
}
