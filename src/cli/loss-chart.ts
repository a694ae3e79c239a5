import type { LossPoint } from "../tuning/job.ts";
import { type Dot, lossCurves, type Range, shareOf } from "../tuning/loss-curves.ts";

export interface ChartSize {
  /** Columns of all of it, labels too. Too few for a chart: nothing is drawn. */
  readonly width: number;
  /** Lines of the curves alone, at least 2. */
  readonly height: number;
  /** May escape sequences set colours? */
  readonly colour: boolean;
}

const LEAST_COLUMNS = 10;
const LEAST_LINES = 2;

/** A braille character holds two columns of four dots: their bits, line by line. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const BRAILLE = 0x2800;
const VALIDATION = "●";
const YELLOW = "\u001b[33m";
const PLAIN = "\u001b[39m";

/**
 * The training loss over the steps as a curve, and the validation loss as marks over it, with labelled axes.
 * @returns lines of at most `width` characters, escape sequences aside; none where there is nothing to draw
 */
export function lossChart(points: readonly LossPoint[], size: ChartSize): readonly string[] {
  const curves = lossCurves(points);
  if (curves === undefined) return [];
  const { training, validation, steps, values } = curves;
  const lines = Math.max(LEAST_LINES, Math.floor(size.height));
  const labels = labelsOf(values, lines);
  const margin = Math.max(...labels.map((label) => label.length));
  const columns = Math.floor(size.width) - margin - 2;
  if (!(columns >= LEAST_COLUMNS)) return [];
  const mark = size.colour ? `${YELLOW}${VALIDATION}${PLAIN}` : VALIDATION;
  const place = (dot: Dot, across: number, down: number): readonly [number, number] => [
    Math.round(shareOf(dot.step, steps) * (across - 1)),
    Math.round((1 - shareOf(dot.value, values)) * (down - 1)),
  ];
  const grid = curveOf(
    training.map((dot) => place(dot, columns * 2, lines * 4)),
    { columns, lines },
  );
  for (const [column, line] of validation.map((dot) => place(dot, columns, lines))) {
    const row = grid[line];
    if (row !== undefined) row[column] = mark;
  }
  const signs = [
    ...(training.length > 0 ? [["⠒⠒", "training loss"] as const] : []),
    ...(validation.length > 0 ? [[mark, "validation loss"] as const] : []),
  ];
  return [
    ...grid.map((row, index) => {
      const label = labels[index] ?? "";
      return `${label.padStart(margin)} ${label === "" ? "│" : "┤"}${row.join("")}`.trimEnd();
    }),
    `${" ".repeat(margin)} └${"─".repeat(columns)}`,
    `${" ".repeat(margin + 2)}${stepLine(steps, columns)}`.trimEnd(),
    ...legendOf(signs, " ".repeat(margin + 2), size.width),
  ];
}

/** The highest value, the lowest, and the one between them. */
function labelsOf({ low, high }: Range, lines: number): readonly string[] {
  const middle = Math.floor((lines - 1) / 2);
  return Array.from({ length: lines }, (_, line) => {
    if (low === high) return line === Math.round((lines - 1) / 2) ? low.toPrecision(3) : "";
    if (line === 0) return high.toPrecision(3);
    if (line === lines - 1) return low.toPrecision(3);
    if (line === middle) return (high - (line / (lines - 1)) * 2 * (high / 2 - low / 2)).toPrecision(3);
    return "";
  });
}

/** Dots joined by straight lines, in braille. @param dots column and line of each */
function curveOf(
  dots: readonly (readonly [number, number])[],
  { columns, lines }: { readonly columns: number; readonly lines: number },
): string[][] {
  const cells = Array.from({ length: lines }, () => new Array<number>(columns).fill(0));
  dots.forEach(([x, y], index) => {
    const [fromX, fromY] = dots[index - 1] ?? [x, y];
    const length = Math.max(Math.abs(x - fromX), Math.abs(y - fromY), 1);
    for (let part = 0; part <= length; part++) {
      const across = Math.round(fromX + ((x - fromX) * part) / length);
      const down = Math.round(fromY + ((y - fromY) * part) / length);
      const row = cells[down >> 2];
      const bit = DOTS[down & 3]?.[across & 1];
      if (row !== undefined && bit !== undefined) row[across >> 1] = (row[across >> 1] ?? 0) | bit;
    }
  });
  return cells.map((row) => row.map((bits) => (bits === 0 ? " " : String.fromCodePoint(BRAILLE + bits))));
}

function stepLine({ low, high }: Range, columns: number): string {
  const first = `step ${low}`;
  const last = low === high ? "" : String(high);
  return first.length + 1 + last.length > columns
    ? first.slice(0, columns)
    : first + last.padStart(columns - first.length);
}

/** What the signs mean, as far as there is room. */
function legendOf(
  entries: readonly (readonly [sign: string, meaning: string])[],
  margin: string,
  width: number,
): readonly string[] {
  const texts = entries.map(([sign, meaning]) => `${sign} ${meaning}`);
  // Signs are shorter than the escape sequences around them: two characters at most.
  const length = margin.length + entries.reduce((sum, [, meaning]) => sum + meaning.length + 6, 0);
  return length > width ? [] : [`${margin}${texts.join("   ")}`];
}
