import OpenAI from "openai";
import { mapBounded } from "../comparison/turns.ts";
import type { Question } from "./migration-questions.ts";
import { Progress } from "./progress.ts";
import type { RequestLines } from "./request-lines.ts";

/** Questions that are asked at the same time. */
const CONCURRENCY = 16;
/** Customers, who ask in turn. */
const CUSTOMERS = 400;

/** A question with its answer, and what that took. */
export interface Asked {
  readonly question: Question;
  /** The request's id. */
  readonly id: string;
  readonly answer: string;
  readonly inputTokens: number;
  readonly usd: number;
}

/** An app that asks the gateway, and its reviewers. */
export class MigrationClient {
  readonly #client: OpenAI;
  readonly #lines: RequestLines;
  readonly #signal: AbortSignal;

  constructor(url: string, lines: RequestLines, signal: AbortSignal) {
    this.#client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none-needed", maxRetries: 0 });
    this.#lines = lines;
    this.#signal = signal;
  }

  /**
   * Asks questions, several at a time. The route chooses the variant.
   * @throws OpenAI.APIError for what is not answered, and the signal's reason
   */
  ask(questions: readonly Question[]): Promise<readonly Asked[]> {
    return this.#each("questions", questions, (question, index) => this.#one(question, index, undefined));
  }

  /** Asks the same of several variants. @returns for each the answers. @throws as `ask` */
  async askEach(
    variants: readonly string[],
    questions: readonly Question[],
  ): Promise<ReadonlyMap<string, readonly Asked[]>> {
    const pairs = variants.flatMap((variant) => questions.map((question) => ({ variant, question })));
    const asked = await this.#each("questions", pairs, async ({ variant, question }, index) => ({
      variant,
      one: await this.#one(question, index, variant),
    }));
    return new Map(
      variants.map((name) => [name, asked.filter(({ variant }) => variant === name).map(({ one }) => one)]),
    );
  }

  /** Gives what should have been answered as feedback. @throws OpenAI.APIError, and the signal's reason */
  async correct(wrong: readonly Asked[]): Promise<void> {
    await this.#each("corrections", wrong, ({ id, question }) =>
      this.#client.post("/feedback", {
        body: { request_id: id, name: "correction", value: question.intent },
        signal: this.#signal,
      }),
    );
  }

  /** Does the gateway have this variant by now? Nothing is asked of a model. */
  async knows(variant: string): Promise<boolean> {
    try {
      await this.#client.post("/chat/completions", {
        body: { model: "intents", messages: [{ role: "user", content: "Where is my card?" }] },
        headers: { "x-crossover-variant": variant, "x-crossover-dry-run": "true" },
        signal: this.#signal,
      });
      return true;
    } catch (error) {
      if (error instanceof OpenAI.BadRequestError) return false;
      throw error;
    }
  }

  async #one(question: Question, index: number, variant: string | undefined): Promise<Asked> {
    const headers = variant === undefined ? {} : { "x-crossover-variant": variant };
    const { data, response } = await this.#client.chat.completions
      .create(
        {
          model: "intents",
          user: `customer-${index % CUSTOMERS}`,
          messages: [{ role: "user", content: question.text }],
        },
        { headers, signal: this.#signal },
      )
      .withResponse();
    const id = response.headers.get("x-crossover-request-id") ?? "";
    const { input_tokens, cost_usd } = await this.#lines.of(id);
    return {
      question,
      id,
      answer: data.choices[0]?.message.content ?? "",
      inputTokens: Number(input_tokens),
      usd: Number(cost_usd),
    };
  }

  async #each<Item, Result>(
    what: string,
    items: readonly Item[],
    work: (item: Item, index: number) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const progress = new Progress(process.stderr, what, items.length);
    const results = await mapBounded(items, CONCURRENCY, async (item, index) => {
      this.#signal.throwIfAborted();
      const result = await work(item, index);
      progress.step(0);
      return result;
    });
    progress.end();
    return results;
  }
}
