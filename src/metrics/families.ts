import { known } from "../domain/made.ts";

/**
 * Counters, gauges and histograms whose series are looked up once and then only added to, and their text in
 * Prometheus' format (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
 */

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels<L extends string> = Readonly<Record<L, string>>;

/** One number with its labels. */
export class Series {
  value = 0;

  add(amount: number): void {
    this.value += amount;
  }
}

/** How often values fell below each bound, with their sum. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** Counts of each bucket alone, the last for what lies above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const above = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = above === -1 ? this.#bounds.length : above;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** @returns the counts up to each bound, +Inf last, and the sum */
  read(): { readonly cumulative: readonly number[]; readonly sum: number } {
    let count = 0;
    return { cumulative: this.#counts.map((one) => (count += one)), sum: this.#sum };
  }
}

/** A metric with all its series. */
export interface Family<L extends string, S> {
  /** The series of these labels, always the same one. Looking it up costs more than adding to it. */
  series(labels: Labels<L>): S;
  /** Its lines, each with a line feed. */
  render(): string;
}

/** A counter or a gauge. */
export class NumberFamily<L extends string> implements Family<L, Series> {
  readonly #name: string;
  readonly #header: string;
  readonly #series = new Map<string, Series>();

  constructor(type: "counter" | "gauge", name: string, help: string) {
    this.#name = name;
    this.#header = header(type, name, help);
  }

  series(labels: Labels<L>): Series {
    return known(this.#series, `${this.#name}${braces(labels)} `, () => new Series());
  }

  /** Forgets all series. */
  clear(): void {
    this.#series.clear();
  }

  render(): string {
    let text = this.#header;
    for (const [prefix, { value }] of this.#series) text += `${prefix}${value}\n`;
    return text;
  }
}

/** A number that only grows. */
export function counter<L extends string = never>(name: string, help: string): NumberFamily<L> {
  return new NumberFamily("counter", name, help);
}

/** A number as it is now. */
export function gauge<L extends string = never>(name: string, help: string): NumberFamily<L> {
  return new NumberFamily("gauge", name, help);
}

export class HistogramFamily<L extends string> implements Family<L, Distribution> {
  readonly #name: string;
  readonly #header: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<
    string,
    { readonly prefixes: readonly string[]; readonly values: Distribution }
  >();

  /** @param bounds upper bounds of the buckets, ascending */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#header = header("histogram", name, help);
    this.#bounds = bounds;
  }

  series(labels: Labels<L>): Distribution {
    return known(this.#series, braces(labels), (key) => ({
      prefixes: [
        ...[...this.#bounds, "+Inf"].map(
          (le) => `${this.#name}_bucket${braces({ ...labels, le: String(le) })} `,
        ),
        `${this.#name}_sum${key} `,
        `${this.#name}_count${key} `,
      ],
      values: new Distribution(this.#bounds),
    })).values;
  }

  render(): string {
    let text = this.#header;
    for (const { prefixes, values } of this.#series.values()) {
      const { cumulative, sum } = values.read();
      const numbers = [...cumulative, sum, cumulative.at(-1)];
      for (let i = 0; i < prefixes.length; i++) text += `${prefixes[i]}${numbers[i]}\n`;
    }
    return text;
  }
}

function header(type: string, name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function braces(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
