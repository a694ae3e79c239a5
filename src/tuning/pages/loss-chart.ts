import { type Html, html } from "../../pages/html.ts";
import type { LossPoint } from "../job.ts";
import { type Dot, lossCurves, type Range, shareOf } from "../loss-curves.ts";

/** In the drawing's own units; it is scaled to the page. */
const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 40;
const TICKS = 5;
/** Of so many points each has a dot of its own. */
const DOTTED = 40;

/** The losses over the steps as a drawing with axes and a legend; nothing where there is nothing to draw. */
export function lossChart(points: readonly LossPoint[]): Html {
  const drawn = lossCurves(points);
  if (drawn === undefined) return html``;
  const { training, validation, steps, values } = drawn;
  const x = (step: number): number => rounded(LEFT + shareOf(step, steps) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): number =>
    rounded(HEIGHT - BOTTOM - shareOf(value, values) * (HEIGHT - TOP - BOTTOM));
  const curves = [
    { name: "training", dots: training },
    { name: "validation", dots: validation },
  ].filter(({ dots }) => dots.length > 0);
  const label = curves
    .map(({ name, dots }) => `${name} loss ${shown(dots[0]?.value)} to ${shown(dots.at(-1)?.value)}`)
    .join(", ");
  return html`<figure class="wide"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Loss by step: ${label}">
${ticksOf(values).map(
  (tick) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/>
<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${shown(tick)}</text>`,
)}
${ticksOf(steps)
  .filter(Number.isInteger)
  .map((tick) => html`<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick}</text>`)}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">step</text>
${curves.map(({ name, dots }) => curve(name, dots, x, y))}
</svg><figcaption>${curves.map(({ name }) => html`<span class="${name}">${name} loss</span> `)}</figcaption></figure>`;
}

function curve(
  name: string,
  dots: readonly Dot[],
  x: (step: number) => number,
  y: (value: number) => number,
): Html {
  const places = dots.map(({ step, value }) => ({ x: x(step), y: y(value), step, value }));
  const line = places.map((place) => `${place.x},${place.y}`).join(" ");
  const marks = places.length > DOTTED ? [] : places;
  return html`<polyline class="${name}" points="${line}"/>
${marks.map(
  (place) =>
    html`<circle class="${name}" cx="${place.x}" cy="${place.y}" r="3"><title>${`step ${place.step}: ${shown(place.value)}`}</title></circle>`,
)}`;
}

/** Round numbers within a range, about `TICKS` of them. */
function ticksOf({ low, high }: Range): readonly number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const distance = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / distance);
  const last = Math.floor(high / distance);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * distance).toPrecision(12)),
  );
}

function shown(value: number | undefined): string {
  return value === undefined
    ? ""
    : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
