import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { type PostgresServer, run, startPostgres, WITHOUT_POSTGRES } from "../support/postgres.ts";
import { EARLIER } from "./databases.ts";
import { batch, capture, rolloutRun, tuningJob } from "./samples.ts";

describe.skipIf(WITHOUT_POSTGRES)("a store in Postgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  test("several may make it at once", async () => {
    const url = await server.createDatabase();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(url)));
    await Promise.all(
      stores.map((store, i) => store.write(batch({ captures: [capture("same"), capture(`${i}`)] }))),
    );
    expect(await stores[0]?.count({})).toBe(5);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a lost connection is a failure that passes, and the next write takes a new one", async () => {
    const url = await server.createDatabase();
    const store = await openStore(url);
    await store.write(batch({ captures: [capture("a")] }));
    await run(
      url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crossover'",
    );
    await store.count({}).catch((error: unknown) => expect(error).toMatchObject({ temporary: true }));
    await store.write(batch({ captures: [capture("b")] }));
    expect(await store.count({})).toBe(2);
    await store.close();
  });

  test("tells what is wrong, and never the password", async () => {
    const url = await server.createDatabase();
    const wrong = [
      [url.replace(/:\d+\//, ":1/"), true, /can't be reached/],
      [url.replace(/test_\d+$/, "nowhere"), false, /database is not there/],
      [url.replace("crossover:", "stranger:"), false, /user or password/],
      ["postgres://user:hunter2@[bad/x", false, /url/],
    ] as const;
    for (const [at, temporary, message] of wrong) {
      const error = await openStore(at).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "StoreError", temporary, message: expect.stringMatching(message) });
      expect(String(error)).not.toContain("hunter2");
    }
  });

  test.each(EARLIER)(
    "a store of the version $version gets its tables, whoever comes first",
    async (earlier) => {
      const url = await server.createDatabase();
      const first = await openStore(url);
      await first.write(batch({ captures: [capture("a")] }));
      await first.close();
      await run(url, earlier.statements);
      const stores = await Promise.all([1, 2, 3].map(() => openStore(url)));
      const saved = await Promise.all(stores.map((store) => store.saveTuningJob(tuningJob("j"))));
      expect(saved.filter(Boolean)).toHaveLength(1);
      const begun = await Promise.all(stores.map((store) => store.saveRun(rolloutRun("r"), [])));
      expect(begun.filter(Boolean)).toHaveLength(1);
      expect(await stores[0]?.find("a")).toEqual({ ...capture("a"), tableVersion: undefined, feedback: [] });
      await Promise.all(stores.map((store) => store.close()));
    },
  );

  test("refuses a store of a newer version", async () => {
    const url = await server.createDatabase();
    await (await openStore(url)).close();
    await run(url, "insert into crossover_migrations values ('999_later', '2030-01-01T00:00:00.000Z')");
    await expect(openStore(url)).rejects.toMatchObject({ temporary: false, message: /newer version/ });
  });
});
