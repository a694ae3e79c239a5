import type { Performance } from "../observation.ts";
import { DurationsGuard } from "./durations.ts";

/** Guards against taking longer until a streamed answer begins. */
export class FirstTokenGuard extends DurationsGuard {
  override readonly name = "first_token";

  protected override duration({ firstTokenMs }: Performance): number | undefined {
    return firstTokenMs;
  }
}
