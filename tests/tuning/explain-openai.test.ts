import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trainedName } from "../../src/datasets/tunable-models.ts";
import {
  type Doing,
  explainApiError,
  explainFailedJob,
  explainSilence,
} from "../../src/tuning/explain-openai.ts";

const errorOf = (
  status: number,
  code: string | undefined,
  message: string,
  param?: string,
): Parameters<typeof explainApiError>[0] => ({
  status,
  code,
  param,
  message,
  raw: JSON.stringify({ message, code }),
});

/** Status, code and words as OpenAI or Azure give them; the kind, and a part of what is made of it. */
const ERRORS: readonly (readonly [number, string | undefined, string, string, string])[] = [
  [
    429,
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details.",
    "final",
    "no credit left",
  ],
  [400, "billing_hard_limit_reached", "Billing hard limit has been reached", "final", "no credit left"],
  [429, "billing_not_active", "Your account is not active.", "final", "no credit left"],
  [
    400,
    undefined,
    "Fine-tuning jobs cannot be created on an Explore plan. You can upgrade to a paid plan.",
    "final",
    "no credit left",
  ],
  [
    429,
    "daily_rate_limit_exceeded",
    "This fine-tune request has been rate-limited. Your organization has reached the maximum of 8 fine-tuning requests per day for the model 'gpt-4.1-2025-04-14'.",
    "lasting",
    "as many fine-tuning jobs today",
  ],
  [429, "exceeded_quota", "Quota", "lasting", "at the same time"],
  [
    400,
    undefined,
    "Your organization has reached the maximum number of active fine-tuning jobs.",
    "lasting",
    "at the same time",
  ],
  [400, "quotaExceeded", "Quota exceeded: 100 training jobs.", "final", "holds as many files"],
  [429, "rate_limit_exceeded", "Rate limit reached.", "temporary", "no more requests for the moment"],
  [429, "429", "Requests have exceeded call rate limit.", "temporary", "no more requests for the moment"],
  [401, "invalid_api_key", "Incorrect API key provided: sk-***.", "final", "does not accept the API key"],
  [
    401,
    "401",
    "Access denied due to invalid subscription key or wrong API endpoint.",
    "final",
    "does not accept the API key",
  ],
  [
    401,
    undefined,
    "You must be a member of an organization to use the API.",
    "final",
    "organization or project",
  ],
  [
    401,
    "mismatched_organization",
    "OpenAI-Organization header should match organization for API key",
    "final",
    "organization or project",
  ],
  [
    401,
    undefined,
    "You have insufficient permissions for this operation. Missing scopes: api.fine_tuning.jobs.write",
    "final",
    "not all rights",
  ],
  [403, undefined, "You are not allowed to fine-tune.", "final", "may not fine-tune"],
  [
    403,
    "unsupported_country_region_territory",
    "Country, region, or territory not supported",
    "final",
    "does not serve the country",
  ],
  [
    400,
    "model_not_available",
    "Model gpt-9 is not available for fine-tuning or does not exist.",
    "final",
    "does not train this model",
  ],
  [
    400,
    "invalidPayload",
    "The specified base model does not support fine-tuning.",
    "final",
    "does not train this model",
  ],
  [
    404,
    "model_not_found",
    "The model `gpt-9` does not exist or you do not have access to it.",
    "final",
    "does not train this model",
  ],
  [400, undefined, "Fine-tuning of this model is not available in this region.", "final", "region"],
  [
    400,
    "invalid_training_file",
    "Invalid file format. Line 5 has no messages.",
    "final",
    "can't train on the file",
  ],
  [
    400,
    undefined,
    "Training file has 4 example(s), but must have at least 10 examples",
    "final",
    "can't train on the file",
  ],
  [400, "jsonlValidationFailed", "Validation of jsonl data failed.", "final", "can't train on the file"],
  [400, "fileImportFailed", "Import of file failed.", "final", "can't train on the file"],
  [
    400,
    "unexpectedEntityState",
    "The file file-1 is not ready to be used for fine-tuning.",
    "temporary",
    "not read the uploaded file",
  ],
  [
    400,
    undefined,
    "File 'file-1' is still being processed and is not ready to be used for fine-tuning. Please try again later.",
    "temporary",
    "not read the uploaded file",
  ],
  [404, undefined, "No such File object: file-1", "final", "file is gone"],
  [400, undefined, "The file file-1 was deleted.", "final", "file is gone"],
  [400, undefined, "invalid training_file: file-1", "final", "file is gone"],
  [413, undefined, "Too large", "final", "larger than the provider takes"],
  [400, "invalid_value", "Must be between 1 and 50.", "final", "one of the job's settings"],
  [404, "404", "Resource not found", "final", "has not got what was asked for"],
  [
    404,
    "fine_tune_not_found",
    "Could not find fine tune: ftjob-1",
    "final",
    "has not got what was asked for",
  ],
  [
    409,
    "conflict",
    "The requested operation conflicts with the current resource state.",
    "temporary",
    "busy with the same thing",
  ],
  [500, "internalFailure", "Internal error. Please retry.", "temporary", "failed with status 500"],
  [
    503,
    "serviceUnavailable",
    "The service is currently not available.",
    "temporary",
    "failed with status 503",
  ],
  [408, undefined, "Timeout", "temporary", "failed with status 408"],
  [418, "teapot", "I am short and stout.", "final", "refused with status 418. It says: I am short"],
];

