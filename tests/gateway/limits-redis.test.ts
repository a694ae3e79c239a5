import { describe, expect, onTestFinished, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { type RedisServer, startRedis, WITHOUT_REDIS } from "../support/redis.ts";
import { completion, sendJson, startUpstream, type Upstream } from "../support/upstream.ts";
import { ASK } from "./failing.ts";

const DEAR = { ...ASK, max_tokens: 1000 };

interface Fleet {
  readonly redis: RedisServer;
  readonly upstream: Upstream;
  readonly gateways: readonly TestGateway[];
}

/** Two gateways with one Redis. Each answer costs 0.10 USD, which is the most that it may cost. */
async function startFleet(limits: object): Promise<Fleet> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const usage = { prompt_tokens: 0, completion_tokens: 1000, total_tokens: 1000 };
  const upstream = await startUpstream((_received, response) => sendJson(response, completion("ok", usage)));
  const price = { input: 0, output: 100 };
  const config = twoPaths(upstream.url, {
    redis: { url: redis.url, timeout: 5 }, // the machine may be busy
    models: { base: { provider: "up", model: "a", price }, ft: { provider: "up", model: "b", price } },
    routes: { bare: { default: "tuned", limits } },
  });
  return { redis, upstream, gateways: [await startGateway(config), await startGateway(config)] };
}

async function statuses({ gateways }: Fleet, count: number): Promise<number[]> {
  const asked = Array.from({ length: count }, (_, i) => gateways[i % gateways.length]?.post(DEAR));
  return (await Promise.all(asked)).map((answer) => answer?.status ?? 0);
}

const oks = (all: readonly number[]): number => all.filter((status) => status === 200).length;

describe.skipIf(WITHOUT_REDIS)("several gateways", () => {
  test("share the requests of a minute", async () => {
    const fleet = await startFleet({ requestsPerMinute: 30 });
    expect(oks(await statuses(fleet, 80))).toBe(30);
    expect(fleet.upstream.received).toHaveLength(30);
  });

  test("share a budget, and overspend it by nothing", async () => {
    const fleet = await startFleet({ usdPerDay: 1 });
    expect(oks(await statuses(fleet, 40))).toBe(10);
  });

  test("answer on while Redis is frozen, each by its own count, and share again when it is back", async () => {
    const fleet = await startFleet({ requestsPerMinute: 30 });
    const { redis, gateways } = fleet;
    const shared = (value: number) => async (): Promise<boolean> => {
      const all = await Promise.all(gateways.map(({ metric }) => metric("crossover_limits_shared")));
      return all.every((one) => one === value);
    };
    expect(oks(await statuses(fleet, 2))).toBe(2);
    expect(await shared(1)()).toBe(true);
    redis.freeze();
    expect(oks(await statuses(fleet, 2))).toBe(2);
    await until(shared(0));
    expect(oks(await statuses(fleet, 20))).toBe(20);
    redis.thaw();
    await until(shared(1));
    expect(oks(await statuses(fleet, 2))).toBe(2);
    for (const { logs } of gateways) {
      const told = logs.filter(({ message }) => /Redis/.test(message)).map(({ level }) => level);
      expect(told).toEqual(["error", "info"]);
    }
  });

  test("start without Redis, and count by themselves", async () => {
    const upstream = await startUpstream();
    const gateway = await startGateway(
      twoPaths(upstream.url, {
        redis: { url: "redis://user:redis-password-of-the-test@127.0.0.1:1" },
        routes: { bare: { default: "tuned", limits: { requestsPerMinute: 1 } } },
      }),
    );
    const asked: number[] = [];
    for (let i = 0; i < 2; i++) asked.push((await gateway.post(ASK)).status);
    expect(asked).toEqual([200, 429]);
    expect(JSON.stringify(gateway.logs)).not.toContain("redis-password");
  });
});
