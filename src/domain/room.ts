import { overloaded } from "./errors.ts";

/** Memory for the bodies of all requests under way. */
export class Room {
  #taken = 0;

  /** @returns the part of one request, which must be released at its end */
  part(limit: number): RoomPart {
    return new RoomPart(this, limit);
  }

  /** Bytes taken in all. */
  get taken(): number {
    return this.#taken;
  }

  add(bytes: number): void {
    this.#taken += bytes;
  }
}

/** What one request takes of the room. */
export class RoomPart {
  readonly #room: Room;
  readonly #limit: number;
  #taken = 0;

  constructor(room: Room, limit: number) {
    this.#room = room;
    this.#limit = limit;
  }

  /** @returns an error 503 `gateway_overloaded` when all requests together would take more than the limit */
  take(bytes: number): Error | undefined {
    if (this.#room.taken + bytes > this.#limit) return overloaded();
    this.#taken += bytes;
    this.#room.add(bytes);
    return undefined;
  }

  release(): void {
    this.#room.add(-this.#taken);
    this.#taken = 0;
  }
}
