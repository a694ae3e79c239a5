import { parseArgs } from "node:util";
import { deletion, wholeCapture } from "../../routes/admin/capture-fields.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { captureText } from "./capture-text.ts";
import { UsageError } from "./error-text.ts";

/** `crossover captures show` */
export async function show(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: CONNECTION_OPTIONS,
  });
  const path = `/captures/${encodeURIComponent(oneId(positionals))}`;
  const capture = await askAdmin(values.url, { method: "GET", path }, wholeCapture);
  if (values.json) return printJson(capture);
  process.stdout.write(captureText(capture));
}

/** `crossover captures delete` */
export async function remove(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...CONNECTION_OPTIONS, user: { type: "string" } },
  });
  if (values.user !== undefined && positionals.length > 0)
    throw new UsageError("give either the id of one capture, or --user");
  const path =
    values.user === undefined
      ? `/captures/${encodeURIComponent(oneId(positionals))}`
      : `/captures?${new URLSearchParams({ user: values.user })}`;
  const answer = await askAdmin(values.url, { method: "DELETE", path }, deletion);
  if (values.json) return printJson(answer);
  const { captures, feedback, comparison_rows } = answer;
  process.stdout.write(
    `Deleted: captures ${captures}, feedback ${feedback}, rows of comparisons ${comparison_rows}.\n`,
  );
}

function oneId(positionals: readonly string[]): string {
  const [id, ...more] = positionals;
  if (id === undefined || id === "" || more.length > 0) throw new UsageError("give the id of one capture");
  return id;
}
