import { expect, test } from "vitest";
import { shownProblems, small, tableOf } from "./tables.ts";

const DAY_MS = 86_400_000;

test("without a word a file of the data folder is the store, for 90 days and 10 GiB", () => {
  const retention = { maxAgeMs: 90 * DAY_MS, maxBytes: 10 * 1024 ** 3 };
  expect(tableOf(small()).store).toEqual({ url: "file:data/crossover.db", isStated: false, retention });
  const server = { dataDir: "/var/lib/100%/" };
  expect(tableOf(small({ server })).store?.url).toBe("file:/var/lib/100%25/crossover.db");
  const env = { CROSSOVER_DATA_DIR: "elsewhere" };
  expect(tableOf(small({ server }), { env }).store?.url).toBe("file:elsewhere/crossover.db");
});

test("`false` is no store", () => {
  expect(tableOf(small({ store: false })).store).toBeUndefined();
});

test("place and retention can be set, the place by the environment too", () => {
  const store = { url: "${STORE:-}", retention: { days: 0.5, maxBytes: 2_000_000 } };
  const retention = { maxAgeMs: DAY_MS / 2, maxBytes: 2_000_000 };
  const url = "postgres://crossover:hunter2@db.example/crossover";
  expect(tableOf(small({ store }), { env: { STORE: url } }).store).toEqual({
    url,
    isStated: true,
    retention,
  });
  expect(tableOf(small({ store }), { env: {} }).store?.url).toBe("file:data/crossover.db");
});

test.each([
  ["mysql://db/crossover", "expected file:PATH or postgres://USER:PASSWORD@HOST/DATABASE"],
  ["data/crossover.db", "expected file:PATH or postgres://USER:PASSWORD@HOST/DATABASE"],
  ["file:", "expected file:PATH or postgres://USER:PASSWORD@HOST/DATABASE"],
  ["postgres://db:notaport/x", "this is no URL"],
])("%s is refused with line and key", (url, message) => {
  const config = `store:\n  url: "${url}"\nproviders: { sim: { kind: simulator } }\n`;
  expect(shownProblems(config)).toEqual([`crossover.yaml:2 store.url: ${message}`]);
});

test("retention within bounds, and nothing unknown", () => {
  const problems = (store: unknown) =>
    shownProblems(small({ store })).map((line) => line.replace(/^\S+ /, ""));
  expect(problems({ retention: { days: 0 } })[0]).toMatch(/^store\.retention\.days: /);
  expect(problems({ retention: { maxBytes: 1000 } })[0]).toMatch(/^store\.retention\.maxBytes: /);
  expect(problems({ file: "x" })).toEqual([expect.stringContaining("store.file: unknown key `file`")]);
  expect(problems(true)[0]).toMatch(/^store: /);
});

test("the store belongs into the main file", () => {
  const files = { "more.yaml": "store: false" };
  expect(shownProblems(small({ include: ["more.yaml"] }), { files })).toEqual([
    "more.yaml:1 store: `store` belongs into crossover.yaml, which includes this file",
  ]);
});

test.each(["hunter2-of-the-store", "100%-hunter2"])(
  "the password %s is a secret that is redacted",
  (password) => {
    const url = `postgres://crossover:${password}@db.example/crossover`;
    const { redaction } = tableOf(small({ store: { url } }));
    expect(redaction.secrets.redact(`no ${password} here, nor in ${url}`)).not.toContain(password);
    expect(redaction.settings.secrets).toContain(password);
  },
);

test("what is redacted before it is stored can be handed to another thread", () => {
  const { redaction } = tableOf(
    small({ redaction: { pii: ["email"], patterns: [{ name: "order", match: "ORDER-\\d+" }] } }),
  );
  expect(structuredClone(redaction.settings)).toEqual({
    secrets: [],
    personal: ["email"],
    patterns: [{ name: "order", match: "ORDER-\\d+" }],
  });
});
