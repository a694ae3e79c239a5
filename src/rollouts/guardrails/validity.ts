import type { Performance } from "../observation.ts";
import { FailuresGuard } from "./failures.ts";

/** Guards against answers that can't be used. */
export class ValidityGuard extends FailuresGuard {
  override readonly name = "validity";

  protected override failed({ invalid }: Performance): boolean | undefined {
    return invalid;
  }
}
