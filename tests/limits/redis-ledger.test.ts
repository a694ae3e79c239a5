import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Claim, Ledger } from "../../src/limits/ledger.ts";
import { RedisLedger, type RedisLedgerOptions } from "../../src/limits/redis-ledger.ts";
import { openRedis } from "../../src/limits/redis-store.ts";
import { WaitingLine } from "../../src/limits/waiting-line.ts";
import { until } from "../support/gateway.ts";
import { type RedisServer, startRedis, WITHOUT_REDIS } from "../support/redis.ts";
import { atOnce, granted, ledgerSuite, perDay, perMinute } from "./suite.ts";

/** In the ledger's own slot, so that the scripts may read it. */
const TIME_KEY = "{crossover-limits}:test-time";

const NOW = `tonumber(redis.call('GET', '${TIME_KEY}'))`;
/** Where the test's time runs faster than the one by which leases are renewed. */
const A_YEAR_MS = 365 * 86_400_000;

/** A ledger, and what it told of its state. */
interface Opened {
  readonly ledger: RedisLedger;
  readonly states: string[];
  readonly lost: () => number;
}

const opened: Opened[] = [];

/** With a long timeout, as the machine may be busy. */
async function openLedger(
  url: string,
  options: Partial<RedisLedgerOptions> = {},
  store: { readonly now?: string; readonly cluster?: boolean } = {},
): Promise<Opened> {
  const states: string[] = [];
  let lost = 0;
  const ledger = new RedisLedger({
    store: await openRedis({ url, ...store }),
    onState: (state) => states.push(state),
    onLost: () => lost++,
    timeoutMs: 2000,
    probeMs: 20,
    ...options,
  });
  opened.push({ ledger, states, lost: () => lost });
  return { ledger, states, lost: () => lost };
}

afterAll(() => Promise.all(opened.map(({ ledger }) => ledger.close())));

/** A server for one test. */
async function ownRedis(...args: Parameters<typeof startRedis>): Promise<RedisServer> {
  const server = await startRedis(...args);
  onTestFinished(() => server.stop());
  return server;
}

