import { LEAST_DAYS_SEEN } from "../reports/advise.ts";
import type { BoundsDocument, ReportDocument } from "../reports/document.ts";
import { count, duration, percent, rounded, unitOf, usd } from "../reports/words.ts";
import { textTable } from "./text-table.ts";

/** A line for each route. */
export function reportLines(reports: readonly ReportDocument[]): string {
  const head = ["route", "advice", "break-even", "requests", "a day", "cost USD", "prompt USD a month"];
  const rows = reports.map((report) => [
    report.route,
    report.advice.advice,
    shortBreakEven(report),
    rounded(report.totals.requests),
    report.requests_per_day === null ? "" : `${mark(report)}${numberIn(report.requests_per_day)}`,
    rounded(report.totals.cost_usd),
    report.prompt_cost === null ? "" : span(report.prompt_cost.usd_per_month),
  ]);
  const table = textTable(head, rows, head.indexOf("requests"));
  return reports.some((report) => mark(report) !== "")
    ? `${table}\n~ is reckoned from less than a day of traffic.\n`
    : table;
}

/** Before a rate that rests on less than a day of traffic. */
function mark({ observed_days }: ReportDocument): string {
  return observed_days > 0 && observed_days < LEAST_DAYS_SEEN ? "~" : "";
}

function shortBreakEven({ break_even }: ReportDocument): string {
  if (break_even === null) return "unknown";
  switch (break_even.verdict) {
    case "pays_back":
      return duration(break_even.days?.value ?? 0);
    case "never":
      return "never";
    case "training_cost_unknown":
      return "unknown";
  }
}

