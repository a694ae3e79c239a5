import { z } from "zod";
import type { HuggingFaceAccess } from "../domain/tuning.ts";
import { ask } from "./huggingface-client.ts";

const hardware = z.array(z.object({ name: z.string(), unitCostUSD: z.number(), unitLabel: z.string() }));
const HOURS_PER: ReadonlyMap<string, number> = new Map([
  ["second", 1 / 3600],
  ["minute", 1 / 60],
  ["hour", 1],
]);

/**
 * What a training job's hardware costs, in USD an hour; a job costs it from its start to its end, and at most for
 * `timeoutSeconds`. Undefined: Hugging Face names no price.
 * @throws ProviderProblem, the signal's reason
 */
export async function jobsHourlyPrice(
  access: Pick<HuggingFaceAccess, "hubURL" | "token">,
  flavor: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const list = await ask(
    access.token,
    { url: `${access.hubURL}/api/jobs/hardware`, doing: "tell the prices of its hardware" },
    hardware,
    signal,
  );
  const found = list.find(({ name }) => name === flavor);
  const hours = HOURS_PER.get(found?.unitLabel ?? "");
  if (found === undefined || hours === undefined) return undefined;
  return Math.round((found.unitCostUSD / hours) * 10_000) / 10_000;
}

const catalogue = z.object({
  vendors: z.array(
    z.object({
      name: z.string(),
      regions: z.array(
        z.object({
          name: z.string(),
          computes: z.array(
            z.object({ instanceType: z.string(), instanceSize: z.string(), pricePerHour: z.number() }),
          ),
        }),
      ),
    }),
  ),
});

/** Hardware of an Inference Endpoint. */
export interface Hardware {
  readonly vendor: string;
  readonly region: string;
  readonly instanceType: string;
  readonly instanceSize: string;
}

/** USD an hour for one replica; undefined: not known. @throws the signal's reason */
export type EndpointPrices = (hardware: Hardware, signal: AbortSignal) => Promise<number | undefined>;

/** Asks for the price list once it is needed, and then remembers it. A list that can't be had only leaves prices unknown. */
export function endpointPrices(access: HuggingFaceAccess, namespace: string): EndpointPrices {
  let known: z.infer<typeof catalogue> | undefined;
  const url = `${access.endpointsURL}/v2/provider/${encodeURIComponent(namespace)}`;
  return async ({ vendor, region, instanceType, instanceSize }, signal) => {
    try {
      known ??= await ask(access.token, { url, doing: "tell the prices of endpoints" }, catalogue, signal);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
    return known.vendors
      .find(({ name }) => name === vendor)
      ?.regions.find(({ name }) => name === region)
      ?.computes.find((one) => one.instanceType === instanceType && one.instanceSize === instanceSize)
      ?.pricePerHour;
  };
}
