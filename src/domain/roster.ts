/** Who is on a roster, and where. */
export interface Member {
  /** Its place; the roster's to set. */
  place: number;
}

/**
 * What is under way. In place of a `Set`, whose tables V8 chains to each other whenever it cleans up: once one
 * of them is old, all that were ever in one stay in memory until the next full collection.
 */
export class Roster<T extends Member> {
  readonly #members: T[] = [];

  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  delete(member: T): void {
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    last.place = member.place;
    this.#members[member.place] = last;
  }

  get size(): number {
    return this.#members.length;
  }

  /** The members of this moment. */
  all(): readonly T[] {
    return [...this.#members];
  }
}
