import type { RedactingStream, Redactor } from "../domain/redactor.ts";
import { type CustomPattern, CustomScanner } from "./custom.ts";
import { KEY_FORMS } from "./key-forms.ts";
import { knownSecrets } from "./known-secrets.ts";
import { redactMembers } from "./members.ts";
import { NAMED_VALUES } from "./named-values.ts";
import { PERSONAL_KINDS, type PersonalKind, personalRules } from "./personal.ts";
import { compileRules, Scanner } from "./scanner.ts";

export interface RedactorOptions {
  /** Secrets that are known, such as the configuration's own. Those of less than 4 characters are not looked for. */
  readonly secrets?: readonly string[];
  /** Kinds of personal data to replace too. Default: none. */
  readonly personal?: readonly PersonalKind[];
  readonly patterns?: readonly CustomPattern[];
}

/** What can stand in a placeholder without patterns of one's own. */
const KINDS = ["api-key", "password", "private-key", "secret", "token", ...PERSONAL_KINDS] as const;

/** Compiled once, as every redactor for logs and errors has them. */
const ALWAYS = compileRules([...KEY_FORMS, ...NAMED_VALUES], KINDS);

/** @returns a redactor; keys, tokens and passwords are always replaced */
export function newRedactor(options: RedactorOptions = {}): Redactor {
  const { secrets = [], personal = [], patterns = [] } = options;
  const kinds = [...KINDS, ...patterns.map(({ name }) => name)];
  const known = knownSecrets(secrets);
  const extended = personal.length > 0 || patterns.length > 0;
  const sets = [
    ...(known.length === 0 ? [] : [compileRules(known, kinds)]),
    extended ? compileRules([...KEY_FORMS, ...NAMED_VALUES, ...personalRules(personal)], kinds) : ALWAYS,
  ];
  const stages = (): readonly RedactingStream[] => [
    ...sets.map((set) => new Scanner(set)),
    ...(patterns.length === 0 ? [] : [new CustomScanner(patterns)]),
  ];
  const redact = (text: string): string => {
    const out = stages().reduce((before, stage) => stage.push(before) + stage.end(), text);
    return out === text ? text : out;
  };
  return {
    redact,
    redactJson: (value) => redactMembers(value, redact),
    stream: () => new Stages(stages()),
  };
}

/** Each stage reads what the one before gives out. */
class Stages implements RedactingStream {
  readonly #stages: readonly RedactingStream[];

  constructor(stages: readonly RedactingStream[]) {
    this.#stages = stages;
  }

  push(text: string): string {
    return this.#stages.reduce((before, stage) => stage.push(before), text);
  }

  end(): string {
    return this.#stages.reduce((before, stage) => stage.push(before) + stage.end(), "");
  }
}
