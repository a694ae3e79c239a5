import type { Attempts, Counted, Row, Sees } from "./row.ts";
import type { Scenario } from "./scenario.ts";

/** A fault as a row of the table: what goes wrong, what the client sees, what is counted, what is kept. */
export type Cells = readonly [name: string, sees: string, counted: string, kept: string];

export function cellsOf(row: Row): Cells {
  const { name, sees, counted, kept, takesMs, growsMiB } = row;
  const grows = growsMiB === undefined ? [] : [`the process's memory grows by less than ${growsMiB} MiB`];
  return [
    name,
    [seesText(sees), ...(takesMs === undefined ? [] : [timeText(takesMs)])].join(", "),
    [countedText(counted), ...grows].join("; "),
    kept,
  ];
}

export function scenarioCells({ name, sees, counted, kept, exits }: Scenario): Cells {
  const counts = Object.entries(counted).map(([sample, value]) => {
    const shown = sample.startsWith("crossover_") ? `\`${sample}\`` : sample;
    return typeof value === "number" ? `${shown}: ${value}` : `${shown}: at most ${value.atMost}`;
  });
  return [
    name,
    Object.entries(sees)
      .map(([label, count]) => `${count} × ${label}`)
      .join("; "),
    [...counts, ...(exits === undefined ? [] : [`exit code ${exits}`])].join("; "),
    kept,
  ];
}

function seesText(sees: Sees): string {
  return [mainText(sees), ...headersText(sees)].join(", ");
}

function mainText(sees: Sees): string {
  switch (sees.kind) {
    case "answer":
      return "200 and the whole answer";
    case "stream":
      return sees.ends === "[DONE]"
        ? "200 and the whole stream"
        : "200 and the whole stream, without `[DONE]`";
    case "cut":
      return `200 and what came, then the error event \`${sees.code}\``;
    case "error":
      return `${sees.status} ${sees.code === null ? "without a code" : `\`${sees.code}\``}`;
    case "bytes":
      return "200 and the upstream's bytes";
    case "nothing":
      return "nothing";
  }
}

function headersText(sees: Sees): readonly string[] {
  if (sees.kind === "nothing") return [];
  return Object.entries(sees.headers ?? {}).map(([name, value]) => {
    if (value === null) return `no \`${name}\``;
    return typeof value === "string" ? `\`${name}: ${value}\`` : `\`${name}\``;
  });
}

function timeText([least, most]: readonly [number, number]): string {
  const seconds = (ms: number): string => `${ms / 1000} s`;
  return least === 0 ? `within ${seconds(most)}` : `after ${seconds(least)} to ${seconds(most)}`;
}

function countedText({ status, attempts, fallback, retries = 0, tokens }: Counted): string {
  return [
    `request ${status}`,
    attemptsText(attempts),
    ...(fallback === undefined ? [] : [`the fallback's ${attemptsText(fallback)}`]),
    ...(retries === 0 ? [] : [retries === 1 ? "1 retry" : `${retries} retries`]),
    ...(tokens === undefined ? [] : [`${tokens.input} tokens in, ${tokens.output} out`]),
  ].join("; ");
}

function attemptsText(attempts: Attempts): string {
  const texts = Object.entries(attempts).map(([outcome, count]) => `${count} × \`${outcome}\``);
  return texts.join(", ");
}
