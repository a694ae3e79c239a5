import { z } from "zod";
import { FEEDBACK_NAME, FEEDBACK_NAME_RULE, NAME, NAME_RULE } from "../domain/name.ts";
import { stickyBy } from "./sticky.ts";

const name = z.string().regex(NAME, NAME_RULE);

const percent = z.number().min(0).max(100);
const waitSeconds = z.number().min(0).max(2_592_000);

const stage = z.strictObject({
  percent: percent.describe("Share of the requests that the candidate answers."),
  shadow: percent
    .optional()
    .describe(
      "Share of the control's requests, in percent, that the candidate is sent too, once the client has its answer. Default 0.",
    ),
  minRequests: z
    .number()
    .int()
    .min(1)
    .max(1e9)
    .optional()
    .describe(
      "Fewest requests of the candidate before the next stage; where it answers nobody, of shadowed ones. Default: 100 for each percent, at least 100 and at most 500.",
    ),
  minTime: waitSeconds.optional().describe("Fewest seconds before the next stage. Default 600."),
  soak: waitSeconds
    .optional()
    .describe("Seconds for which it has to stay well once it has all else that it needs. Default 0."),
  proof: z
    .boolean()
    .optional()
    .describe(
      "Has it to be proved, before the next stage, that the candidate is not worse by the margin? Default: from `proof.above` percent on.",
    ),
});

const margin = z.number().min(0).max(10);

const ratio = z
  .union([
    z.literal(false),
    z.strictObject({
      ratio: z
        .number()
        .min(1)
        .max(10)
        .optional()
        .describe("Default 1: no more than the control has is let pass; 1.25 lets a quarter more pass."),
    }),
  ])
  .optional();

const relative = z
  .union([
    z.literal(false),
    z.strictObject({ margin: margin.optional().describe("Default 0.1: a tenth more is let pass.") }),
  ])
  .optional();

const bound = z.number().min(-1e9).max(1e9);

const range = {
  low: bound.optional().describe("The lowest value that is given. Default 0."),
  high: bound.optional().describe("The highest value that is given. Default 1."),
};

const feedbackName = z.string().regex(FEEDBACK_NAME, FEEDBACK_NAME_RULE);

const guardrails = z
  .strictObject({
    errors: ratio.describe(
      "How many times the control's share of failed requests the candidate's may be; false: any.",
    ),
    validity: ratio.describe(
      "How many times the control's share of unusable answers the candidate's may be; false: any.",
    ),
    latency: relative.describe("How much longer answers may take, as a share of the control's; false: any."),
    firstToken: relative.describe(
      "How much longer the first token may take, as a share of the control's; false: any.",
    ),
    cost: relative.describe("How much more a request may cost, as a share of the control's; false: any."),
    judge: z
      .strictObject({
        margin: z.number().min(0).lt(1).describe("From 0, as good, to 1, always the worse one."),
      })
      .optional()
      .describe("How much worse `compare.judge` may find answers to shadowed requests. Default: not judged."),
    feedback: z
      .record(
        feedbackName,
        z.strictObject({
          margin: z
            .number()
            .min(0)
            .describe("How much worse the candidate's mean may be, in the feedback's units."),
          ...range,
          better: z.enum(["higher", "lower"]).optional().describe("Which values are good. Default higher."),
        }),
      )
      .optional()
      .describe("Feedback by its name. What lies outside of `low` and `high` counts as the nearer of them."),
  })
  .describe("What of the candidate's is watched, and how much worse than the control's it may be.");

const adaptive = z
  .strictObject({
    reward: z
      .union([z.literal("success"), z.strictObject({ feedback: feedbackName, ...range })])
      .optional()
      .describe("What is to be had more of: answers without failing (default), or feedback of a name."),
    floor: z
      .number()
      .gt(0)
      .lt(0.5)
      .optional()
      .describe("Share of the requests that each side gets at least. Default 0.1."),
    confidence: z
      .number()
      .gt(0.5)
      .lt(1)
      .optional()
      .describe("With which the better side has to be known before it takes all. Default 0.95."),
  })
  .describe("Let the shares follow what is learned, by Thompson sampling, instead of going by stages.");

const webhook = z
  .strictObject({
    url: z
      .string()
      .refine(isWeb, "expected an address that begins with http:// or https://")
      .describe("Where a message goes when the rollout is promoted, rolled back or paused."),
    secret: z
      .string()
      .min(1)
      .optional()
      .describe("Signs the message with HMAC SHA-256, so that its receiver knows who sent it."),
  })
  .describe("Who is told.");

export const rollout = z.strictObject({
  control: name.describe("One of `variants`: what answers now."),
  candidate: name.describe("One of `variants`: what is to answer."),
  stickyBy: stickyBy.optional().describe("Who stays together. Default user; with `adaptive`, nobody."),
  stages: z
    .array(z.union([percent, stage]))
    .min(1)
    .max(100)
    .optional()
    .describe("The way up, each a percentage or more. Default [1, 5, 25, 50, 100]."),
  stage: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe("Index of the stage at which it stands until it is started. Default 0, the first."),
  guardrails: guardrails.optional(),
  alpha: z
    .number()
    .gt(0)
    .max(0.2)
    .optional()
    .describe("The chance that a candidate that is no worse is ever rolled back. Default 0.01."),
  proof: z
    .strictObject({
      margin: z
        .number()
        .gt(0)
        .lt(1)
        .optional()
        .describe(
          "By how much the candidate's share of failed or unusable answers may be larger. Default 0.02.",
        ),
      above: percent
        .optional()
        .describe("Percentage from which on stages need the proof before the next one. Default 25."),
      each: z
        .enum(["key", "request"])
        .optional()
        .describe(
          "What counts: the first request of each sticky key (default), or each request, which is only right where requests of one user do not resemble each other.",
        ),
    })
    .optional()
    .describe("What has to be proved before late stages."),
  onSuccess: z
    .enum(["promote", "hold"])
    .optional()
    .describe("After the last stage: all to the candidate (default), or wait for a person."),
  onFailure: z
    .enum(["rollback", "pause"])
    .optional()
    .describe("When a guardrail is crossed: all to the control (default), or stay and wait for a person."),
  shadow: z
    .strictObject({
      concurrency: z.number().int().min(1).max(64).optional().describe("Most calls at a time. Default 4."),
      usdPerDay: z
        .number()
        .nonnegative()
        .optional()
        .describe("Most that shadowing and its judge may cost a day (UTC). Default: as much as it takes."),
    })
    .optional()
    .describe("What shadowing may take."),
  adaptive: adaptive.optional(),
  webhook: webhook.optional(),
});

function isWeb(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

export type RolloutConfig = z.infer<typeof rollout>;
