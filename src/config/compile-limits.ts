import type { LimitSettings, Model, RedisSettings, Table } from "../domain/table.ts";
import type { CompileContext } from "./compile.ts";
import type { LimitsConfig } from "./limits-schema.ts";
import type { Config } from "./schema.ts";

/** Limits as the table has them; undefined for none. */
export function toLimits(limits: LimitsConfig | undefined): LimitSettings | undefined {
  if (limits === undefined || Object.values(limits).every((value) => value === undefined)) return undefined;
  const { requestsPerMinute, tokensPerMinute, concurrentStreams, usdPerDay, usdPerMonth } = limits;
  return { requestsPerMinute, tokensPerMinute, concurrentStreams, usdPerDay, usdPerMonth };
}

/** What the table has of limits besides those of keys and routes. */
export function compileLimiting(
  config: Config,
  models: ReadonlyMap<string, Model>,
  report: CompileContext["report"],
): Pick<Table, "tagLimits" | "limiting" | "redis"> {
  requirePrices(config, models, report);
  const { tags = {}, limits = {}, redis } = config;
  return {
    tagLimits: new Map(
      Object.entries(tags).flatMap(([name, tag]) => {
        const own = toLimits(tag.limits);
        return own === undefined ? [] : [[name, own] as const];
      }),
    ),
    limiting: { outputTokens: limits.outputTokens ?? 1024, waitMs: (limits.wait ?? 5) * 1000 },
    redis: redisSettings(redis),
  };
}

function redisSettings(redis: Config["redis"]): RedisSettings | undefined {
  if (redis === undefined || redis.url === "") return undefined;
  return { url: redis.url, cluster: redis.cluster ?? false, timeoutMs: (redis.timeout ?? 0.1) * 1000 };
}

/** A budget that does not know what a model costs would never be spent. */
function requirePrices(
  { keys = {}, tags = {}, routes = {} }: Config,
  models: ReadonlyMap<string, Model>,
  report: CompileContext["report"],
): void {
  const all = [keys, tags, routes].flatMap((entries) => Object.values(entries).map(({ limits }) => limits));
  if (!all.some((limits) => limits?.usdPerDay !== undefined || limits?.usdPerMonth !== undefined)) return;
  for (const { name, price } of models.values()) {
    if (price === undefined)
      report(
        ["models", name],
        "there is a budget, and nobody knows what this model costs: give it a `price`",
      );
  }
}
