import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { Kysely } from "kysely";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { summarize } from "../../src/store/feedback-queries.ts";
import { migrate } from "../../src/store/migrations.ts";
import { NodeSqliteDialect } from "../../src/store/node-sqlite.ts";
import { openStore } from "../../src/store/open.ts";
import type { LogEntry } from "../../src/store/rollout-store.ts";
import type { Schema } from "../../src/store/schema.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { startChild } from "../platforms/child.ts";
import { until } from "../support/until.ts";
import { EARLIER, useDatabases } from "./databases.ts";
import { batch, capture, contentOf, feedback, rolloutRun, tuningJob } from "./samples.ts";

const { open } = useDatabases();

const root = mkdtempSync(join(tmpdir(), "crossover-sqlite-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let files = 0;
const newFile = () => join(root, `data${++files}`, "crossover.db");
const writer = fileURLToPath(new URL("writing-child.ts", import.meta.url));
const appender = fileURLToPath(new URL("appending-child.ts", import.meta.url));

/** All bytes of the database, its journal and its index of the journal. */
const bytesOf = (file: string): string =>
  readdirSync(dirname(file))
    .map((name) => readFileSync(join(dirname(file), name), "latin1"))
    .join("");

test("the files are their owner's alone", async () => {
  const file = newFile();
  const store = await open(`file:${file}`);
  await store.write(batch({ captures: [capture("a")] }));
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  const modes = readdirSync(dirname(file)).map((name) => statSync(join(dirname(file), name)).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600, 0o600]);
});

// Another process that closes the file while nobody seems to have it open takes the journal away, with what is in it.
test.runIf(process.platform === "linux")("who opens a store that is open takes nobody's locks", async () => {
  const file = newFile();
  const first = await open(`file:${file}`);
  await first.write(batch({ captures: [capture("a")] }));
  const locks = () =>
    readFileSync("/proc/locks", "utf8")
      .split("\n")
      .filter((line) => line.includes(`:${statSync(file).ino} `)).length;
  const before = locks();
  expect(before).toBeGreaterThan(0);
  await open(`file:${file}`);
  expect(locks()).toBeGreaterThanOrEqual(before);
});

test("a transaction that a full disk ended tells of the disk", async () => {
  const database = new DatabaseSync(":memory:");
  database.exec("create table texts (text text); pragma max_page_count = 20");
  const db = new Kysely<{ texts: { text: string } }>({ dialect: new NodeSqliteDialect(database) });
  const filled = db.transaction().execute(async (transaction) => {
    for (let i = 0; i < 100; i++)
      await transaction
        .insertInto("texts")
        .values({ text: "x".repeat(10_000) })
        .execute();
  });
  await expect(filled).rejects.toThrow("database or disk is full");
  await db.destroy();
});

test("what was deleted is in no file any longer", async () => {
  const file = newFile();
  const store = await open(`file:${file}`);
  const needles = [
    "xylophonequery",
    "zeppelinanswer",
    "quokkacomment",
    "wombatcorrection",
    "ocelotuser",
    "numbatrow",
  ];
  const filler = Array.from({ length: 300 }, (_, i) => capture(`other${i}`, { at: i * 2 }));
  const secret = Array.from({ length: 30 }, (_, i) =>
    capture(`secret${i}`, {
      at: i * 20 + 1,
      user: "ocelotuser",
      content: contentOf(`a xylophonequery ${"long ".repeat(3_000)}`, "the zeppelinanswer"),
    }),
  );
  for (let i = 0; i < 30; i++)
    await store.write(batch({ captures: [...filler.slice(i * 10, i * 10 + 10), ...secret.slice(i, i + 1)] }));
  await store.addFeedback(feedback("f1", "secret1", { comment: "quokkacomment" }));
  await store.addFeedback(feedback("f2", "secret1", { name: "correction", value: "wombatcorrection" }));
  await store.saveComparison({ id: "k", at: 1, route: undefined, variants: [], summary: "{}" }, [
    { index: 0, captureId: "secret2", user: undefined, document: '"numbatrow"' },
    { index: 1, captureId: undefined, user: "ocelotuser", document: '"numbatrow"' },
  ]);
  for (const needle of needles) expect(bytesOf(file)).toContain(needle);
  expect(await store.delete({ user: "ocelotuser" })).toEqual({
    captures: 30,
    feedback: 2,
    comparisonRows: 2,
  });
  for (const needle of needles) {
    expect(bytesOf(file)).not.toContain(needle);
    // The index of words leaves out what a word has in common with the one before.
    expect(bytesOf(file)).not.toContain(needle.slice(2));
  }
  expect(await store.count({ search: "tomato" })).toBe(300);
});

test("retention makes the file smaller, to within a tenth of its bound", async () => {
  const file = newFile();
  const store = await open(`file:${file}`);
  const long = "some words of an answer ".repeat(60);
  for (let from = 0; from < 2_000; from += 200)
    await store.write(
      batch({
        captures: Array.from({ length: 200 }, (_, i) =>
          capture(`c${from + i}`, { at: from + i, content: contentOf(`q${from + i}`, long) }),
        ),
      }),
    );
  const { bytes } = await store.size();
  const bound = Math.round(bytes * 0.4);
  await store.retain({ before: undefined, maxBytes: bound });
  const size = statSync(file).size;
  expect(size).toBeLessThanOrEqual(bound);
  expect(size).toBeGreaterThan(bound * 0.9);
  expect((await store.size()).oldest).toBeGreaterThan(1_000);
});

test("a lock of another process is a failure that passes", async () => {
  const file = newFile();
  const store = await open(`file:${file}`);
  const other = new DatabaseSync(file);
  other.exec("begin immediate");
  await expect(store.write(batch({ captures: [capture("a")] }))).rejects.toMatchObject({
    name: "StoreError",
    temporary: true,
    message: expect.stringContaining("locked"),
  });
  expect(await store.count({})).toBe(0);
  other.exec("rollback");
  await store.write(batch({ captures: [capture("a")] }));
  expect(await store.count({})).toBe(1);
  other.close();
});

test("refuses what is no store, what is newer and what is nowhere", async () => {
  const notes = join(root, "notes.txt");
  writeFileSync(notes, "not a database, but long enough to have a header ".repeat(100));
  await expect(openStore(`file:${notes}`)).rejects.toMatchObject({ temporary: false, message: /no SQLite/ });
  await expect(openStore(`file:${notes}/store.db`)).rejects.toMatchObject({
    temporary: true,
    message: expect.stringContaining(`the store's file ${notes}/store.db can't be opened (E`),
  });
  for (const url of ["mysql://x", "file:", "file://host/x.db", "data/x.db"])
    await expect(openStore(url)).rejects.toMatchObject({ name: "StoreError", temporary: false });
  const file = newFile();
  await (await openStore(`file:${file}`)).close();
  const database = new DatabaseSync(file);
  database.exec("insert into crossover_migrations values ('999_later', '2030-01-01T00:00:00.000Z')");
  database.close();
  await expect(openStore(`file:${file}`)).rejects.toMatchObject({
    temporary: false,
    message: /newer version/,
  });
});

test.each(EARLIER)(
  "a store of the version $version gets its tables and keeps what it has",
  async (earlier) => {
    const file = newFile();
    const first = await openStore(`file:${file}`);
    await first.write(batch({ captures: [capture("a")] }));
    await first.addFeedback(feedback("f", "a"));
    await first.close();
    const database = new DatabaseSync(file);
    database.exec(earlier.statements);
    database.close();
    const store = await open(`file:${file}`);
    expect(await store.saveTuningJob(tuningJob("j"))).toBe(true);
    expect(await store.tuningJob("j")).toEqual(tuningJob("j"));
    const kept = { ...capture("a"), tableVersion: undefined, feedback: [feedback("f", "a")] };
    expect((await store.page({}, { limit: 5, order: "newest" })).captures).toEqual([kept]);
    await store.write(batch({ captures: [capture("b", { run: "r" })] }));
    expect(await store.find("b")).toMatchObject({ run: "r", tableVersion: "t1" });
    expect(await store.saveRun(rolloutRun("r"), [])).toBe(true);
  },
);

test("two processes may make one store at once", async () => {
  const file = newFile();
  const children = [1, 2, 3].map((n) => startChild(process.execPath, [writer, `file:${file}`, `p${n}`, "1"]));
  const codes = await Promise.all(children.map((child) => child.ended));
  expect([codes, children.map((child) => child.stderr())]).toEqual([
    [0, 0, 0],
    ["", "", ""],
  ]);
  expect(await (await open(`file:${file}`)).count({})).toBe(3 * 20);
});

test("a process that is killed loses nothing that it was told is stored", async () => {
  const file = newFile();
  for (const name of ["k1", "k2", "k3"]) {
    const child = startChild(process.execPath, [writer, `file:${file}`, name, "1000000"]);
    await until(() => child.stdout().split("\n").length > 5 || child.hasEnded(), 30_000);
    await child.stop();
    const acknowledged = child.stdout().split("\n").filter(Boolean);
    const store = await openStore(`file:${file}`);
    for (const id of acknowledged) expect(await store.find(id)).toBeDefined();
    expect(await store.count({ key: name })).toBeGreaterThanOrEqual(acknowledged.length * 20);
    expect((await store.count({ key: name })) % 20).toBe(0);
    await store.close();
  }
  const database = new DatabaseSync(file);
  expect(database.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(() =>
    database.exec("insert into capture_words(capture_words) values ('integrity-check')"),
  ).not.toThrow();
  database.close();
});

test("a log that one of two processes is killed over has no gap, and all that either was told is in it", async () => {
  const file = newFile();
  const store = await openStore(`file:${file}`);
  await store.saveRun(rolloutRun("a"), []);
  await store.close();
  const told: string[] = [];
  for (const round of [1, 2, 3]) {
    const [killed, other] = ["killed", "other"].map((name) =>
      startChild(process.execPath, [appender, `file:${file}`, "a", `${name}-${round}`]),
    );
    if (killed === undefined || other === undefined) throw new RangeError();
    onTestFinished(() => Promise.all([killed.stop(), other.stop()]).then(() => {}));
    const linesOf = (child: typeof killed) => child.stdout().split("\n").slice(0, -1);
    await until(() => linesOf(killed).length > 5 && linesOf(other).length > 5, 30_000);
    killed.process.kill("SIGKILL");
    await killed.ended;
    // Nothing that the dead one held keeps the other from going on.
    const before = linesOf(other).length;
    await until(() => linesOf(other).length > before + 5, 30_000);
    await other.stop();
    told.push(...linesOf(killed), ...linesOf(other));
  }
  const again = await open(`file:${file}`);
  const entries: LogEntry[] = [];
  for (;;) {
    const part = await again.observations("a", entries.length);
    if (part.entries.length === 0) break;
    entries.push(...part.entries);
  }
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, n) => n + 1));
  const ids = entries.map(({ document }) => document);
  expect(new Set(ids).size).toBe(ids.length);
  expect(told.filter((id) => !ids.includes(id))).toEqual([]);
}, 120_000);

