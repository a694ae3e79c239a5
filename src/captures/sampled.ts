import { unitOf } from "../domain/hash.ts";

/** Is a request in the sample? The same for the same request always. @param share from 0 to 1 */
export function isSampled(id: string, share: number): boolean {
  return share >= 1 || (share > 0 && unitOf(id) < share);
}
