import { isSampled } from "../captures/sampled.ts";
import type { ChatRequest } from "../domain/chat.ts";
import { unitOf } from "../domain/hash.ts";
import { isRedacted } from "../domain/redactor.ts";
import type { Standings } from "../domain/rollout.ts";
import type { Route, Table } from "../domain/table.ts";
import type { PastKey } from "../routing/past-view.ts";
import { type Replayed, replay } from "../routing/replay.ts";
import type { StoredCapture } from "../store/store.ts";

/** Why a capture can't be compared. */
export type LeftOut = "forced" | "without_texts" | "outside_the_sample" | "unreadable";

/** A captured request, once it can be decided anew. */
export interface PastRequest {
  readonly capture: StoredCapture;
  readonly request: ChatRequest;
  /** How the conditions turned out then, by their source; empty where that is not known. */
  readonly verdicts: ReadonlyMap<string, boolean>;
}

/** @throws Error for what is no chat request */
export type Parse = (body: string) => ChatRequest;

/** The client's request as it was captured, or why it is left out. @param route as it is now */
export function requestOf(
  { rule, content, id, status }: StoredCapture,
  route: Route | undefined,
  parse: Parse,
): ChatRequest | LeftOut {
  if (rule === "forced") return "forced";
  if (content === undefined) return "without_texts";
  // All failures are kept beside a sample: with them the sample would look worse than the traffic.
  const { sample, errors } = route?.capture ?? { sample: 1, errors: false };
  if (errors && status >= 400 && !isSampled(id, sample)) return "outside_the_sample";
  try {
    return parse(content.request);
  } catch {
    return "unreadable";
  }
}

/** What a table does with it; undefined where the table has no such route, or does not let the client's key use it. */
export function replayIn(
  table: Table,
  { capture, request, verdicts }: PastRequest,
  rollouts: Standings,
): Replayed | undefined {
  const route = table.routes.get(capture.route);
  const key = table.keys.find(({ name }) => name === capture.key);
  if (route === undefined || key?.routes?.includes(capture.route) === false) return undefined;
  const { stickyBy, stickyKey } = capture;
  return replay(request, route, {
    key: pastKey(capture.key, key?.tags),
    at: new Date(capture.at),
    // One draw for both tables, as one number decided then: what grows in the new one moves and nothing else does.
    random: unitOf(`backtest ${capture.id}`),
    rollouts,
    sticky:
      stickyBy === undefined || stickyKey === undefined || isRedacted(stickyKey)
        ? undefined
        : { by: stickyBy, key: stickyKey },
    verdicts,
  });
}

/** A request without a key has no tags; a key that is not in the configuration may have had some. */
function pastKey(name: string | undefined, tags: readonly string[] | undefined): PastKey {
  return name === undefined ? { name: "", tags: [] } : { name, tags };
}