/** All of a report, in tables and sentences. */
export function reportText(report: ReportDocument): string {
  const { route, from, to, totals, observed_days, requests_per_day } = report;
  const range = `${route}, ${from.slice(0, 16)} to ${to.slice(0, 16)} UTC`;
  if (totals.requests === 0) return `${range}: no requests.\n\n${adviceText(report)}`;
  const sections = [
    `${range}: ${count(totals.requests, "request")} in ${duration(observed_days)}, ${mark(report)}${requests_per_day === null ? "" : bounded(requests_per_day)} a day${mark(report) === "" ? "" : `, reckoned from ${duration(observed_days)} of traffic`}.\n`,
    trafficTable(report),
    promptText(report),
    breakEvenText(report),
    savingsText(report),
    adviceText(report),
    report.notes.map((note) => `Note: ${note}\n`).join(""),
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function trafficTable({ by_path, by_variant, by_prompt_version, totals }: ReportDocument): string {
  const row = (name: string, sums: ReportDocument["totals"]): readonly string[] => [
    name,
    rounded(sums.requests),
    rounded(sums.errors),
    rounded(sums.input_tokens),
    rounded(sums.added_tokens),
    rounded(sums.output_tokens),
    rounded(sums.cost_usd),
    sums.mean_cost_usd === null ? "" : bounded(sums.mean_cost_usd),
    sums.mean_duration_ms === null ? "" : rounded(sums.mean_duration_ms),
  ];
  const head = [
    "",
    "requests",
    "errors",
    "tokens in",
    "by the prompt",
    "out",
    "cost USD",
    "a request (95%)",
    "ms",
  ];
  const rows = [
    ...by_path.map((group) => row(`path ${group.path}`, group)),
    ...several(by_variant).map((group) => row(`variant ${group.variant}`, group)),
    ...several(by_prompt_version).map((group) => row(`prompt ${group.prompt_version ?? "none"}`, group)),
    row("all", totals),
  ];
  return textTable(head, rows, 1);
}

/** One group alone is the whole, which is there already. */
function several<Group>(groups: readonly Group[]): readonly Group[] {
  return groups.length > 1 ? groups : [];
}

function promptText({ prompt_cost }: ReportDocument): string {
  if (prompt_cost === null)
    return "What the prompt costs is not known: no enriched request has a known cost.\n";
  const { added_tokens_per_request, share_of_input, usd_per_request, usd_per_month } = prompt_cost;
  return `The prompt adds ${rounded(added_tokens_per_request)} tokens to a request, ${percent(share_of_input)} of its input: ${usdSpan(usd_per_request)} a request, ${usdSpan(usd_per_month)} a month.\n`;
}

function breakEvenText(report: ReportDocument): string {
  const { candidate, break_even: even, priced_requests_per_day: rate } = report;
  if (candidate === null)
    return "Break-even: the route has no bare or fine-tuned variant. Give --candidate, or --input-price and --output-price.\n";
  const name = candidate.variant ?? "a model at the prices given";
  if (even === null)
    return `Break-even with ${name}: not known. It takes enriched requests of a known cost, and the candidate's price.\n`;
  const saving = even.saving_usd_per_request;
  return [
    `Break-even with ${name}, its cost ${even.basis}:`,
    `  a request costs ${numberIn(even.enriched_usd_per_request, usd)} with the prompt and ${numberIn(even.candidate_usd_per_request, usd)} there: ${bounded(saving, usd)} saved`,
    `  at ${mark(report)}${rate === null ? "" : bounded(rate)} requests a day and ${usd(even.hosting_usd_per_day)} of hosting a day: ${bounded(even.net_saving_usd_per_day, usd)} saved a day`,
    `  ${verdictText(report)}`,
    "",
    sensitivityTable(even),
  ].join("\n");
}

function verdictText({ candidate, break_even: even }: ReportDocument): string {
  if (even === null) return "";
  switch (even.verdict) {
    case "pays_back":
      return `training at ${usd(candidate?.training_cost ?? 0)} is paid back after ${durations(even.days)}${even.hosting_usd_per_day === 0 ? `, ${bounded(even.requests)} requests` : ""}`;
    case "never":
      return even.requests_per_day_needed === null
        ? "it never pays, at no volume: a request costs no less there"
        : `it never pays at this volume: hosting alone takes ${rounded(even.requests_per_day_needed)} requests a day`;
    case "training_cost_unknown":
      return "what training costs is not known: give --training-cost, or `trainingCost` of the model";
  }
}

function sensitivityTable({ sensitivity }: NonNullable<ReportDocument["break_even"]>): string {
  const head = ["volume", "requests a day", "break even after", "USD saved a month"];
  const rows = sensitivity.map(({ factor, requests_per_day, days, net_saving_usd_per_month }) => [
    `${factor}x`,
    rounded(requests_per_day),
    days === null ? (net_saving_usd_per_month > 0 ? "unknown" : "never") : duration(days),
    rounded(net_saving_usd_per_month),
  ]);
  return textTable(head, rows, 1);
}

function savingsText({ savings }: ReportDocument): string {
  if (savings === null) return "";
  const { requests, gross_usd, hosting_usd, training_usd, net_usd } = savings;
  return `So far ${count(requests, "request")} of the candidate saved ${bounded(gross_usd, usd)}; less hosting ${usd(hosting_usd)} and training ${usd(training_usd)}: ${bounded(net_usd, usd)}.\n`;
}

const SIGNS = { for: "+", against: "-", open: "?" } as const;

function adviceText({ advice: { advice, reasons } }: ReportDocument): string {
  return [
    `Advice: ${ADVICE[advice]}`,
    ...reasons.map(({ speaks, text }) => `  ${SIGNS[speaks]} ${text}`),
    "",
  ].join("\n");
}

const ADVICE: Readonly<Record<ReportDocument["advice"]["advice"], string>> = {
  stay: "stay with the prompt.",
  capture: "capture more examples first.",
  tune: "fine-tune, and move traffic step by step.",
  keep: "keep the candidate.",
  "go-back": "go back to the prompt.",
};

/** `1.5 (1.2 to 2)`; "never" where there is no number. */
function bounded(bounds: BoundsDocument | null, shown: Show = rounded): string {
  if (bounds === null) return "unknown";
  const like = bounds.low === null ? undefined : (bounds.value ?? undefined);
  const written = (end: number | null): string => (end === null ? "never" : shown(end, like));
  const [value, low, high] = [written(bounds.value), written(bounds.low), written(bounds.high)];
  return bounds.low === null || (low === value && high === value) ? value : `${value} (${low} to ${high})`;
}

/** `26.8 (25.9 to 27.8) days`, in hours or minutes below a day. */
function durations(bounds: BoundsDocument | null): string {
  if (bounds === null || bounds.value === null) return bounded(bounds);
  const { one, inDays } = unitOf(bounds.value);
  const scaled = (days: number | null): number | null => (days === null ? null : days / inDays);
  const { value, low, high } = bounds;
  return `${bounded({ value: scaled(value), low: scaled(low), high: scaled(high) })} ${one}s`;
}

/** @param like a number beside which it stands */
type Show = (value: number, like?: number) => string;

function numberIn({ value }: BoundsDocument, shown: Show = rounded): string {
  return value === null ? "never" : shown(value);
}

function span({ low, high }: Span, shown: Show = rounded): string {
  const [from, to] = [shown(low), shown(high)];
  return from === to ? from : `${from} to ${to}`;
}

function usdSpan({ low, high }: Span): string {
  return low === high ? usd(low) : span({ low, high }, (value) => usd(value, high));
}

interface Span {
  readonly low: number;
  readonly high: number;
}
