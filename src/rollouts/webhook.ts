import { createHmac } from "node:crypto";
import type { WebhookSettings } from "../domain/rollout.ts";
import type { Log } from "../metrics/log.ts";
import type { Change, Run } from "./run.ts";
import { changeToDocument } from "./to-document.ts";

/** What is told of a change. */
export interface WebhookEvent {
  /** Of the change: the same one may come twice. */
  readonly id: string;
  readonly rollout: string;
  /** JSON. */
  readonly body: string;
}

/** `left`: the gateway stops, and another one is to send it. */
export type WebhookEnd = "delivered" | "failed" | "left";

export interface WebhooksOptions {
  readonly log: Log;
  /** Never rejects. */
  readonly onEnd: (event: WebhookEvent, end: WebhookEnd) => Promise<void>;
  /** Waits between tries, in milliseconds. */
  readonly waitsMs?: readonly number[] | undefined;
  /** What a try may take, in milliseconds. */
  readonly timeoutMs?: number;
}

const WAITS_MS = [1000, 5000, 30_000, 120_000];
const TIMEOUT_MS = 10_000;

/** Tells of what becomes of rollouts, without anybody waiting for it. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #closing = new AbortController();
  /** By the event's id. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** One that is on its way is not sent beside. */
  send(to: WebhookSettings, event: WebhookEvent): void {
    if (this.#underWay.has(event.id)) return;
    const sending = this.#send(to, event)
      .then((end) => this.#options.onEnd(event, end))
      .finally(() => this.#underWay.delete(event.id));
    this.#underWay.set(event.id, sending);
  }

  /** Leaves what could not be delivered until now. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#underWay.values());
  }

  async #send(to: WebhookSettings, { id, rollout, body }: WebhookEvent): Promise<WebhookEnd> {
    const { log, waitsMs = WAITS_MS } = this.#options;
    const most = waitsMs.length + 1;
    for (let tries = 1; ; tries++) {
      const problem = await this.#try(to, id, body);
      if (problem === undefined) {
        if (tries > 1) log("info", "a webhook was delivered", { rollout, event: id, tries });
        return "delivered";
      }
      const waitMs = waitsMs[tries - 1];
      if (!this.#closing.signal.aborted) {
        const isLast = waitMs === undefined;
        log("warn", isLast ? "a webhook was given up" : "a webhook could not be delivered", {
          rollout,
          event: id,
          tries,
          problem,
          note: isLast ? undefined : `try ${tries} of ${most} failed, next in ${waitMs / 1000} s`,
        });
        if (isLast) return "failed";
        if (await this.#wait(waitMs)) continue;
      }
      log("info", "a webhook is left to the next gateway", { rollout, event: id, tries });
      return "left";
    }
  }

  /** @returns why it failed */
  async #try({ url, secret }: WebhookSettings, id: string, body: string): Promise<string | undefined> {
    const headers: Record<string, string> = { "content-type": "application/json", "x-crossover-event": id };
    if (secret !== undefined)
      headers["x-crossover-signature"] = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const late = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        redirect: "error",
        signal: AbortSignal.any([late, this.#closing.signal]),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `it was answered with ${response.status}`;
    } catch (error) {
      return late.aborted ? "it was not answered in time" : whyOf(error);
    }
  }

  /** @returns false when there is no time left for it: the gateway stops */
  #wait(ms: number): Promise<boolean> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const gaveUp = (): void => resolve(false);
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", gaveUp);
        resolve(true);
      }, ms);
      timer.unref();
      signal.addEventListener("abort", gaveUp, { once: true });
    });
  }
}

/** The system's code for it, such as ECONNREFUSED: a message may quote the address with what is secret in it. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (typeof cause === "object" && cause !== null && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.name : "it failed";
}

/** @returns undefined for a change that is not told of */
export function eventOf(run: Run, change: Change): WebhookEvent | undefined {
  const type = typeOf(run, change);
  if (type === undefined) return undefined;
  return { id: change.id, rollout: change.rollout, body: bodyOf(type, run, change) };
}

function typeOf({ cause }: Run, { action }: Change): string | undefined {
  switch (action) {
    case "promote":
      return "rollout.promoted";
    case "rollback":
      return "rollout.rolled_back";
    case "pause":
      return cause === "person" ? undefined : "rollout.paused";
    default:
      return undefined;
  }
}

/** The change as the API tells it, with what makes it an event that can be read by itself. */
function bodyOf(type: string, run: Run, change: Change): string {
  return JSON.stringify({
    type,
    created: new Date(change.at).toISOString(),
    control: run.control,
    candidate: run.candidate,
    cause: run.cause ?? null,
    ...changeToDocument(change),
  });
}
