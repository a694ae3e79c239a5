import { lasting, timeOf } from "../reports/words.ts";
import { isEnded, type JournalEntry, type TuningJob } from "../tuning/job.ts";
import { stepText } from "../tuning/words.ts";
import { lossChart } from "./loss-chart.ts";
import { plainLine } from "./plain-text.ts";
import { type ProgressOutput, progressBar } from "./progress.ts";
import { entryLine } from "./tune-job-text.ts";

/** Shows a job again and again while it is worked on. */
export interface JobView {
  show(job: TuningJob): void;
  /** A line that stays. */
  note(line: string): void;
}

/** @param env for NO_COLOR */
export function jobView(output: TerminalOutput, env: Readonly<Record<string, string | undefined>>): JobView {
  return output.isTTY ? new JobBlock(output, maySetColours(output, env)) : new JobLines(output);
}

/** A stream that may be a terminal. */
export interface TerminalOutput extends ProgressOutput {
  readonly columns?: number;
  readonly rows?: number;
}

/** As https://no-color.org asks. */
export function maySetColours(
  { isTTY = false }: ProgressOutput,
  { NO_COLOR }: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTTY && !NO_COLOR;
}

const CLEAR_BELOW = "\u001b[J";
/** A line of characters that take two columns would be two lines, and the block higher than is known. */
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";

/** On a terminal: a block that is drawn over itself. */
class JobBlock implements JobView {
  readonly #output: TerminalOutput;
  readonly #colour: boolean;
  #drawn = 0;

  constructor(output: TerminalOutput, colour: boolean) {
    this.#output = output;
    this.#colour = colour;
  }

  show(job: TuningJob): void {
    // The last column stays free: terminals differ in what they do when it is written.
    // A pseudo-terminal that was told no size has 0 of both.
    const width = (this.#output.columns || 80) - 1;
    const height = (this.#output.rows || 24) - 1;
    const lines = blockOf(job, { now: Date.now(), width, height, colour: this.#colour });
    const block = lines.map((line) => `${line}\n`).join("");
    this.#output.write(`${this.#back()}${CLEAR_BELOW}${WRAP_OFF}${block}${WRAP_ON}`);
    this.#drawn = lines.length;
  }

  note(line: string): void {
    this.#output.write(`${this.#back()}${CLEAR_BELOW}${line}\n`);
    this.#drawn = 0;
  }

  #back(): string {
    return this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\r`;
  }
}

export interface BlockOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Characters of a line at most, escape sequences aside. */
  readonly width: number;
  /** Lines at most: what scrolls out of sight can't be drawn over. The chart needs the most, and is left out first. */
  readonly height: number;
  readonly colour: boolean;
}

const SHOWN_ENTRIES = 4;
const CHART = { width: 72, height: 10 } as const;

/** How far a job is: its state, a bar, when it is going to end, what happened last, and its losses. */
export function blockOf(job: TuningJob, { now, width, height, colour }: BlockOptions): readonly string[] {
  const { step, steps } = job.remote;
  const isTraining = job.state === "training";
  const bar =
    isTraining && step !== null && steps !== null && steps > 0
      ? [`${progressBar(step / steps)} ${Math.floor((step / steps) * 100)}%`]
      : [];
  const chart = lossChart(job.losses, { width: Math.min(CHART.width, width), height: CHART.height, colour });
  const texts = [
    `Job ${job.id}: ${stateText(job)}`,
    ...bar,
    ...(isTraining ? finishLines(job, now) : []),
    "",
    ...job.journal.slice(-SHOWN_ENTRIES).map(entryLine),
  ];
  const lines = texts.map((line) => cut(line, width)).slice(0, height);
  return chart.length === 0 || lines.length + 1 + chart.length > height ? lines : [...lines, "", ...chart];
}

/** What is being done, in a few words. */
function stateText(job: TuningJob): string {
  const isEnding = job.cancel_asked && !isEnded(job.state);
  return plainLine(isEnding ? `${workOf(job)}; its end is asked for` : workOf(job));
}

function workOf({ state, spec, remote }: TuningJob): string {
  switch (state) {
    case "uploading":
      return `uploading the data set to ${spec.provider}`;
    case "creating":
      return `creating the job at ${spec.provider}`;
    case "training":
      return `training, ${stepText(remote) ?? remote.status ?? "not begun"}`;
    case "deploying":
      return `deploying${remote.deployment === null ? "" : ` as ${remote.deployment}`}`;
    case "evaluating":
      return `comparing ${spec.variant} with ${spec.control}`;
    case "registering":
      return `registering ${spec.model}`;
    case "manual":
      return "waiting for you";
    case "succeeded":
    case "failed":
    case "cancelled":
      return state;
  }
}

function finishLines({ remote }: TuningJob, now: number): readonly string[] {
  const { estimated_finish: finish } = remote;
  if (finish === null) return [];
  const left = (finish - now) / 1000;
  return [`finished at about ${timeOf(finish)} UTC${left > 0 ? `, in ${lasting(left)}` : ""}`];
}

function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** Elsewhere: a line for each thing that happened, and one at each tenth of the steps. */
class JobLines implements JobView {
  readonly #output: ProgressOutput;
  #last: JournalEntry | undefined;
  #tenths = 0;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(job: TuningJob): void {
    for (const entry of this.#newIn(job.journal)) this.#output.write(`${entryLine(entry)}\n`);
    this.#showStep(job);
  }

  note(line: string): void {
    this.#output.write(`${line}\n`);
  }

  /** The oldest of a journal may be gone, so its entries can't be counted. */
  #newIn(journal: readonly JournalEntry[]): readonly JournalEntry[] {
    const last = this.#last;
    this.#last = journal.at(-1) ?? last;
    const index = journal.findLastIndex(({ at, message }) => at === last?.at && message === last.message);
    return journal.slice(index + 1);
  }

  #showStep({ remote, losses, updated }: TuningJob): void {
    const { step, steps } = remote;
    if (step === null || steps === null || steps <= 0) return;
    const tenths = Math.floor((step / steps) * 10);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    const loss = losses.at(-1)?.training ?? null;
    this.#output.write(
      `${timeOf(updated)}  ${stepText(remote)}${loss === null ? "" : `, training loss ${loss.toPrecision(3)}`}\n`,
    );
  }
}
