import { type ChatRequest, lastUserIndex, textOf } from "../domain/chat.ts";
import type { Variant } from "../domain/table.ts";
import { textAgreement } from "./agreement.ts";
import type { Answered, Tools } from "./answered.ts";
import type { AgreementDocument, RowDocument } from "./document.ts";
import { conversationOf, Judge } from "./judge.ts";
import { messageText, readable } from "./message.ts";
import { resultOf } from "./result.ts";
import { schemaCheck } from "./schema-check.ts";
import { cosine } from "./similarity.ts";
import { mapBounded, Turns } from "./turns.ts";

/** A query for all variants. */
export interface Query {
  readonly request: ChatRequest;
  /** A good answer, as a message. */
  readonly expected: unknown;
  /** The capture that it came from. */
  readonly captureId: string | undefined;
}

export interface CompareOptions {
  /** The first one is the baseline. */
  readonly variants: readonly Variant[];
  readonly tools: Tools;
  /** Most calls at a time. */
  readonly concurrency: number;
}

/** Sends queries through several variants, and tells how far their answers agree. */
export class Comparison {
  readonly #variants: readonly Variant[];
  readonly #tools: Tools;
  readonly #concurrency: number;
  readonly #turns: Turns;
  readonly #judge: Judge | undefined;

  constructor({ variants, tools, concurrency }: CompareOptions) {
    this.#variants = variants;
    this.#concurrency = concurrency;
    this.#turns = new Turns(concurrency);
    const { embed } = tools;
    this.#tools = {
      ...tools,
      ask: (request, variant, signal) => this.#turns.run(() => tools.ask(request, variant, signal)),
      embed: embed && ((texts, signal) => this.#turns.run(() => embed(texts, signal))),
    };
    this.#judge = tools.judge && new Judge(this.#tools.ask, tools.judge, tools.redact);
  }

  /**
   * Rows in the order of the queries. A variant that fails ends nothing.
   * @param onRow told of each row once it is there, in any order
   * @throws the signal's reason once it is aborted
   */
  async set(
    queries: readonly Query[],
    signal: AbortSignal,
    onRow: (row: RowDocument, index: number) => void,
  ): Promise<readonly RowDocument[]> {
    return mapBounded(queries, this.#concurrency, async (query, index) => {
      const row = await this.one(query, signal);
      onRow(row, index);
      return row;
    });
  }

  /** @throws the signal's reason once it is aborted */
  async one({ request, expected, captureId }: Query, signal: AbortSignal): Promise<RowDocument> {
    signal.throwIfAborted();
    const asked = this.#variants.map((variant) => this.#tools.ask(request, variant, signal));
    const answers = await allOrFirstError(asked);
    const check = schemaCheck(request.body);
    return {
      query: textOf(request.messages[lastUserIndex(request.messages)]?.content),
      ...systemOf(request),
      capture_id: captureId ?? null,
      expected: expected === undefined ? null : readable(expected),
      results: answers.map((answered) => resultOf(answered, check)),
      agreement: await this.#agreements(request, answers, expected, signal),
    };
  }

  async #agreements(
    request: ChatRequest,
    answers: readonly Answered[],
    expected: unknown,
    signal: AbortSignal,
  ): Promise<AgreementDocument[]> {
    const pairs = pairsOf(answers, expected);
    const vectors = await this.#vectors(pairs, signal);
    const conversation = conversationOf(request);
    return Promise.all(
      pairs.map(async ({ variant, against, messages: [own, other] }) => {
        await breath();
        const [a, b] = [vectors.get(messageText(own)), vectors.get(messageText(other))];
        return {
          variant,
          against,
          ...textAgreement(own, other),
          embedding_similarity: (a && b && cosine(a, b)) ?? null,
          judge:
            against === null || this.#judge === undefined
              ? null
              : await this.#judge.judge(
                  { conversation, variant: readable(own), against: readable(other) },
                  signal,
                ),
        };
      }),
    );
  }

  /** Embeddings by text, all texts of a query in one call. */
  async #vectors(
    pairs: readonly Pair[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const { embed, redact } = this.#tools;
    const all = pairs.flatMap(({ messages }) => messages.map(messageText));
    const texts = [...new Set(all)].filter((text) => text.trim() !== "");
    if (embed === undefined || texts.length === 0) return new Map();
    const vectors = await embed(texts.map(redact), signal);
    return new Map(
      texts.flatMap((text, index) => {
        const vector = vectors?.[index];
        return vector === undefined ? [] : [[text, vector] as const];
      }),
    );
  }
}

/** Two answers that are to be compared. */
interface Pair {
  readonly variant: string;
  /** Null: the expected answer. */
  readonly against: string | null;
  readonly messages: readonly [unknown, unknown];
}

/** Each variant with the baseline, and with what was expected, as far as there are answers. */
function pairsOf(answers: readonly Answered[], expected: unknown): readonly Pair[] {
  const [baseline, ...others] = answers;
  const against = (answered: Answered | undefined, answer: Answered): readonly Pair[] => {
    const [own, other] = [answer.outcome, answered?.outcome];
    if (answered === undefined || own.kind !== "answer" || other?.kind !== "answer") return [];
    const { name } = answered.variant;
    return [{ variant: answer.variant.name, against: name, messages: [own.message, other.message] }];
  };
  return [
    ...others.flatMap((answer) => against(baseline, answer)),
    ...answers.flatMap(({ variant: { name }, outcome }): readonly Pair[] =>
      expected === undefined || outcome.kind !== "answer"
        ? []
        : [{ variant: name, against: null, messages: [outcome.message, expected] }],
    ),
  ];
}

function systemOf({ messages }: ChatRequest): { readonly system?: string } {
  const texts = messages.flatMap(({ role, content }) =>
    role === "system" || role === "developer" ? [textOf(content)] : [],
  );
  return texts.length === 0 ? {} : { system: texts.join("\n\n") };
}

/** All results, once no task is under way any more. @throws the first error */
async function allOrFirstError<T>(tasks: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

/** Lets others run: comparing long texts takes a while. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
