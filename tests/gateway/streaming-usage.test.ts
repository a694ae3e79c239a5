import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import {
  chunk,
  DONE,
  event,
  startStream,
  startUpstream,
  streamOf,
  usageChunk,
  wantsUsage,
} from "../support/upstream.ts";
import { cut } from "../transport/transcripts.ts";
import { askStream, bytesOf, counted, respondPieces } from "./streaming.ts";

const USAGE = {
  prompt_tokens: 30,
  completion_tokens: 7,
  total_tokens: 37,
  prompt_tokens_details: { cached_tokens: 12 },
};

const tokens = (gateway: TestGateway): Promise<readonly number[]> =>
  Promise.all(
    ["input", "cached_input", "output"].map((type) => gateway.metric("crossover_tokens_total", { type })),
  );

/** Each text part as it goes over the wire, then the finish, then the usage chunk, as OpenAI sends them. */
const withUsage = [...streamOf(["a", "é"], false).slice(0, -1), usageChunk(USAGE), DONE];
const withoutUsage = streamOf(["a", "é"], false).join("");

describe("a client that asks for usage", () => {
  test("gets exactly one usage chunk, with no choices, just before the end", async () => {
    const upstream = await startUpstream(respondPieces(withUsage));
    const gateway = await startGateway(twoPaths(upstream.url));
    const text = await (
      await gateway.post(askStream("bare", { stream_options: { include_usage: true } }))
    ).text();
    expect(text).toBe(withUsage.join(""));
    expect(text.split('"usage":').length).toBe(2);
    expect(text.endsWith(usageChunk(USAGE) + DONE)).toBe(true);
    expect(await tokens(gateway)).toEqual([30, 12, 7]);
  });

  test("keeps its stream_options as they are", async () => {
    const upstream = await startUpstream(respondPieces(withUsage));
    const gateway = await startGateway(twoPaths(upstream.url));
    await gateway.post(
      '{"model":"bare","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options": { "include_obfuscation" :false,"include_usage":true}}',
    );
    expect(upstream.received[0]?.text).toContain(
      '"stream_options":{ "include_obfuscation" :false,"include_usage":true}',
    );
  });
});

