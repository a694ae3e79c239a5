import type { TuningAccess } from "../domain/tuning.ts";
import { jobsHourlyPrice } from "./huggingface-prices.ts";

/** A plan does not wait longer for a price list, in milliseconds. */
const PATIENCE_MS = 3_000;

/** What an hour of training costs at most, where hours are billed. */
export interface HourlyPrice {
  readonly usd: number;
  /** Such as a10g-small. */
  readonly hardware: string;
  /** Hours after which the provider stops a job. */
  readonly mostHours: number;
}

/** Undefined where tokens are billed, and where no price can be had: then only the price is unknown. */
export async function hourlyPrice(access: TuningAccess): Promise<HourlyPrice | undefined> {
  if (access.api !== "huggingface") return undefined;
  const { flavor, timeoutSeconds } = access;
  try {
    const usd = await jobsHourlyPrice(access, flavor, AbortSignal.timeout(PATIENCE_MS));
    return usd === undefined ? undefined : { usd, hardware: flavor, mostHours: timeoutSeconds / 3600 };
  } catch {
    return undefined;
  }
}
