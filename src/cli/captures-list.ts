import { parseArgs } from "node:util";
import type { z } from "zod";
import { captureList, summaryList } from "../../routes/admin/capture-fields.ts";
import { captureQuery, feedbackQuery } from "../../routes/admin/capture-query.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { plainLine } from "./plain-text.ts";
import { textTable } from "./text-table.ts";

/** Columns of a terminal that a list fits. */
const WIDTH = 120;

/** `crossover captures list` */
export async function list(args: readonly string[]): Promise<void> {
  const { connection, path } = asked(args, "/captures", Object.keys(captureQuery.shape));
  const answer = await askAdmin(connection.url, { method: "GET", path }, captureList);
  if (connection.json) return printJson(answer);
  if (answer.data.length === 0) process.stderr.write("No captures match.\n");
  else process.stdout.write(listText(answer.data));
  if (answer.next_cursor !== null)
    process.stderr.write(`There are more: add --cursor ${answer.next_cursor}\n`);
}

/** Rows of at most `WIDTH` columns; what is left out is in `show` and `--json`. */
function listText(captures: z.infer<typeof captureList>["data"]): string {
  const head = ["id", "time (UTC)", "route", "variant", "outcome", "feedback", "query"];
  const rows = captures.map((capture) => [
    capture.id,
    capture.created_at.slice(0, 16).replace("T", " "),
    short(capture.route, 10),
    short(capture.variant, 12),
    capture.outcome,
    short(plainLine(capture.feedback.map(({ name, value }) => `${name}=${value}`).join(" ")), 12),
  ]);
  const room = WIDTH - (textTable(head, rows, head.length).split("\n")[1]?.length ?? 0) + "query".length;
  const whole = rows.map((row, index) => [...row, short(plainLine(captures[index]?.query ?? ""), room)]);
  return textTable(head, whole, head.length);
}

/** `crossover captures feedback` */
export async function feedback(args: readonly string[]): Promise<void> {
  const { connection, path } = asked(args, "/feedback", Object.keys(feedbackQuery.shape));
  const answer = await askAdmin(connection.url, { method: "GET", path }, summaryList);
  if (connection.json) return printJson(answer);
  const head = ["route", "variant", "name", "labels", "requests", "mean", "95% from", "to"];
  const rows = answer.data.map(({ route, variant, name, labels, count, mean, interval }) => [
    route,
    variant,
    name,
    labelsText(labels),
    numberText(count),
    mean?.toFixed(3) ?? "",
    interval?.low.toFixed(3) ?? "",
    interval?.high.toFixed(3) ?? "",
  ]);
  process.stdout.write(textTable(head, rows, head.indexOf("requests")));
}

/** Flags become query parameters of the same names; the gateway says what is wrong with them. */
function asked(
  args: readonly string[],
  path: string,
  parameters: readonly string[],
): { readonly connection: { url?: string | undefined; json?: boolean | undefined }; readonly path: string } {
  const flags = parameters.map((name) => [name, name.replaceAll("_", "-")] as const);
  const options = Object.fromEntries(flags.map(([, flag]) => [flag, { type: "string" } as const]));
  const { values } = parseArgs({ args: [...args], options: { ...options, ...CONNECTION_OPTIONS } });
  const query = new URLSearchParams();
  const given = new Map(Object.entries(values));
  for (const [name, flag] of flags) {
    const value = given.get(flag);
    if (typeof value === "string") query.set(name, value);
  }
  return { connection: values, path: query.size === 0 ? path : `${path}?${query}` };
}

/** The most frequent labels, in one cell. */
function labelsText(labels: Readonly<Record<string, number>>): string {
  const shown = Object.entries(labels)
    .slice(0, 5)
    .map(([label, count]) => `${short(plainLine(label), 20)}=${count}`);
  return [...shown, ...(Object.keys(labels).length > 5 ? ["…"] : [])].join(" ");
}

function short(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

function numberText(value: number | null): string {
  return value === null ? "" : String(value);
}
