import type { Task } from "tinybench";

/** A table in Markdown, its columns as wide as their cells. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return `${[line(head), rule, ...rows.slice(1).map(line)].join("\n")}\n`;
}

/** @throws Error when a task failed: its figures would be those of nothing */
export function microTable(tasks: readonly Task[]): string {
  const rows = tasks.map(({ name, result }) => {
    if (result.state !== "completed") throw new Error(`${name}: ${result.state}`, { cause: result });
    const { p50, p99 } = result.latency;
    return [name, micros(p50), micros(p99)];
  });
  return markdownTable([["step", "median µs", "p99 µs"], ...rows]);
}

function micros(ms: number): string {
  return (ms * 1000).toPrecision(3);
}
