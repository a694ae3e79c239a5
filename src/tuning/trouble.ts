import type { StepContext } from "./context.ts";
import { deadlineOf, isOverdue, timeoutOf } from "./deadline.ts";
import { CancelAsked } from "./held-job.ts";
import type { JobState, TuningJob } from "./job.ts";
import { mayBePaid } from "./left-behind.ts";
import { isGap, kindOf, problemOf } from "./problems.ts";
import { ProviderProblem } from "./trainer.ts";
import { cancelled, halted, handedOver, hindered, type Problem, recovered } from "./transitions.ts";
import { growing } from "./wait.ts";

/** States in which it is the provider's API that answers, and not the model. */
const AT_PROVIDER: ReadonlySet<JobState> = new Set(["creating", "training", "deploying"]);

/** What went wrong lately with the same step, and what becomes of the job for it. */
export class Trouble {
  readonly #context: StepContext;
  #since: number | undefined;
  #times = 0;

  constructor(context: StepContext) {
    this.#context = context;
  }

  /** The step succeeded. */
  async over(): Promise<void> {
    this.#since = undefined;
    this.#times = 0;
    if (this.#context.job.problem !== null) await this.#context.update(recovered);
  }

  /** Saves what went wrong, and waits where the same may succeed later. */
  async met(error: unknown): Promise<void> {
    if (error instanceof CancelAsked) return;
    const context = this.#context;
    const problem = problemOf(error, context.redact);
    // Nobody is reached who could end it.
    if (isGap(error) && context.job.cancel_asked) return giveUp(context, problem);
    if (kindOf(error) === "unsupported") {
      await context.update((job, now) => handedOver(job, problem, now));
      return;
    }
    this.#since ??= Date.now();
    const tried = Date.now() - this.#since;
    if (tried < patienceWith(error, context)) return this.#wait(waitedFor(error, problem, context), tried);
    tellOfOurs(error, context);
    const why = isOverdue(context) ? timeoutOf(context, problem) : problem;
    await context.update((job, now) => halted(job, why, now));
  }

  async #wait(told: Problem, tried: number): Promise<void> {
    const { timing, held } = this.#context;
    await this.#context.update((job, now) => hindered(job, told, now));
    const longest = tried < timing.patienceMs ? timing.mostRetryMs : timing.longRetryMs;
    await held.sleep(growing(timing.retryMs, longest, this.#times++));
  }
}

/** For how long the same is tried, in milliseconds. What may be paid for is waited for until the deadline. */
function patienceWith(error: unknown, context: StepContext): number {
  const { job, timing } = context;
  const isLong =
    isGap(error) || kindOf(error) === "lasting" || job.state === "training" || job.state === "deploying";
  if (!isGap(error) && !mayPass(error, job)) return 0;
  return isLong && !job.cancel_asked && !isOverdue(context) ? Number.POSITIVE_INFINITY : timing.patienceMs;
}

/** What may last for a day is told with how long it is waited for. */
function waitedFor(error: unknown, problem: Problem, { job, table }: StepContext): Problem {
  const deadline = deadlineOf(job, table.tuning.deadlineMs);
  if (kindOf(error) !== "lasting" || deadline === undefined) return problem;
  const until = new Date(deadline).toISOString().slice(0, 16).replace("T", " ");
  return { ...problem, message: `${problem.message} It is tried again until ${until} UTC.` };
}

/** A key or token that is refused may be replaced, as long as somebody has something to lose. */
function mayPass(error: unknown, job: TuningJob): boolean {
  if (kindOf(error) !== "final") return true;
  const isKeyRefused = error instanceof ProviderProblem && (error.status === 401 || error.status === 403);
  return isKeyRefused && AT_PROVIDER.has(job.state) && mayBePaid(job);
}

async function giveUp(context: StepContext, problem: Problem): Promise<void> {
  const end = "Cancelled here. What there is of it at the provider goes on.";
  await context.update((job, now) => cancelled(hindered(job, problem, now), end, now));
}

/** A bug of ours is in the log with all that is known of it. */
function tellOfOurs(error: unknown, { deps, job }: StepContext): void {
  if (error instanceof ProviderProblem || isGap(error)) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  deps.log("error", "fine-tuning job can't go on", { job: job.id, error: text });
}
