import {
  PERSONAL_KINDS,
  type PersonalKind,
  type RedactingStream,
  type Redactor,
} from "../domain/redactor.ts";
import { type CustomPattern, CustomScanner } from "./custom.ts";
import { KEY_FORMS } from "./key-forms.ts";
import { knownSecrets } from "./known-secrets.ts";
import { redactMembers } from "./members.ts";
import { NAMED_VALUES } from "./named-values.ts";
import { personalRules } from "./personal.ts";
import { compileRules, type RuleSet, Scanner } from "./scanner.ts";

export interface RedactorOptions {
  /** Secrets that are known, such as the configuration's own. Those of less than 4 characters are not looked for. */
  readonly secrets?: readonly string[];
  /** Look for keys, tokens and passwords by their form too? Default true. */
  readonly forms?: boolean;
  /** Kinds of personal data to replace too. Default: none. */
  readonly personal?: readonly PersonalKind[];
  readonly patterns?: readonly CustomPattern[];
}

/** What can stand in a placeholder without patterns of one's own. */
const KINDS = ["api-key", "password", "private-key", "secret", "token", ...PERSONAL_KINDS] as const;

/** Compiled once, as every redactor for logs and errors has them. */
const ALWAYS = formsOf([], KINDS);

function formsOf(personal: readonly PersonalKind[], kinds: readonly string[]): RuleSet {
  return compileRules([...KEY_FORMS, ...NAMED_VALUES, ...personalRules(personal)], kinds);
}

export function newRedactor(options: RedactorOptions = {}): Redactor {
  const { secrets = [], forms = true, personal = [], patterns = [] } = options;
  const kinds = [...KINDS, ...patterns.map(({ name }) => name)];
  const known = knownSecrets(secrets);
  const byForm = personal.length > 0 || patterns.length > 0 ? formsOf(personal, kinds) : ALWAYS;
  const first = [...(known.length > 0 ? [compileRules(known, kinds)] : []), ...(forms ? [byForm] : [])];
  const stages = (): readonly RedactingStream[] => [
    ...first.map((set) => new Scanner(set)),
    // What stood right behind a match of a pattern may be a key of its own.
    ...(patterns.length > 0 ? [new CustomScanner(patterns), new Scanner(byForm)] : []),
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
