import type { Capture, Feedback } from "../../src/domain/capture.ts";
import { capture, feedback } from "../store/samples.ts";

let made = 0;

/** An id as no other has. */
export function newId(prefix: "cx" | "fb" | "route"): string {
  made++;
  return `${prefix}_${made.toString(16).padStart(32, "0")}`;
}

/** A capture with an id of its own, later than those before. */
export function captured(changes: Partial<Capture> = {}): Capture {
  const id = newId("cx");
  return capture(id, { at: Date.UTC(2026, 0, 1) + made, ...changes });
}

/** Feedback with an id of its own. */
export function given(requestId: string, name: string, value: Feedback["value"]): Feedback {
  return feedback(newId("fb"), requestId, { name, value, at: Date.UTC(2026, 6, 1) + made });
}