describe("a provider's error", () => {
  test.each(ERRORS)("%i %s %s", (status, code, message, kind, words) => {
    const param = code === "invalid_value" ? "hyperparameters.n_epochs" : undefined;
    const problem = explainApiError(errorOf(status, code, message, param), "reading");
    expect(problem).toMatchObject({ kind, status, code });
    expect(problem.message).toContain(words);
    expect(problem.raw).toBe(JSON.stringify({ message, code }));
  });

  test("of the provider itself leaves open whether a job was created", () => {
    const kindOf = (doing: Doing) => explainApiError(errorOf(502, undefined, "Bad gateway"), doing).kind;
    expect(kindOf("creating")).toBe("unknown");
    expect([kindOf("reading"), kindOf("uploading"), kindOf("cancelling")]).toEqual(
      Array(3).fill("temporary"),
    );
  });

  test("of the provider itself is quoted, and a page that stands in its place is not", () => {
    const error = errorOf(500, undefined, "The disk is full.");
    const told = "The provider failed with status 500.";
    expect(explainApiError(error, "reading").message).toBe(`${told} It says: The disk is full.`);
    expect(explainApiError({ ...error, raw: "<html>" }, "reading").message).toBe(told);
  });

  test("is in plain words for every status and text, and not too long", () => {
    const statuses = fc.integer({ min: 300, max: 599 });
    const words = fc.string({ maxLength: 9000 });
    fc.assert(
      fc.property(statuses, fc.option(fc.string(), { nil: undefined }), words, (status, code, text) => {
        const { message, raw, kind } = explainApiError(errorOf(status, code, text), "creating");
        expect(message).toMatch(/^(The|OpenAI) .+\./);
        expect(message.length).toBeLessThan(650);
        expect(raw.length).toBeLessThanOrEqual(4000);
        expect(["temporary", "unknown", "final"]).toContain(kind);
      }),
    );
  });
});

describe("a job that failed", () => {
  test.each([
    [
      "invalid_training_file",
      "This training file was blocked because too many examples were flagged by our moderation API for containing content that violates OpenAI's usage policies in the following categories: hate.",
      "moderation blocked the training data",
    ],
    [
      undefined,
      "The provided training data failed RAI checks for harm types: [hate_fairness, self_harm]. Please fix the data and try again.",
      "moderation blocked the training data",
    ],
    [undefined, "The model did not pass our safety evaluation.", "trained the model and then blocked it"],
    ["invalid_training_file", "Invalid file format. Line 5: messages is missing.", "can't train on the file"],
    ["exceeded_quota", "Quota", "at the same time"],
    ["insufficient_quota", "You exceeded your current quota.", "no credit left"],
    ["server_error", "Something went wrong.", "a fault of the provider's own"],
    ["odd", "What is this?", "The training failed. It says: What is this?"],
  ])("%s: %s", (code, message, words) => {
    const problem = explainFailedJob({ code, message, param: null });
    expect(problem).toMatchObject({ kind: "final", status: undefined, code });
    expect(problem.message).toContain(words);
    expect(problem.message).toContain(message);
    expect(problem.hint).toBeTruthy();
    expect(problem.hint).not.toContain("tried again");
  });

  test.each([undefined, null, {}])("and says nothing of it: %j", (error) => {
    const { message, raw } = explainFailedJob(error);
    expect(message).toBe("The training failed, and the provider does not say why.");
    expect(raw).toBe(JSON.stringify(error ?? null));
  });
});

test("a provider that was not reached has done nothing", () => {
  expect(explainSilence({ raw: "ECONNRESET", reached: true }, "creating").kind).toBe("unknown");
  expect(explainSilence({ raw: "ECONNRESET", reached: true }, "reading").kind).toBe("temporary");
  expect(explainSilence({ raw: "ECONNREFUSED", reached: false }, "creating").kind).toBe("temporary");
});

test.each([
  ["gpt-4.1-mini", "openai", "gpt-4.1-mini-2025-04-14"],
  ["gpt-4.1-mini", "azure", "gpt-4.1-mini-2025-04-14"],
  ["gpt-4o-2024-08-06", "openai", "gpt-4o-2024-08-06"],
  ["gpt-3.5-turbo", "azure", "gpt-35-turbo-0125"],
  ["gpt-35-turbo", "openai", "gpt-3.5-turbo-0125"],
  ["gpt-35-turbo-1106", "azure", "gpt-35-turbo-1106"],
  ["ft:gpt-4.1-mini-2025-04-14:me::abc", "openai", "ft:gpt-4.1-mini-2025-04-14:me::abc"],
  ["something-new", "openai", "something-new"],
] as const)("%s is trained at %s as %s", (name, api, trained) => {
  expect(trainedName(name, api)).toBe(trained);
});
