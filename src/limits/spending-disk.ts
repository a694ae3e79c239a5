import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../domain/errors.ts";
import { replaceFile } from "../replace-file.ts";
import type { MemoryLedger } from "./memory-ledger.ts";
import { type Spending, spendingSchema } from "./spending.ts";

const NAME = "spending.json";
/** How often what was spent is written, when it changed. */
const EVERY_MS = 1000;

/** The file is there and can't be used. Starting without it would give every budget out anew. */
export class SpendingFileError extends Error {
  override readonly name = "SpendingFileError";
  constructor(path: string, problem: string) {
    super(
      `${path} holds what was spent of the budgets and can't be used: ${problem}. ` +
        "Restore it from a backup, or remove it to begin with nothing spent.",
    );
  }
}

export interface SpendingFileOptions {
  /** Made when there is something to keep. */
  readonly folder: string;
  readonly ledger: MemoryLedger;
  /** Told when writing begins to fail, with the error, and when it succeeds again. It is tried each second. */
  readonly onState: (error: unknown) => void;
  /** Default 1000 ms. */
  readonly everyMs?: number;
}

/**
 * Keeps what was spent over a restart, for a gateway that is one process. What a kill loses is the last second, and
 * what requests under way would have cost.
 */
export class SpendingFile {
  readonly #path: string;
  readonly #ledger: MemoryLedger;
  readonly #onState: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #written: number;
  #fails = false;
  #writing: Promise<void> | undefined;

  /**
   * Reads the file into the ledger, and writes it from now on.
   * @throws SpendingFileError when the file is there and can't be used
   */
  constructor({ folder, ledger, onState, everyMs = EVERY_MS }: SpendingFileOptions) {
    this.#path = join(folder, NAME);
    this.#ledger = ledger;
    this.#onState = onState;
    const before = read(this.#path);
    if (before !== undefined) ledger.restore(before);
    this.#written = ledger.revision;
    this.#timer = setInterval(() => void this.flush(), everyMs);
    this.#timer.unref();
  }

  /** Writes what changed since the last time. Never rejects. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Writes a last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.flush();
  }

  async #write(): Promise<void> {
    const { revision } = this.#ledger;
    if (revision === this.#written) return;
    try {
      await replaceFile(this.#path, `${JSON.stringify(this.#ledger.snapshot())}\n`);
      this.#written = revision;
      this.#tell(undefined);
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    const fails = error !== undefined;
    if (fails === this.#fails) return;
    this.#fails = fails;
    this.#onState(error);
  }
}

function read(path: string): Spending | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new SpendingFileError(path, messageOf(error));
  }
  return parse(path, text);
}

function parse(path: string, text: string): Spending {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SpendingFileError(path, "it is not JSON");
  }
  const parsed = spendingSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SpendingFileError(path, `${issue?.path.join(".") || "the file"}: ${issue?.message}`);
}
