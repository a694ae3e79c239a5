import { parseArgs } from "node:util";
import { deletion, wholeCapture } from "../../routes/admin/capture-fields.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { captureText } from "./capture-text.ts";
import { feedback, list } from "./captures-list.ts";
import { exportCaptures, importCaptures } from "./captures-transfer.ts";
import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";

export const captures: Command = {
  summary: "List, show, delete, export and import captured requests; sum up feedback.",
  help: `Usage: crossover captures list [FILTERS] [--limit NUMBER] [--cursor CURSOR] [--order newest|oldest]
       crossover captures show ID
       crossover captures delete ID
       crossover captures delete --user NAME
       crossover captures feedback [--route ROUTE] [--variant VARIANT] [--from WHEN] [--to WHEN]
       crossover captures export [FILE] [--config FILE] [--store URL]
       crossover captures import FILE [--config FILE] [--store URL]

The first five ask the admin API of a running gateway, with the token in CROSSOVER_ADMIN_TOKEN.
  --url      where the gateway is. Default http://127.0.0.1:8787
  --json     print what the admin API answers
Filters of \`list\`; each narrows:
  --route, --rule, --variant, --model, --prompt-version, --key, --user   as named
  --path     enriched or bare
  --outcome  success, client_error, rate_limited, server_error, timeout, interrupted or client_closed
  --status   the HTTP status
  --cached   true or false: did the response cache answer?
  --simulated  true or false: did the built-in simulator answer?
  --content  true or false: are the texts kept?
  --from     a date, from its beginning in UTC, or a time such as 2027-01-31T18:00:00Z
  --to       a date, to its end in UTC, or a time
  --q        words that all stand in the query or the answer
  --feedback NAME, NAME:VALUE or NAME>=NUMBER, such as thumbs:true or score>=0.5
\`delete\` takes away a capture with its feedback and the rows of comparisons that came from it, or all of a user's.
\`feedback\` sums feedback up by variant, with 95% intervals.
\`export\` writes the whole store as JSON lines to a new file, or to standard output (\`-\`, the default). \`import\` reads
such lines, from \`-\` too; what is there already stays as it is. Both open the store themselves: that of the
configuration, or the one at --store. The gateway may run or not.
`,
  run: async ([action = "", ...args]) => {
    const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (run === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    await run(args);
    return 0;
  },
};

const actions: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  list,
  show,
  delete: remove,
  feedback,
  export: exportCaptures,
  import: importCaptures,
};

async function show(args: readonly string[]): Promise<void> {
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

async function remove(args: readonly string[]): Promise<void> {
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
