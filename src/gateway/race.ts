import type { Departure, Reply, ReplyListener } from "../domain/transport.ts";
import type { Attempt } from "./attempt.ts";

/** Several calls for one request: the first that has something for the client gives the answer, the others are ended. */
export class Race implements ReplyListener {
  readonly #reply: Reply;
  readonly #lanes: Lane[] = [];
  #winner: Lane | undefined;

  constructor(reply: Reply) {
    this.#reply = reply;
    reply.listener = this;
  }

  /** @param begin makes a call whose answer goes to the reply given */
  enter(begin: (reply: Reply) => Attempt): Attempt {
    const lane = new Lane(this, this.#reply);
    this.#lanes.push(lane);
    lane.attempt = begin(lane);
    return lane.attempt;
  }

  /** @returns whether the answer is this lane's to give */
  claim(lane: Lane): boolean {
    if (this.#winner === undefined) {
      this.#winner = lane;
      for (const other of this.#lanes) if (other !== lane) other.attempt?.supersede();
    }
    return this.#winner === lane;
  }

  /** Has one of the calls begun to answer? */
  get won(): boolean {
    return this.#winner !== undefined;
  }

  drained(): void {
    this.#winner?.listener?.drained();
  }

  asked(): void {
    this.#winner?.listener?.asked();
  }

  left(why: Departure): void {
    for (const { listener } of this.#lanes) listener?.left(why);
  }

  /** The gateway stops. */
  interrupt(): void {
    for (const { attempt } of this.#lanes) attempt?.interrupt();
  }

  end(): void {
    this.#reply.listener = undefined;
  }
}

/** The reply as one of the calls sees it. What is superseded has settled and writes nothing more. */
class Lane implements Reply {
  readonly #race: Race;
  readonly #reply: Reply;
  attempt: Attempt | undefined;
  listener: ReplyListener | undefined;

  constructor(race: Race, reply: Reply) {
    this.#race = race;
    this.#reply = reply;
  }

  send(...answer: Parameters<Reply["send"]>): void {
    if (this.#race.claim(this)) this.#reply.send(...answer);
  }

  start(...head: Parameters<Reply["start"]>): void {
    if (this.#race.claim(this)) this.#reply.start(...head);
  }

  write(chunk: Uint8Array | string): boolean {
    return this.#reply.write(chunk);
  }

  end(): void {
    this.#reply.end();
  }

  abandon(): void {
    this.#reply.abandon();
  }

  get closed(): boolean {
    return this.#reply.closed;
  }
}