describe("a client that does not ask for usage", () => {
  test.each([
    ["without stream_options", {}, { include_usage: true }],
    ["with null", { stream_options: null }, { include_usage: true }],
    ["that says no", { stream_options: { include_usage: false } }, { include_usage: true }],
    [
      "with options of its own",
      { stream_options: { include_obfuscation: false, later: [1] } },
      { include_obfuscation: false, later: [1], include_usage: true },
    ],
  ])("sees none, though the upstream was asked and all is counted: %s", async (_name, more, asked) => {
    const upstream = await startUpstream(respondPieces(withUsage));
    const gateway = await startGateway(twoPaths(upstream.url));
    for (const model of ["bare", "enriched"] as const) {
      const text = await (await gateway.post(askStream(model, more))).text();
      expect(text).toBe(withoutUsage);
    }
    expect(upstream.received.map(({ body }) => body["stream_options"])).toEqual([asked, asked]);
    expect(await tokens(gateway)).toEqual([60, 24, 14]);
    expect(await gateway.metric("crossover_cost_usd_total", { model: "ft" })).toBeCloseTo(
      (30 * 3 + 7 * 6) / 1e6,
      12,
    );
    expect(await counted(gateway, 200, "success")).toEqual([2, 2]);
  });

  test("sees none however the bytes are cut", async () => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url));
    const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (pieces, spaced) => {
        const usage = spaced
          ? usageChunk(USAGE).replaceAll('":', '": ').replaceAll(",", ", ")
          : usageChunk(USAGE);
        const sent = Buffer.from([...withUsage.slice(0, -2), usage, DONE].join(""));
        upstream.respond(respondPieces(cut(sent, pieces)));
        expect((await bytesOf(await gateway.post(askStream()))).toString()).toBe(withoutUsage);
        runs++;
      }),
      { numRuns: 60 },
    );
    expect(await tokens(gateway)).toEqual([runs * 30, runs * 12, runs * 7]);
  });

  test("gets no line ending too much from a hidden chunk that ends in CRLF", async () => {
    const crlf = (text: string): string => text.replaceAll("\n", "\r\n");
    const upstream = await startUpstream(respondPieces([crlf(withUsage.join(""))]));
    const gateway = await startGateway(twoPaths(upstream.url));
    expect(await (await gateway.post(askStream())).text()).toBe(crlf(withoutUsage));
    expect(await tokens(gateway)).toEqual([30, 12, 7]);
    upstream.respond(async (_received, response) => {
      startStream(response);
      // One byte in each packet, so that the line ending comes in two.
      for (const byte of Buffer.from(crlf(withUsage.join(""))))
        await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
      response.end();
    });
    expect(await (await gateway.post(askStream())).text()).toBe(crlf(withoutUsage));
  });

  test("gets an event with usage that has choices too: it carries more than usage", async () => {
    const last = event({
      choices: [{ index: 0, delta: { content: "end" }, finish_reason: "stop" }],
      usage: USAGE,
    });
    const sent = [chunk({ role: "assistant", content: "" }), chunk({ content: "a" }), last, DONE].join("");
    const upstream = await startUpstream(respondPieces([sent]));
    const gateway = await startGateway(twoPaths(upstream.url));
    expect(await (await gateway.post(askStream())).text()).toBe(sent);
    expect(await tokens(gateway)).toEqual([30, 12, 7]);
  });

  test("gets a chunk without choices that has no usage, such as a content filter's", async () => {
    const filter = event({ choices: [], prompt_filter_results: [{ prompt_index: 0 }], usage: null });
    const sent = [filter, ...streamOf(["ok"], false)].join("");
    const upstream = await startUpstream(respondPieces([sent]));
    const gateway = await startGateway(twoPaths(upstream.url));
    expect(await (await gateway.post(askStream())).text()).toBe(sent);
  });

  test("is counted by the last usage when an upstream reports it with every chunk", async () => {
    const running = (completion_tokens: number): string =>
      event({
        choices: [{ index: 0, delta: { content: "x" }, finish_reason: null }],
        usage: { prompt_tokens: 30, completion_tokens },
      });
    const sent = [
      running(1),
      running(2),
      chunk({}, "stop"),
      usageChunk({ ...USAGE, completion_tokens: 3 }),
      DONE,
    ];
    const upstream = await startUpstream(respondPieces(sent));
    const gateway = await startGateway(twoPaths(upstream.url));
    expect(await (await gateway.post(askStream())).text()).toBe(sent.toSpliced(3, 1).join(""));
    expect(await tokens(gateway)).toEqual([30, 12, 3]);
  });
});

describe("a provider that does not know the option", () => {
  const config = (url: string): Record<string, unknown> =>
    twoPaths(url, {
      providers: { up: { kind: "openai-compatible", baseURL: `${url}/v1`, streamUsage: false } },
    });

  test("is not asked, and nothing is hidden", async () => {
    const upstream = await startUpstream(respondPieces(withUsage));
    const gateway = await startGateway(config(upstream.url));
    expect(await (await gateway.post(askStream())).text()).toBe(withUsage.join(""));
    expect(upstream.received[0]?.body).not.toHaveProperty("stream_options");
    expect(await tokens(gateway)).toEqual([30, 12, 7]);
  });

  test("is asked when the client itself asks", async () => {
    const upstream = await startUpstream(respondPieces(withUsage));
    const gateway = await startGateway(config(upstream.url));
    await gateway.post(askStream("bare", { stream_options: { include_usage: true } }));
    expect(upstream.received.map(wantsUsage)).toEqual([true]);
  });
});

test("an unstreamed request does not get the option, and its usage is counted", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  await gateway.post({ ...askStream(), stream: false });
  expect(upstream.received[0]?.body).not.toHaveProperty("stream_options");
  expect(await tokens(gateway)).toEqual([10, 0, 5]);
});
