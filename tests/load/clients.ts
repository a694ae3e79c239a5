import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Seen, send } from "./client.ts";
import { Dice } from "./dice.ts";
import { planOf } from "./plan.ts";

export interface ClientsOptions {
  readonly seed: number;
  readonly port: number;
  /** How many streams are open at a time; a twentieth more ask for answers in one piece. */
  readonly streams: number;
  /** The first request's number. Two loads on one gateway share none. */
  readonly from: number;
}

/** The first requests come one after the other, in milliseconds. */
const RAMP_STEP_MS = 5;

/** Clients at work. */
export interface Clients {
  /** Resolves when each has had its first answer: from here on all streams are open at a time. */
  readonly allIn: Promise<unknown>;
  /** Lets each hear its last answer out. @returns all that they saw */
  stop(): Promise<readonly Seen[]>;
}

/** Starts a closed loop: each client sends its next request when the one before has ended. */
export function startClients({ seed, port, streams, from }: ClientsOptions): Clients {
  const count = streams + Math.ceil(streams / 20);
  const target = { seed, port, agent: new Agent({ keepAlive: true, maxFreeSockets: count }) };
  const seen: Seen[] = [];
  let stopped = false;
  const client = async (place: number, isIn: () => void): Promise<void> => {
    await delay(place * RAMP_STEP_MS);
    for (let number = from + place; !stopped; number += count) {
      const one = await send(target, planOf(seed, number, place < streams));
      seen.push(one);
      isIn();
      // As the SDKs do, nobody asks again at once.
      if (one.outcome.kind === "refused") await delay(new Dice(seed, number).between("again", 1000, 3000));
    }
  };
  const clients = Array.from({ length: count }, (_, place) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { isIn: promise, ended: client(place, resolve) };
  });
  return {
    allIn: Promise.all(clients.map(({ isIn }) => isIn)),
    stop: async () => {
      stopped = true;
      await Promise.all(clients.map(({ ended }) => ended));
      target.agent.destroy();
      return seen;
    },
  };
}
