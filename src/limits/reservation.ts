import { type Claim, type Reservation, settledAmount } from "./ledger.ts";

/** A reservation that settles once, with amounts that can be counted. */
export class SingleReservation implements Reservation {
  readonly #claims: readonly Claim[];
  #settle: ((actual: readonly number[]) => void | Promise<void>) | undefined;

  /** @param settle gets whole amounts from 0, one by claim */
  constructor(claims: readonly Claim[], settle: (actual: readonly number[]) => void | Promise<void>) {
    this.#claims = claims;
    this.#settle = settle;
  }

  settle(actual: readonly number[]): void | Promise<void> {
    const settle = this.#settle;
    this.#settle = undefined;
    return settle?.(this.#claims.map(({ amount }, i) => settledAmount(actual[i], amount)));
  }

  release(): void | Promise<void> {
    return this.settle(this.#claims.map(() => 0));
  }
}
