import { expect } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import type { TestGateway } from "../support/gateway.ts";

export const ASK = { model: "bare", messages: [{ role: "user", content: "Hi" }] };
export const ASK_STREAM = { ...ASK, stream: true };

export interface Expected {
  readonly status: number;
  readonly code: string;
  /** How the call to the upstream is counted. */
  readonly outcome: string;
}

/** Asks once and checks the gateway's own error: the answer, both counters, and that nothing is left behind. */
export async function expectFailure(
  gateway: TestGateway,
  expected: Expected,
  body: unknown = ASK,
): Promise<void> {
  const answer = await gateway.post(body);
  await expectRefused(answer, { ...expected, type: "server_error", param: null });
  expect(answer.headers.get("x-crossover-variant")).toBe("tuned");
  await expectCounted(gateway, expected);
  await expectCalm(gateway);
}

/** One request with this status, after one call to the upstream with this outcome. */
export async function expectCounted(
  gateway: TestGateway,
  { status, outcome }: Pick<Expected, "status" | "outcome">,
): Promise<void> {
  const labels = { route: "bare", variant: "tuned", path: "bare", model: "ft", provider: "up" };
  const requests = (more: Readonly<Record<string, string>>): Promise<number> =>
    gateway.metric("crossover_requests_total", { ...labels, ...more });
  const attempts = (more: Readonly<Record<string, string>>): Promise<number> =>
    gateway.metric("crossover_upstream_attempts_total", { ...labels, ...more });
  expect([await requests({ status: String(status) }), await requests({})]).toEqual([1, 1]);
  expect([await attempts({ outcome }), await attempts({})]).toEqual([1, 1]);
}

/** The data of the events of a stream; parsed, save for `[DONE]`. */
export function eventsOf(text: string): readonly unknown[] {
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));
}

/** Checks that a stream's last event is the gateway's error and that nothing ended it as complete. */
export function expectErrorEvent(text: string, code: string): void {
  const events = eventsOf(text);
  expect(events.at(-1)).toEqual({
    error: { message: expect.stringMatching(/\S/), type: "server_error", param: null, code },
  });
  expect(events).not.toContain("[DONE]");
}
