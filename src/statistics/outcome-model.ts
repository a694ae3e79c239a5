import { unitOf } from "../domain/hash.ts";
import type { LoggedRow } from "./logged-row.ts";

/** A mean of so many rows' worth is what a cell begins with: that of the coarser cell around it. */
const PRIOR_ROWS = 10;

interface Cell {
  count: number;
  sum: number;
}

/** Mean rewards of an action by the features of a request, each drawn to the mean of the cell around it. */
class OutcomeModel {
  readonly #cells = new Map<string, Cell>();

  learn({ action, features, reward }: LoggedRow): void {
    for (const path of cellsOf(action, features)) {
      const cell = this.#cells.get(path);
      if (cell === undefined) this.#cells.set(path, { count: 1, sum: reward });
      else {
        cell.count++;
        cell.sum += reward;
      }
    }
  }

  /** @returns 0 where nothing was learned */
  predict(action: string, features: readonly string[]): number {
    let mean = 0;
    let prior = 0; // nothing is known before the first cell
    for (const path of cellsOf(action, features)) {
      const cell = this.#cells.get(path);
      if (cell === undefined) break;
      mean = (cell.sum + prior * mean) / (cell.count + prior);
      prior = PRIOR_ROWS;
    }
    return mean;
  }
}

/** From all rows down to those of the action with all of the features. */
function cellsOf(action: string, features: readonly string[]): readonly string[] {
  const cells = ["", action];
  for (const feature of features) cells.push(`${cells.at(-1)}\n${feature}`);
  return cells;
}

/** Predicts the reward of an action for a row. */
export type Predict = (row: LoggedRow, action: string) => number;

/**
 * A model of the rewards that is fitted twice, each time to one half of the units, and that predicts the rows of the
 * other half: no row takes part in its own prediction.
 */
export function crossFitted(rows: readonly LoggedRow[]): Predict {
  const models = [new OutcomeModel(), new OutcomeModel()] as const;
  const halves = new Map(rows.map((row, index) => [row, halfOf(row, index)]));
  for (const [row, half] of halves) models[half === 0 ? 1 : 0].learn(row);
  return (row, action) => models[halves.get(row) ?? 0].predict(action, row.features);
}

function halfOf({ unit }: LoggedRow, index: number): 0 | 1 {
  return unitOf(unit === undefined ? `row ${index}` : `unit ${unit}`) < 0.5 ? 0 : 1;
}
