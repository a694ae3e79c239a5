import type { ProblemKind } from "./trainer.ts";

/** What is done about what may pass, and what to do when it does not. */
export const AGAIN = "It is tried again for a while.";

/** The same of what takes hours. */
const AGAIN_LONG = "It is tried again every few minutes until `tuning.deadlineHours` are over.";

/** What an error means, and how it is known. */
export interface ErrorRule {
  readonly codes?: readonly string[];
  readonly words?: RegExp;
  readonly statuses?: readonly number[];
  readonly kind: ProblemKind;
  readonly message: string;
  readonly hint: string;
  /** Do the provider's own words say what is wrong better than ours? */
  readonly quote?: boolean;
}

/**
 * The first that fits counts: by one of the codes, else by the words, else by the status. Codes of Azure are those of its REST
 * description (ErrorCode in azureopenai.json, 2024-10-21); OpenAI documents none, they are as its users report them.
 */
export const ERROR_RULES: readonly ErrorRule[] = [
  {
    codes: [
      "insufficient_quota",
      "billing_not_active",
      "billing_hard_limit_reached",
      "organization_spend_limit_exceeded",
      "project_spend_limit_exceeded",
    ],
    words: /exceeded your current quota|billing hard limit|explore plan|check your plan and billing/i,
    kind: "final",
    message: "The provider's account has no credit left, or has reached its spending limit.",
    hint: "Add credit or raise the limit in the provider's billing settings, then start the job again.",
  },
  {
    codes: ["daily_rate_limit_exceeded"],
    words: /fine-?tun\w+ requests per day/i,
    kind: "lasting",
    message: "The account has created as many fine-tuning jobs today as it may for this model.",
    hint: `A place becomes free a day after the first of them was created. ${AGAIN_LONG}`,
  },
  {
    codes: ["exceeded_quota"],
    words: /maximum (number )?of .*\b(active|running|concurrent|simultaneous|pending|queued)\b/i,
    kind: "lasting",
    message: "The account trains as many models at the same time as it may.",
    hint: `A place becomes free when another job ends, or is cancelled. ${AGAIN_LONG}`,
  },
  {
    codes: ["quotaExceeded"],
    kind: "final",
    message: "The Azure resource holds as many files or fine-tuning jobs as it may.",
    hint: "Delete files and jobs that are no longer needed from the resource, then start the job again.",
    quote: true,
  },
  {
    codes: ["tooManyRequests", "rate_limit_exceeded"],
    statuses: [429],
    kind: "temporary",
    message: "The provider takes no more requests for the moment.",
    hint: AGAIN,
  },
  {
    codes: ["missing_scope"],
    words: /missing scopes?|insufficient permissions/i,
    kind: "final",
    message: "The API key has not all rights that training needs.",
    hint: "Give the key the right to write files and fine-tuning jobs, or use a key without restrictions.",
    quote: true,
  },
  {
    codes: ["invalid_organization", "mismatched_organization", "mismatched_project"],
    words: /no such organization|member of an organization/i,
    kind: "final",
    message: "The API key does not belong to the organization or project that is configured.",
    hint: "Correct `organization` and `project` of the provider, or leave them out.",
  },
  {
    codes: ["invalid_api_key", "unauthorized"],
    statuses: [401],
    kind: "final",
    message: "The provider does not accept the API key.",
    hint: "Check the key in the configuration, and that it is one of this provider and endpoint. Entra ID tokens run out after about an hour.",
  },
  {
    codes: ["unsupported_country_region_territory"],
    kind: "final",
    message: "The provider does not serve the country that the request came from.",
    hint: "Run the gateway where the provider serves, or train at another provider.",
  },
  {
    words: /still being processed|not ready to be used|not yet (been )?(processed|ready)/i,
    kind: "temporary",
    message: "The provider has not read the uploaded file yet.",
    hint: AGAIN,
  },
  {
    words:
      /safety (evaluation|check|assessment)|model (was |is |has been )?(blocked|rejected)|model (did not|didn't|does not) pass|refusals_v\d/i,
    kind: "final",
    message: "The provider trained the model and then blocked it, because it failed a safety check.",
    hint: "Take examples that could be read as harmful out of the data set, or add some where the answer is a refusal, and train again.",
    quote: true,
  },
  {
    codes: ["contentFilter", "content_policy_violation"],
    words: /moderation|usage polic|RAI check|harm types?|unsafe content|content polic/i,
    kind: "final",
    message: "The provider's moderation blocked the training data.",
    hint: "Find the examples with its moderation endpoint, take them out of the data set, and start a new job.",
    quote: true,
  },
  {
    codes: ["file_not_found"],
    words:
      /no such file|\bfile\b.* (does not exist|not found|(was|been|is) deleted|expired)|invalid (training|validation)_file\b.*file-/i,
    kind: "final",
    message: "The uploaded file is gone at the provider: it was deleted, or has expired.",
    hint: "Start a new job, which uploads it again.",
  },
  {
    codes: ["model_not_available", "invalid_model", "model_not_found"],
    words:
      /(not available for|does not support|not support(ed)? (for )?|can ?not be) fine-?tun|invalid base model|model .*does not exist/i,
    kind: "final",
    message: "The provider does not train this model, or not for this account.",
    hint: "Choose a base model that it trains, by its dated name, such as gpt-4.1-mini-2025-04-14. At Azure it also depends on the region.",
    quote: true,
  },
  {
    words: /not (available|supported|enabled) (in|for) (this|the|your) (region|resource)/i,
    kind: "final",
    message: "The Azure resource is in a region where this can't be trained.",
    hint: "Use a resource in a region that Azure lists for fine-tuning of this model.",
    quote: true,
  },
  {
    codes: [
      "invalid_training_file",
      "invalid_validation_file",
      "invalid_file_format",
      "invalid_jsonl",
      "jsonlValidationFailed",
      "fileImportFailed",
    ],
    words: /invalid file format|\bjsonl\b|at least \d+ examples|invalid (training|validation) file/i,
    kind: "final",
    message: "The provider can't train on the file.",
    hint: "Correct the data set and start a new job.",
    quote: true,
  },
  {
    statuses: [413],
    words: /file (is )?too large|maximum (file size|size of .*file)/i,
    kind: "final",
    message: "The file is larger than the provider takes.",
    hint: "Train on fewer examples. OpenAI and Azure take files of up to 512 MB.",
  },
  {
    words: /hyper_?parameter|n_epochs|batch_size|learning_rate|\bsuffix\b|\bseed\b/i,
    kind: "final",
    message: "The provider does not take one of the job's settings.",
    hint: "Correct it, or leave it out for the provider to choose, and start a new job.",
    quote: true,
  },
  {
    codes: ["forbidden"],
    statuses: [403],
    kind: "final",
    message: "The account may not fine-tune.",
    hint: "The organization's owner can allow it for the project and the key. OpenAI also closed fine-tuning to accounts that had not used it before May 2026: train at Azure or Hugging Face then.",
    quote: true,
  },
  {
    codes: ["notFound"],
    statuses: [404],
    kind: "final",
    message: "The provider has not got what was asked for.",
    hint: "Check the provider's address and API version. A job or file may have been deleted there.",
    quote: true,
  },
  {
    statuses: [409, 425],
    kind: "temporary",
    message: "The provider is busy with the same thing already.",
    hint: AGAIN,
  },
];
