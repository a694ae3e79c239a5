import { StoreError } from "../store/store.ts";
import { cancelStep, stopTraining } from "./cancel-step.ts";
import { type Step, StepContext } from "./context.ts";
import { createStep, findCreated } from "./create-step.ts";
import { deployStep } from "./deploy-step.ts";
import type { TunerDeps, TuningTiming } from "./deps.ts";
import { withFiles } from "./elsewhere.ts";
import { evaluateStep } from "./evaluate-step.ts";
import { CancelAsked, type HeldJob, isWorkable } from "./held-job.ts";
import type { JobState } from "./job.ts";
import { type Places, placed } from "./places.ts";
import { isGap, problemOf } from "./problems.ts";
import { registerStep } from "./register-step.ts";
import { trainStep } from "./train-step.ts";
import { ProviderProblem } from "./trainer.ts";
import { cancelled, failed, handedOver, troubled } from "./transitions.ts";
import { uploadStep } from "./upload-step.ts";
import { growing } from "./wait.ts";

/** States whose length a provider decides; what comes later is ours, and a person may have come between. */
const TIMED: ReadonlySet<JobState> = new Set(["uploading", "creating", "training", "deploying"]);

/**
 * Works on a job, one step after the other, until it has ended or waits for a person.
 * @throws the held job's signal's reason, StoreError for a store that is broken for good
 */
export async function drive(
  held: HeldJob,
  deps: TunerDeps,
  timing: TuningTiming,
  places: Places,
): Promise<void> {
  const context = new StepContext(held, deps, timing, places);
  const trouble = new Trouble(context);
  while (isWorkable(held.job)) {
    held.signal.throwIfAborted();
    const { state, cancel_asked } = held.job;
    try {
      const pause = await stepOf(context)(context);
      if (pause > 0) await held.sleep(pause);
      if (state !== "creating") trouble.over();
    } catch (error) {
      held.signal.throwIfAborted();
      await trouble.met(error);
    }
    if (held.job.state !== state || held.job.cancel_asked !== cancel_asked) trouble.over();
  }
}

function stepOf({ job, table }: StepContext): Step {
  if (job.cancel_asked) return cancelStep;
  if (TIMED.has(job.state) && Date.now() > job.created + table.tuning.deadlineMs) return timeoutStep;
  switch (job.state) {
    case "uploading":
      return withFiles(placed(uploadStep));
    case "creating":
      return createStep;
    case "training":
      return trainStep;
    case "deploying":
      return deployStep;
    case "evaluating":
      return withFiles(placed(evaluateStep));
    case "registering":
      return registerStep;
    default:
      throw new TypeError(`a job that is ${job.state} is not worked on`);
  }
}

/** Of a job, not of an answer. */
const TIMEOUT = "timeout";

/** It took too long. What trains is ended at the provider first, since it costs. */
const timeoutStep: Step = async (context) => {
  const { state, remote } = context.job;
  try {
    if (state === "creating" && remote.create_tried_at !== null) await findCreated(context);
    if (context.job.state === "training") await stopTraining(context);
  } catch (error) {
    // Nobody is reached who could end it.
    if (!isGap(error)) throw error;
  }
  const hours = context.table.tuning.deadlineMs / 3_600_000;
  await context.update((job, now) =>
    failed(
      job,
      {
        message: `The job took longer than the ${hours} hours that the configuration allows.`,
        hint:
          job.state === "deploying"
            ? "The deployment may still come up, and cost by the hour: register it then, or delete it."
            : "`tuning.deadlineHours` allows more.",
        status: null,
        code: TIMEOUT,
        raw: "",
      },
      now,
    ),
  );
  return 0;
};

/** What went wrong lately with the same step. */
class Trouble {
  readonly #context: StepContext;
  #since: number | undefined;
  #times = 0;

  constructor(context: StepContext) {
    this.#context = context;
  }

  over(): void {
    this.#since = undefined;
    this.#times = 0;
  }

  /** Saves what went wrong, and waits where the same may succeed later. */
  async met(error: unknown): Promise<void> {
    if (error instanceof CancelAsked) return;
    const { held } = this.#context;
    const problem = problemOf(error, this.#context.redact);
    if (isGap(error)) return this.#gap(problem.message);
    const kind = kindOf(error);
    switch (kind) {
      case "final":
        this.#tellOfOurs(error);
        await this.#context.update((job, now) => failed(job, problem, now));
        return;
      case "unsupported":
        await this.#context.update((job, now) => handedOver(job, problem, now));
        return;
      case "temporary":
      case "unknown": {
        const { retryMs, mostRetryMs, patienceMs } = this.#context.timing;
        this.#since ??= Date.now();
        const isOver = Date.now() - this.#since >= patienceMs;
        await this.#context.update((job, now) =>
          isOver ? failed(job, problem, now) : troubled(job, problem.message, now),
        );
        if (!isOver) await held.sleep(growing(retryMs, mostRetryMs, this.#times++));
      }
    }
  }

  /** The configuration is waited for, unless nobody wants the job any more. */
  async #gap(message: string): Promise<void> {
    const { held, timing } = this.#context;
    const end = "Cancelled here. What there is of it at the provider goes on.";
    await this.#context.update((job, now) => {
      if (job.cancel_asked) return cancelled(troubled(job, message, now), end, now);
      return job.journal.at(-1)?.message === message ? job : troubled(job, message, now);
    });
    if (!held.job.cancel_asked) await held.sleep(timing.mostRetryMs);
  }

  /** A bug of ours is in the log with all that is known of it. */
  #tellOfOurs(error: unknown): void {
    if (error instanceof ProviderProblem) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.deps.log("error", "fine-tuning job failed", { job: this.#context.job.id, error: text });
  }
}

function kindOf(error: unknown): ProviderProblem["kind"] {
  if (error instanceof ProviderProblem) return error.kind;
  return error instanceof StoreError && error.temporary ? "temporary" : "final";
}
