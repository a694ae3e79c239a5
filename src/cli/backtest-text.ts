import type {
  BacktestDocument,
  BillDocument,
  MoveDocument,
  QualityDocument,
  RouteDocument,
} from "../backtest/document.ts";
import { limitNote } from "../backtest/notes.ts";
import { count, namesText, percent, rounded, usd } from "../reports/words.ts";
import { percentText } from "../rollouts/words/units.ts";
import { plainLine, plainText } from "./plain-text.ts";
import { textTable } from "./text-table.ts";

/** A backtest as somebody reads it before the new configuration is applied. */
export function backtestText(document: BacktestDocument): string {
  const { from, to, captures, routes, rollouts } = document;
  const range = `${from.slice(0, 16)} to ${to.slice(0, 16)} UTC`;
  if (captures === 0) return `There are no captures from ${range}.\n`;
  const note = limitNote(document);
  const head = `${count(captures, "captured request")} from ${range}, by the configuration ${document.new} in place of ${document.current}.\n`;
  const standing = rollouts.map(({ name, percent: weight }) => `${name} at ${percentText(weight)}`);
  const stand =
    standing.length === 0 ? [] : [`Rollouts stand where they stand now: ${standing.join(", ")}.\n`];
  const parts = [
    head,
    ...stand,
    ...routes.map(routeText),
    ...(note === undefined ? [] : [`Note: ${note}\n`]),
  ];
  return plainText(parts.join("\n")); // captures may come from elsewhere, with names of their own
}

function routeText(route: RouteDocument): string {
  const { moved, compared, moves, bill, quality, notes } = route;
  const share = compared === 0 ? "" : ` (${percent(moved / compared)})`;
  const sections = [
    `${route.route}: of ${count(compared, "request")} ${moved === 0 ? "none" : `${rounded(moved)}${share}`} would go elsewhere.\n`,
    moves.length === 0 ? "" : movesText(moves),
    bill === null ? "" : billText(bill, route),
    moved === 0 ? "" : qualityText(quality),
    notes.map((note) => `Note: ${note}\n`).join(""),
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function movesText(moves: readonly MoveDocument[]): string {
  const rows = moves.map((move) => [
    move.from,
    destination(move),
    move.rules.map(({ from, to, requests }) => `${rulesText(from, to)} ${rounded(requests)}`).join(", "),
    rounded(move.requests),
    percent(move.share),
  ]);
  const table = textTable(["from", "to", "by the rules", "requests", "share"], rows, 3);
  const examples = moves.flatMap((move) =>
    move.examples.map(
      ({ id, query }) => `  ${move.from} -> ${destination(move)}: ${id} ${JSON.stringify(plainLine(query))}`,
    ),
  );
  return `${table}For example:\n${examples.join("\n")}\n`;
}

function destination({ to, same_variant }: MoveDocument): string {
  if (to === null) return "(refused)";
  return same_variant ? `${to} (asked otherwise)` : to;
}

function rulesText(from: string, to: string | null): string {
  return to === null || from === to ? from : `${from} -> ${to}`;
}

function billText(bill: BillDocument, { logged }: RouteDocument): string {
  const { before, after } = bill;
  const row = (name: string, side: BillDocument["before"]): readonly string[] => [
    name,
    rounded(side.input_tokens),
    rounded(side.cached_input_tokens),
    rounded(side.output_tokens),
    side.usd === null ? "unknown" : usd(side.usd),
  ];
  const change = {
    input_tokens: after.input_tokens - before.input_tokens,
    cached_input_tokens: after.cached_input_tokens - before.cached_input_tokens,
    output_tokens: after.output_tokens - before.output_tokens,
    usd: before.usd === null || after.usd === null ? null : after.usd - before.usd,
  };
  const table = textTable(
    [`${count(bill.requests, "answered request")}`, "tokens in", "of them cached", "out", "USD"],
    [row("as it is", before), row("as it would be", after), row("change", change)],
    1,
  );
  return `${table}${basisText(bill)}${wholeText(change.usd, logged)}`;
}

function basisText(bill: BillDocument): string {
  const { logged, counted_exactly, counted_nearly, output_basis, unpriced } = bill;
  const input = [
    ...(logged > 0 ? [`told by the upstream for ${rounded(logged)}`] : []),
    ...(counted_exactly > 0 ? [`counted with the model's tokenizer for ${rounded(counted_exactly)}`] : []),
    ...(counted_nearly > 0 ? [`estimated for ${rounded(counted_nearly)}`] : []),
  ];
  const output = output_basis.map(({ variant, requests, mean, answers }) =>
    mean === null
      ? `of ${variant}, which has no answers, as many as were logged (${rounded(requests)})`
      : `of ${variant} the mean of its ${count(answers, "answer")}, ${rounded(mean)} (${rounded(requests)})`,
  );
  const estimated = output.length === 0 ? "" : ` Output tokens are an estimate: ${output.join("; ")}.`;
  const unknown =
    unpriced.length === 0 ? "" : `USD is unknown: there is no price of ${namesText(unpriced)}.\n`;
  return `Input tokens: ${input.join(", ")}.${estimated}\n${unknown}`;
}

function wholeText(change: number | null, logged: RouteDocument["logged"]): string {
  if (logged.priced === 0) return "";
  const share =
    change === null || logged.usd === 0 ? "" : `: the change is ${percent(change / logged.usd)} of it`;
  return `All ${rounded(logged.priced)} requests of a known cost took ${usd(logged.usd)}${share}.\n`;
}

function qualityText(quality: QualityDocument): string {
  const { reward, logged, snips, doubly_robust, refused, rows, support } = quality;
  if (refused.length > 0)
    return [
      `How \`${reward}\` would change is not known:`,
      ...refused.map(({ text }) => `  ${text}`),
      "",
    ].join("\n");
  const row = (name: string, value: Value | null): readonly string[][] =>
    value === null ? [] : [[name, spanned(value), value.change === undefined ? "" : spanned(value.change)]];
  const table = textTable(
    [`${reward}, ${count(rows, "request")}`, "mean (95%)", "change (95%)"],
    [...row("as it was logged", logged), ...row("SNIPS", snips), ...row("doubly robust", doubly_robust)],
    1,
  );
  return `${table}The estimates tell as much as ${count(Math.floor(support.effective_rows), "request")} of equal weight; the largest weight is ${rounded(support.largest_weight)}.\n`;
}

interface Value {
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number };
  readonly change?: Value;
}

function spanned({ value, interval: { low, high } }: Value): string {
  return `${shown(value)} (${shown(low)} to ${shown(high)})`;
}

/** Four decimals at most: no interval is narrower. */
function shown(value: number): string {
  return rounded(Math.round(value * 1e4) / 1e4);
}
