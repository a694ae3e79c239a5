import type { Random } from "./random.ts";

/** What a run found, by name. What did not happen in it is left out. */
export type Figures = Readonly<Record<string, number>>;

/** Something that is simulated many times. */
export interface Scenario {
  /** Stands for the seeds too: the same name and number of a run make the same numbers. */
  readonly name: string;
  /** How many runs. */
  readonly full: number;
  readonly reduced: number;
  readonly run: (random: Random) => Figures;
}

/** A part of the page. */
export interface Section {
  readonly title: string;
  /** What is simulated, and what the method promises. Markdown. */
  readonly text: string;
  readonly scenarios: readonly Scenario[];
  /** @returns rows of cells, of which the first is the head */
  readonly table: (found: Found) => readonly (readonly string[])[];
  readonly goals: (found: Found) => readonly Goal[];
}

/** What the runs of a scenario found, in their order. */
export type Found = (scenario: Scenario) => Runs;

export interface Goal {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  readonly isMet: boolean;
}

/** What the runs of a scenario found. */
export class Runs {
  readonly all: readonly Figures[];

  constructor(all: readonly Figures[]) {
    this.all = all;
  }

  get count(): number {
    return this.all.length;
  }

  /** The figure of this name in those runs that have it. */
  values(name: string): readonly number[] {
    return this.all.flatMap((figures) => figures[name] ?? []);
  }

  /** In how many runs there is a figure of this name. */
  having(name: string): number {
    return this.values(name).length;
  }

  /**
   * The value below which a share `q` of all runs lies, where runs without the figure come last.
   * @returns Infinity when so many have none
   */
  quantile(name: string, q: number): number {
    const sorted = this.values(name).toSorted((a, b) => a - b);
    return sorted[Math.floor(q * this.count)] ?? Number.POSITIVE_INFINITY;
  }

  median(name: string): number {
    return this.quantile(name, 0.5);
  }

  mean(name: string): number {
    const values = this.values(name);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }
}
