import { until } from "../../support/until.ts";
import type { Bench } from "../bench.ts";
import { type Asking, ask, type Seen } from "../client.ts";
import { frame, LAST_FRAME, type Script, streamHead } from "../script.ts";
import { DONE, FINISH, ONE, ROLE, TWO } from "./payloads.ts";

/** What clients see of good answers, in the words of `labelOf`. */
export const ALL = '200 and all of "one two"';
export const ALL_JSON = '200 and all of "all of it"';

/** Streams that stop half-way until their gate is opened. */
export function gated(count: number): {
  readonly gate: Promise<void>;
  readonly open: () => void;
  readonly scripts: readonly Script[];
} {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const script = [streamHead(), frame(ROLE + ONE), { gate }, frame(TWO + FINISH + DONE), LAST_FRAME];
  return { gate, open, scripts: Array.from({ length: count }, () => script) };
}

/** Asks for streams and waits until each has had its first content. */
export async function openStreams(
  bench: Bench,
  asking: { readonly name: string },
  count: number,
): Promise<{ readonly ended: Promise<readonly Seen[]> }> {
  const begun = new Set<number>();
  const all = Array.from({ length: count }, (_, i) =>
    ask(bench, { ...asking, stream: true }, () => begun.add(i)),
  );
  await until(() => begun.size === count);
  return { ended: Promise.all(all) };
}

/** Asks for answers, one after the other. */
export async function askInTurn(bench: Bench, asking: Asking, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let i = 0; i < count; i++) seen.push(await ask(bench, asking));
  return seen;
}
