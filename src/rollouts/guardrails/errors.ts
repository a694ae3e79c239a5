import type { Performance } from "../observation.ts";
import { FailuresGuard } from "./failures.ts";

/** Guards against failing: an error, a broken-off answer, or a fallback that had to answer. */
export class ErrorsGuard extends FailuresGuard {
  override readonly name = "errors";

  protected override failed({ error }: Performance): boolean {
    return error;
  }
}