test("Kysely's plan for each filter of a page uses an index", async () => {
  const file = newFile();
  await open(`file:${file}`);
  const database = new DatabaseSync(file);
  const plan = (where: string) =>
    database
      .prepare(
        `explain query plan select * from (select *, seq as place from captures) as captures where ${where} order by captures.place desc limit 51`,
      )
      .all()
      .map(({ detail }) => detail)
      .join();
  for (const column of ["route", "variant", "outcome", "key", "user"])
    expect(plan(`captures.${column} = 'x' and captures.place < 5`)).toMatch(
      new RegExp(`^SEARCH captures USING INDEX captures_by_${column} \\(${column}=\\? AND seq<\\?\\)$`),
    );
  expect(plan("captures.place >= 1 and captures.place < 5")).toMatch(
    /^SEARCH captures USING INTEGER PRIMARY KEY/,
  );
  database.close();
});

test("sums of feedback look for its captures once, and not for those of each mean", async () => {
  const file = newFile();
  const { db, dialect } = openSqlite(file, true);
  await migrate({ db, dialect });
  const database = new DatabaseSync(file);
  const plans: string[] = [];
  const watched = new Kysely<Schema>({
    dialect: new NodeSqliteDialect(database),
    log: ({ query: { sql, parameters } }) => {
      const steps = database.prepare(`explain query plan ${sql}`).all(...parameters.map(String));
      plans.push(steps.map(({ detail }) => detail).join("\n"));
    },
  });
  await summarize({ db: watched, dialect }, {});
  await Promise.all([db.destroy(), watched.destroy()]);
  expect(plans.length).toBe(2);
  for (const plan of plans) expect(plan.match(/(SEARCH|SCAN) captures/g)).toEqual(["SEARCH captures"]);
});
