import { CANARIES } from "./canaries.ts";
import { openPlaces, type Places } from "./elsewhere.ts";
import { type GatewayOptions, type GatewayProcess, startGatewayProcess } from "./gateway.ts";
import { fallbackOf, type Row, slugOf } from "./row.ts";
import { type FaultUpstream, startFaultUpstream } from "./upstream.ts";

/** What the configuration takes of a row. */
export interface Target extends Pick<Row, "name" | "upstream" | "fallback" | "timeouts" | "hedge"> {
  /** Seconds for which its route gives an answer again. Default: not at all. */
  readonly cacheFor?: number;
}

/** A gateway in front of the scripted upstream, with a route for each row. */
export interface Bench {
  readonly gateway: GatewayProcess;
  readonly upstream: FaultUpstream;
  close(): Promise<void>;
}

export async function openBench(targets: readonly Target[], options: GatewayOptions = {}): Promise<Bench> {
  if (new Set(targets.map(slugOf)).size < targets.length) throw new RangeError("two rows have the same name");
  const upstream = await startFaultUpstream();
  const places = await openPlaces(upstream.port);
  for (const target of targets) {
    if (typeof target.upstream !== "string") upstream.script(slugOf(target), target.upstream);
    if (target.fallback !== undefined) upstream.script(fallbackOf(target), target.fallback);
  }
  const gateway = await startGatewayProcess(configOf(targets, upstream, places), options);
  return {
    gateway,
    upstream,
    close: async () => {
      await gateway.stop();
      await places.close();
      await upstream.close();
    },
  };
}

/** Each row has a provider, a model, a variant and a route of its own, so that no row is felt in another. */
function configOf(targets: readonly Target[], upstream: FaultUpstream, places: Places): unknown {
  const here = `http://127.0.0.1:${upstream.port}`;
  const provider = (url: string, apiKey: string, timeouts: Row["timeouts"] = {}) => ({
    kind: "openai-compatible",
    baseURL: `${url}/v1`,
    apiKey,
    timeouts,
  });
  const each = <T>(entry: (target: Target) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(targets.map((target) => [slugOf(target), entry(target)]));
  const second = <T>(entry: (target: Target) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(
      targets
        .filter(({ fallback }) => fallback !== undefined)
        .map((target) => [fallbackOf(target), entry(target)]),
    );
  return {
    server: { adminToken: CANARIES.admin, metricsToken: CANARIES.metrics },
    keys: { app: { secret: CANARIES.client } },
    providers: {
      ...each((target) => {
        const url = typeof target.upstream === "string" ? places.url[target.upstream] : here;
        return provider(url, CANARIES.provider, target.timeouts);
      }),
      ...second(() => provider(here, CANARIES.second)),
    },
    models: {
      ...each((target) => ({ provider: slugOf(target), model: slugOf(target) })),
      ...second((target) => ({ provider: fallbackOf(target), model: fallbackOf(target) })),
    },
    variants: {
      ...each((target) => ({
        model: slugOf(target),
        ...(target.fallback === undefined ? {} : { fallback: [fallbackOf(target)] }),
        ...(target.hedge === undefined ? {} : { hedge: target.hedge }),
      })),
      ...second((target) => ({ model: fallbackOf(target) })),
    },
    routes: each((target) => ({
      ...(target.cacheFor === undefined ? {} : { cache: { ttl: target.cacheFor } }),
      rules: [{ name: "all", use: slugOf(target) }],
    })),
  };
}