describe.skipIf(WITHOUT_REDIS)("with a real Redis", () => {
  ledgerSuite(
    "in Redis",
    async () => {
      const server = await startRedis();
      await server.admin.set(TIME_KEY, "0");
      let time = 0;
      const { ledger, states } = await openLedger(
        server.url,
        { now: () => time, timeoutMs: 20_000, leaseMs: A_YEAR_MS },
        { now: NOW },
      );
      const setTime = async (to: number): Promise<void> => {
        time = to;
        await server.admin.set(TIME_KEY, String(to));
      };
      return {
        fresh: async (at): Promise<Ledger> => {
          await server.admin.flushAll();
          await setTime(at);
          return ledger;
        },
        setTime,
        size: async () =>
          (await server.admin.keys("*")).filter(
            (key) => key !== TIME_KEY && !/:(probe|charged:.*)$/.test(key),
          ).length,
        close: async () => {
          const changes = [...states];
          await server.stop();
          expect(changes).toEqual([]); // all was answered by Redis, and not in its stead
        },
      };
    },
    60,
  );

  describe("several processes", () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(() => server.stop());
    beforeEach(() => server.admin.flushAll());

    test("share their limits", async () => {
      const ledgers = await Promise.all([1, 2, 3].map(() => openLedger(server.url)));
      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, i) => ledgers[i % 3]?.ledger.reserve([perMinute(10), atOnce(20)])),
      );
      expect(outcomes.filter((outcome) => outcome?.kind === "granted").length).toBe(10);
    });

    test("wait for each other's settlements", async () => {
      const [mine, other] = await Promise.all([openLedger(server.url), openLedger(server.url)]);
      const held = granted(await other.ledger.reserve([perDay(100, 80)]));
      const line = new WaitingLine(mine.ledger, { most: 10, retryMs: 5 });
      const waiting = line.reserve([perDay(100, 80)], { ms: 20_000 });
      await until(() => line.size === 1 || undefined);
      await held.reservation.settle([10]);
      expect((await waiting)?.kind).toBe("granted");
    });

    test("every key has an expiry, and all are in one slot of a cluster", async () => {
      const { ledger } = await openLedger(server.url);
      const month: Claim = { ...perDay(100, 1), window: { kind: "month" } };
      const outcome = granted(await ledger.reserve([perMinute(5), perDay(100, 1), month, atOnce(3)]));
      const keys = await server.admin.keys("*");
      expect(keys.length).toBe(7); // two for each of three, one for the window
      for (const key of keys) {
        expect(key).toMatch(/^\{crossover-limits\}:/);
        expect(await server.admin.pTTL(key)).toBeGreaterThan(0);
      }
      await outcome.reservation.settle([1, 1, 1, 1]);
      for (const key of await server.admin.keys("*")) expect(await server.admin.pTTL(key)).toBeGreaterThan(0);
    });

    test("what a process held that died is given back when its lease ends, and no sooner", async () => {
      const claims = [atOnce(1), perDay(100, 100)];
      const dead = await openLedger(server.url, { leaseMs: 400 });
      const began = performance.now();
      granted(await dead.ledger.reserve(claims));
      await dead.ledger.close();
      const { ledger } = await openLedger(server.url);
      const outcome = await until(async () => {
        const tried = await ledger.reserve(claims);
        return tried.kind === "granted" ? tried : undefined;
      });
      expect(performance.now() - began).toBeGreaterThan(390);
      expect(outcome.standings).toMatchObject([{ remaining: 0 }, { remaining: 0 }]);
    });

    test("a request that takes longer than a lease keeps what it reserved", async () => {
      const { ledger } = await openLedger(server.url, { leaseMs: 1500 });
      const long = granted(await ledger.reserve([atOnce(1), perDay(100, 100)]));
      const end = performance.now() + 3000;
      await until(async () => {
        expect(await ledger.reserve([atOnce(1)])).toMatchObject({ kind: "refused" });
        return performance.now() > end || undefined;
      });
      await long.reservation.settle([1, 40]);
      expect((await ledger.reserve([atOnce(1), perDay(100, 0)])).standings).toMatchObject([
        { remaining: 0 },
        { remaining: 60 },
      ]);
    });

    test("a request whose lease ended all the same still counts once with what it cost", async () => {
      const { ledger } = await openLedger(server.url, { leaseMs: 600_000 });
      const late = granted(await ledger.reserve([perDay(100, 50)]));
      const [leases = ""] = await server.admin.keys("*:leases");
      const [member = ""] = await server.admin.zRange(leases, 0, -1);
      await server.admin.zAdd(leases, { value: member, score: 1 });
      expect((await ledger.reserve([perDay(100, 0)])).standings[0]?.remaining).toBe(100);
      await late.reservation.settle([30]);
      await late.reservation.settle([30]);
      expect((await ledger.reserve([perDay(100, 0)])).standings[0]?.remaining).toBe(70);
    });
  });

  describe("with the server's clock in the test's hands", () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(() => server.stop());
    const setTime = (to: string): Promise<unknown> => server.admin.set(TIME_KEY, Date.parse(to));
    const open = async (): Promise<RedisLedger> => {
      await server.admin.flushAll();
      await setTime("2026-05-10T12:00:00Z");
      return (await openLedger(server.url, {}, { now: NOW })).ledger;
    };

    test("when it is set back, a window neither frees what it holds nor keeps it for longer than one window", async () => {
      const ledger = await open();
      granted(await ledger.reserve([perMinute(2)]));
      await setTime("2026-05-10T11:00:00Z");
      expect((await ledger.reserve([perMinute(2)])).standings).toMatchObject([
        { remaining: 0, resetMs: 61_000 },
      ]);
      await setTime("2026-05-10T11:01:01Z");
      expect((await ledger.reserve([perMinute(2)])).standings).toMatchObject([{ remaining: 1 }]);
    });

    test("a budget does not grow with the days and months that it has seen", async () => {
      const ledger = await open();
      const month: Claim = { ...perDay(100, 1), window: { kind: "month" } };
      for (let days = 0; days < 130; days++) {
        await setTime(new Date(Date.parse("2026-05-10T12:00:00Z") + days * 86_400_000).toISOString());
        await granted(await ledger.reserve([perDay(100, 1), month])).reservation.settle([1, 1]);
      }
      for (const window of ["day", "month"])
        expect(await server.admin.hLen(`{crossover-limits}:${window}:key:a:usd`)).toBe(4);
    });
  });

  describe("without Redis", () => {
    test("a gateway that starts without it counts by itself, and goes over when it comes", async () => {
      const before = await ownRedis();
      await before.stop();
      const { ledger, states } = await openLedger(before.url);
      expect((await ledger.reserve([perMinute(1)])).kind).toBe("granted");
      expect((await ledger.reserve([perMinute(1)])).kind).toBe("refused");
      expect(states).toEqual(["memory"]);
      await ownRedis([], before.port);
      await until(() => states.at(-1) === "redis" || undefined);
      expect((await ledger.reserve([perMinute(1)])).kind).toBe("granted");
      expect(states).toEqual(["memory", "redis"]);
    });

    test("while it is frozen no request hangs, budgets go on from where they were, and nothing is lost", async () => {
      const server = await ownRedis();
      const { ledger, states, lost } = await openLedger(server.url, { timeoutMs: 1000 });
      await granted(await ledger.reserve([perDay(100, 60)])).reservation.settle([60]);
      const across = granted(await ledger.reserve([perDay(100, 10), atOnce(5)]));

      server.freeze();
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => ledger.reserve([perDay(100, 1), atOnce(50)])),
      );
      expect(states).toEqual(["memory"]);
      // 60 of 100 were seen to be used.
      const grants = outcomes.filter((outcome) => outcome.kind === "granted");
      expect(grants.length).toBe(40);
      for (const { reservation } of grants.slice(0, 20)) await reservation.settle([1, 1]);
      for (const { reservation } of grants.slice(20)) await reservation.release();
      await across.reservation.settle([7, 1]);

      server.thaw();
      await until(() => states.at(-1) === "redis" || undefined);
      expect((await ledger.reserve([perDay(100, 0), atOnce(5)])).standings).toEqual([
        expect.objectContaining({ remaining: 100 - 60 - 20 - 7 }),
        expect.objectContaining({ remaining: 4 }),
      ]);
      expect(states).toEqual(["memory", "redis"]);
      expect(lost()).toBe(0);
    });

    test("when it is killed and comes back empty, the gateway goes over by itself", async () => {
      const server = await ownRedis();
      const { ledger, states } = await openLedger(server.url);
      const held = granted(await ledger.reserve([perDay(100, 10), atOnce(1)]));
      await server.stop();
      expect((await ledger.reserve([perDay(100, 10)])).kind).toBe("granted");
      await held.reservation.settle([5, 1]);
      expect(states).toEqual(["memory"]);
      await ownRedis([], server.port);
      await until(() => states.at(-1) === "redis" || undefined);
      expect((await ledger.reserve([atOnce(1)])).kind).toBe("granted");
    });

    test("an answer that is lost on its way changes nothing: what was done is not done twice", async () => {
      const server = await ownRedis();
      const store = await openRedis({ url: server.url });
      /** Does what it is told, and its next answer is lost. */
      const losing = { settle: 0, charge: 0 };
      const { ledger, states } = await openLedger(server.url, {
        store: {
          ...store,
          settle: async (...args) => {
            await store.settle(...args);
            if (losing.settle-- > 0) throw new Error("lost");
          },
          charge: async (...args) => {
            await store.charge(...args);
            if (args[0].length > 1 && losing.charge-- > 0) throw new Error("lost");
          },
        },
      });
      const claims = [perDay(100, 40), perMinute(100, 40), atOnce(2)];
      const first = granted(await ledger.reserve(claims));
      losing.settle = 1;
      losing.charge = 1;
      await first.reservation.settle([30, 30, 1]);
      expect(states).toEqual(["memory"]);
      await granted(await ledger.reserve([perDay(100, 5)])).reservation.settle([5]);
      await until(() => states.at(-1) === "redis" || undefined);
      expect(losing.charge).toBeLessThanOrEqual(0);
      expect((await ledger.reserve([perDay(100, 0), perMinute(100, 0), atOnce(2)])).standings).toMatchObject([
        { remaining: 65 },
        { remaining: 70 },
        { remaining: 1 },
      ]);
    });

    test("a Redis that can't be written to is none", async () => {
      const server = await ownRedis();
      const { ledger, states } = await openLedger(server.url);
      await server.admin.configSet("min-replicas-to-write", "1");
      expect((await ledger.reserve([atOnce(1)])).kind).toBe("granted");
      expect((await ledger.reserve([atOnce(1)])).kind).toBe("refused");
      expect(states).toEqual(["memory"]);
      await server.admin.configSet("min-replicas-to-write", "0");
      await until(() => states.at(-1) === "redis" || undefined);
    });
  });

  test.each([false, true])("works on a node of a Redis Cluster; as a cluster: %s", async (cluster) => {
    const server = await ownRedis(["--cluster-enabled", "yes"]);
    await server.admin.sendCommand(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    await until(async () => (await server.admin.clusterInfo()).includes("cluster_state:ok") || undefined);
    const { ledger, states } = await openLedger(server.url, {}, { cluster });
    const outcome = granted(await ledger.reserve([perMinute(5), perDay(100, 60), atOnce(3)]));
    await outcome.reservation.settle([1, 10, 1]);
    expect((await ledger.reserve([perMinute(5), perDay(100, 0), atOnce(3)])).standings).toMatchObject([
      { remaining: 3 },
      { remaining: 90 },
      { remaining: 2 },
    ]);
    expect(states).toEqual([]);
  });
});
