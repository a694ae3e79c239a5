import { expect, test } from "vitest";
import { shownProblems, small, tableOf } from "./tables.ts";

test("a file that is not there is named", () => {
  expect(shownProblems("include: [more.yaml]")).toEqual([
    "more.yaml:1 : there is no such file, or it can't be read",
  ]);
});

test("HOST and PORT override the file's address", () => {
  const config = small({ server: { host: "127.0.0.2", port: 1111 } });
  const address = (env: Record<string, string>) => {
    const { host, port } = tableOf(config, { env }).server;
    return `${host}:${port}`;
  };
  expect(address({})).toBe("127.0.0.2:1111");
  expect(address({ HOST: "0.0.0.0", PORT: "2222" })).toBe("0.0.0.0:2222");
  expect(address({ PORT: "0" })).toBe("127.0.0.2:0");
  expect(address({ HOST: "", PORT: "" })).toBe("127.0.0.2:1111");
  expect(tableOf(small()).server).toMatchObject({ host: "127.0.0.1", port: 8787 });
});

test("timeouts are in seconds; a provider's own come before the shared ones", () => {
  const table = tableOf(
    small({
      timeouts: { firstByte: 9, total: 90 },
      providers: { sim: { kind: "simulator", timeouts: { firstByte: 0.5 } } },
    }),
  );
  expect(table.models.get("base")?.timeouts).toEqual({
    connect: 5000,
    firstByte: 500,
    whole: 500,
    idle: 30_000,
    total: 90_000,
  });
});

test("without `firstByte` an unstreamed answer may begin as late as it may end", () => {
  const table = tableOf(small({ timeouts: { total: 900 } }));
  expect(table.models.get("base")?.timeouts).toMatchObject({ firstByte: 60_000, whole: 900_000 });
});

test.each([
  ["http://127.0.0.1:8000/v1", ["127.0.0.1:8000"]],
  ["http://vllm:8000/v1", ["vllm:8000"]],
  ["https://models.acme.example/v1", ["models.acme.example"]],
  ["http://model/v1", []],
])("errors are not to name the server of %s, unless it is a mere word", (baseURL, hidden) => {
  const table = tableOf(
    small({
      providers: { up: { kind: "openai-compatible", baseURL } },
      models: { base: { provider: "up", model: "m" }, ft: { provider: "up", model: "m-tuned" } },
    }),
  );
  expect(table.models.get("base")?.target.secrets).toEqual(hidden);
});

test("a model is fine-tuned when it says so or its id does", () => {
  const table = tableOf(
    small({
      models: {
        base: { provider: "sim", model: "gpt" },
        ft: { provider: "sim", model: "ft:gpt:acme::1" },
        said: { provider: "sim", model: "deployment", fineTuned: true },
      },
    }),
  );
  expect([...table.models.values()].map(({ fineTuned }) => fineTuned)).toEqual([false, true, true]);
});

test("a variant with a prompt is enriched, one without is bare and strips system messages by default", () => {
  const table = tableOf(
    small({
      prompts: { helper: { system: "You are a helper." } },
      variants: {
        a: { model: "base" },
        prompted: { model: "base", prompt: "helper" },
        tuned: { model: "ft", fallback: ["prompted"] },
      },
    }),
  );
  expect(table.variants.get("prompted")).toMatchObject({ path: "enriched", prompt: { name: "helper" } });
  expect(table.variants.get("tuned")).toMatchObject({
    path: "bare",
    bare: "strip-system",
    fallback: ["prompted"],
  });
});

test("params keep their types as JSON", () => {
  const params = {
    temperature: 0.2,
    stop: ["a"],
    response_format: { type: "json_object" },
    logit_bias: null,
  };
  const table = tableOf(small({ variants: { a: { model: "base", params } } }));
  expect(table.variants.get("a")?.params).toEqual({
    temperature: "0.2",
    stop: '["a"]',
    response_format: '{"type":"json_object"}',
    logit_bias: "null",
  });
});

test("of a key only its hash is kept", () => {
  const table = tableOf(
    small({ keys: { app: { secret: "0123456789abcdef", tags: ["t"], forceVariant: true } } }),
  );
  expect(table.keys).toEqual([
    {
      name: "app",
      proofs: [
        { hash: "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f", until: undefined },
      ],
      hint: undefined,
      tags: ["t"],
      routes: undefined,
      forceVariant: true,
      admin: false,
      capture: true,
      expiresAt: undefined,
    },
  ]);
});

test("a provider without key lets the simulator stand in only where it is allowed to", () => {
  const openai = (more: object) =>
    small({
      providers: { sim: { kind: "openai", apiKey: "", ...more } },
      models: { base: { provider: "sim", model: "gpt-4.1-mini" }, ft: { provider: "sim", model: "x" } },
    });
  expect(shownProblems(openai({}))[0]).toMatch(/providers\.sim\.apiKey: the key is empty/);
  const table = tableOf(openai({ withoutKey: "simulator" }));
  expect(table.notices).toEqual(["provider sim has no key: the built-in simulator answers in its place"]);
  expect(table.models.get("base")).toMatchObject({ kind: "simulator", price: { input: 0.4, output: 1.6 } });
  expect(tableOf(openai({ apiKey: "sk-1", withoutKey: "simulator" })).notices).toEqual([]);
});
