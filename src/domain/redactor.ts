/** Kinds of personal data that can be redacted; none is unless the configuration asks. */
export const PERSONAL_KINDS = ["email", "phone", "card", "iban", "national-id"] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

/** What a redactor is made of: plain data, so that another thread can make the same. */
export interface RedactionSettings {
  /** Secrets that are known, such as the configuration's own. */
  readonly secrets: readonly string[];
  readonly personal: readonly PersonalKind[];
  /** RE2, checked. The name stands in the placeholder. */
  readonly patterns: readonly { readonly name: string; readonly match: string }[];
}

/** Replaces what nobody may read later by `[redacted:KIND]`, such as `[redacted:api-key]`. */
export interface Redactor {
  /** The same text when there is nothing to replace. Redacting twice changes nothing more. */
  readonly redact: (text: string) => string;
  /**
   * A JSON value with its texts redacted, and the values of members such as `password` replaced; so are the arguments
   * of calls, which are JSON in a text. Names of members change only where they hold a finding themselves. The same value when there is nothing to replace.
   */
  redactJson(value: unknown): unknown;
  /** For a text that comes in pieces, wherever they are cut. */
  stream(): RedactingStream;
}

/** Gives out what is certain, and holds back an end in which something could begin. */
export interface RedactingStream {
  /** @returns the next part of the redacted text; empty when nothing more is certain */
  push(text: string): string;
  /** @returns the rest. The stream is used up then */
  end(): string;
}

const PLACEHOLDER = /\[redacted:[A-Za-z0-9._:/-]{1,64}\]/;

/** Was something in this text replaced? */
export function isRedacted(text: string): boolean {
  return PLACEHOLDER.test(text);
}
