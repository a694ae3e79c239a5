import { OpenAI } from "openai";
import type { Flow, TransportFailure } from "../../src/domain/transport.ts";
import { simulator } from "../../src/providers/simulator.ts";

export const HI = {
  model: "sim-model",
  messages: [{ role: "user", content: "Quick tomato soup" }],
} satisfies OpenAI.ChatCompletionCreateParamsNonStreaming;

export type Settings = Readonly<Record<string, unknown>>;

/** What the simulated upstream did. */
export interface Played {
  status: number;
  headers: Readonly<Record<string, unknown>>;
  text: string;
  chunks: string[];
  failure: TransportFailure | undefined;
  ended: boolean;
}

export function transportOf(settings: Settings = {}, dataDir = "data") {
  const { transport } = simulator.connect(
    { kind: "simulator", ...settings },
    { name: "m", model: "sim-model" },
    { dataDir },
  );
  if (transport === undefined) throw new TypeError("the simulator has a transport of its own");
  return transport;
}

/** Sends a body and gathers the answer as it comes; `read` may ask for a pause by returning false. */
export function start(
  settings: Settings,
  body: unknown,
  read: (played: Played) => boolean = () => true,
  dataDir?: string,
): { readonly played: Played; readonly flow: Flow; readonly over: Promise<void> } {
  const played: Played = { status: 0, headers: {}, text: "", chunks: [], failure: undefined, ended: false };
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  const flow = transportOf(settings, dataDir).send(
    { url: "simulator:", headers: {}, connectTimeoutMs: 1000 },
    JSON.stringify(body),
    {
      head: (status, headers) => Object.assign(played, { status, headers }),
      data: (bytes) => {
        const chunk = decoder.decode(bytes);
        played.text += chunk;
        played.chunks.push(chunk);
        return read(played);
      },
      end: () => {
        played.ended = true;
        resolve();
      },
      fail: (failure) => {
        played.failure = failure;
        resolve();
      },
    },
  );
  return { played, flow, over };
}

/** The whole answer to a body. */
export async function play(settings: Settings, body: unknown, dataDir?: string): Promise<Played> {
  const { played, over } = start(settings, body, undefined, dataDir);
  await over;
  return played;
}

/** The official SDK on top of the simulator. */
export function sdkOn(settings: Settings = {}, dataDir?: string): OpenAI {
  return new OpenAI({
    apiKey: "none",
    maxRetries: 0,
    fetch: async (_input, init) => {
      const { status, headers, text } = await play(settings, JSON.parse(String(init?.body)), dataDir);
      return new Response(text, {
        status,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      });
    },
  });
}

export function body(
  content: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { model: "sim-model", messages: [{ role: "user", content }], ...more };
}
