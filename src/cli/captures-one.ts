import { parseArgs } from "node:util";
import { captureList, deletion, wholeCapture } from "../../routes/admin/capture-fields.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { captureText } from "./capture-text.ts";
import { confirmed } from "./confirm.ts";
import { UsageError } from "./error-text.ts";
import { plainLine } from "./plain-text.ts";

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
    options: { ...CONNECTION_OPTIONS, user: { type: "string" }, yes: { type: "boolean", short: "y" } },
  });
  if (values.user !== undefined && positionals.length > 0)
    throw new UsageError("give either the id of one capture, or --user");
  if (values.user !== undefined && !values.yes && !(await mayDelete(values.user, values.url))) return;
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

/** Asks on a terminal; a script has nobody to ask, and means what it says. */
async function mayDelete(user: string, url: string | undefined): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const path = `/captures?${new URLSearchParams({ user, limit: "100" })}`;
  const { data, has_more } = await askAdmin(url, { method: "GET", path }, captureList);
  const count = has_more
    ? "more than 100 captures"
    : data.length === 1
      ? "1 capture"
      : `${data.length} captures`;
  return (await confirmed(`Delete ${count} of ${plainLine(user)}?`)) ?? true;
}

function oneId(positionals: readonly string[]): string {
  const [id, ...more] = positionals;
  if (id === undefined || id === "" || more.length > 0) throw new UsageError("give the id of one capture");
  return id;
}
