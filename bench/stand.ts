import { setTimeout as delay } from "node:timers/promises";
import {
  cpuSeconds,
  LOAD_CORES,
  residentMiB,
  SUBJECT_CORES,
  type ThreadSeconds,
  threadSeconds,
} from "./machine.ts";
import { PinnedProcess } from "./process.ts";
import { requestBody } from "./sample.ts";
import type { Subject } from "./subjects.ts";

const FIRST_PORT = 18801;
const START_MS = 20_000;

/** A mock upstream. */
export interface Upstream {
  /** Does it answer with a stream? */
  readonly streams: boolean;
  command(port: number): readonly string[];
}

/** What a load needs to know of the thing it loads. */
export interface Stand {
  readonly name: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly chatUrl: string;
}

/** A subject under way, with its upstream. */
export interface RunningStand extends Stand {
  readonly subject: Subject;
  /** The upstream without anything before it. */
  readonly direct: Stand;
  cpuSeconds(): number;
  threadSeconds(): ThreadSeconds;
  /** What it measures of itself, as text. */
  metrics(): Promise<string>;
  residentMiB(): number;
  /** @param signal what the subject gets; default SIGKILL */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts an upstream and, pinned to the subjects' core, the subject before it, and checks that it answers.
 * @param place of several that are up at once, from 0
 */
export async function startStand(
  subject: Subject,
  upstream: Upstream,
  folder: string,
  place = 0,
): Promise<RunningStand> {
  const upstreamPort = FIRST_PORT + 2 * place;
  const port = upstreamPort + 1;
  const upstreamProcess = new PinnedProcess(upstream.command(upstreamPort), {
    cores: LOAD_CORES,
    folder,
    name: `upstream-${upstreamPort}`,
  });
  const process = new PinnedProcess(subject.command({ folder, port, upstreamPort }), {
    cores: SUBJECT_CORES,
    folder,
    name: `subject-${port}`,
    env: subject.env({ folder, port, upstreamPort }),
  });
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    await process.stop(signal);
    await upstreamProcess.stop();
  };
  const stand = {
    name: subject.name,
    model: subject.model,
    headers: subject.headers(upstreamPort),
    chatUrl: urlAt(port),
  };
  const direct = { name: "direct", model: "gpt-4.1-mini", headers: {}, chatUrl: urlAt(upstreamPort) };
  try {
    await answers(direct, { headers: {}, stream: upstream.streams }, upstreamProcess);
    await answers(stand, { headers: subject.expected, stream: upstream.streams }, process);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...stand,
    subject,
    direct,
    cpuSeconds: () => cpuSeconds(process.pid),
    threadSeconds: () => threadSeconds(process.pid),
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    residentMiB: () => residentMiB(process.pid),
    stop,
  };
}

function urlAt(port: number): string {
  return `http://127.0.0.1:${port}/v1/chat/completions`;
}

/** Waits until a request gets the answer that it should get. */
async function answers(
  { name, chatUrl, headers, model }: Stand,
  expected: { readonly headers: Readonly<Record<string, string>>; readonly stream: boolean },
  process: PinnedProcess,
): Promise<void> {
  const until = Date.now() + START_MS;
  let last: unknown;
  while (Date.now() < until) {
    process.checkAlive();
    try {
      const response = await fetch(chatUrl, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: requestBody({ model, stream: expected.stream }),
      });
      const text = await response.text();
      const good =
        response.status === 200 &&
        text.includes("chatcmpl-") &&
        Object.entries(expected.headers).every(([header, value]) => response.headers.get(header) === value);
      if (good) return;
      last = `${response.status} ${text.slice(0, 500)}`;
    } catch (error) {
      last = error;
    }
    await delay(50);
  }
  throw new Error(`${name} does not answer as it should: ${String(last)}\n${process.output.slice(-2000)}`);
}
