import { randomUUID } from "node:crypto";
import { z } from "zod";
import { readText, type Shelf } from "./shelf.ts";

/** How often its holder gives a sign of life, and after how long without one it counts as dead, in milliseconds. */
const RENEW_MS = 1000;
const STALE_MS = 5000;
/** How long a lease that was taken over must stay ours before it counts: another may have taken it over too. */
const SETTLE_MS = 50;

const claimSchema = z.object({ owner: z.string(), renewedAt: z.number() });

/** The right to work on something, which one process at a time has. */
export class Lease {
  readonly #shelf: Shelf;
  readonly #name: string;
  readonly #owner = randomUUID();
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(shelf: Shelf, name: string) {
    this.#shelf = shelf;
    this.#name = name;
  }

  /** @returns undefined while a living process has it */
  static async take(shelf: Shelf, name: string): Promise<Lease | undefined> {
    const lease = new Lease(shelf, name);
    if (!(await lease.#claim())) return undefined;
    lease.#timer = setInterval(() => void lease.#renew(), RENEW_MS);
    lease.#timer.unref?.(); // Workers' timers have none
    return lease;
  }

  /** False once another counted this holder as dead, as after a long sleep of the machine. */
  async isHeld(): Promise<boolean> {
    return (await this.#holder())?.owner === this.#owner;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (await this.isHeld()) await this.#shelf.remove(this.#name);
  }

  async #claim(): Promise<boolean> {
    if (await this.#shelf.create(this.#name, this.#text())) return true;
    const holder = (await this.#holder()) ?? (await pause().then(() => this.#holder()));
    if (holder !== undefined && Date.now() - holder.renewedAt < STALE_MS) return false;
    await this.#shelf.remove(this.#name);
    if (!(await this.#shelf.create(this.#name, this.#text()))) return false;
    await pause();
    return this.isHeld();
  }

  async #renew(): Promise<void> {
    try {
      if (await this.isHeld()) await this.#shelf.write(this.#name, this.#text());
    } catch {
      // The disk may be well again the next time.
    }
  }

  #text(): string {
    return JSON.stringify({ owner: this.#owner, renewedAt: Date.now() });
  }

  /** Undefined too for one who is just writing it, or died while doing so. */
  async #holder(): Promise<z.infer<typeof claimSchema> | undefined> {
    const text = await readText(this.#shelf, this.#name);
    return text === undefined || text === "" ? undefined : claimSchema.parse(JSON.parse(text));
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
