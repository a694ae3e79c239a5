import { parseArgs } from "node:util";
import { questionOf, reportQuery } from "../../routes/admin/report-query.ts";
import type { Table } from "../domain/table.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { type Question, reportsOn } from "../reports/reports.ts";
import { toDocument } from "../reports/to-document.ts";
import { openStore } from "../store/open.ts";
import { printJson } from "./admin-api.ts";
import { UsageError } from "./error-text.ts";
import { type Command, configPathOf } from "./main.ts";
import { reportLines, reportText } from "./report-text.ts";
import { storeUrl } from "./store-url.ts";

export const report: Command = {
  help: `Usage: crossover report [--route ROUTE] [OPTIONS] [--json] [--config FILE]

Reads the store of the configuration; the gateway may run or not. Without --route: a line for each route.
  --from, --to        a date, from its beginning to its end in UTC, or a time such as 2027-01-31T18:00:00Z.
                      Default: the last 30 days
  --candidate         the variant that prompting is weighed against. Default: the bare or fine-tuned one of the
                      route that answered most
  --input-price, --output-price
                      USD per million tokens, in place of the candidate's own, or without one
  --hosting-per-hour  USD for each hour that the candidate stands
  --training-cost     USD, once. Default: the model's \`trainingCost\`
  --horizon-days      days within which a training should pay. Default 90
  --store             the store's url, where it is another than the configuration's
  --json              print what the admin API answers
`,
  run: async (args) => {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    const question = asked(values);
    const table = loadFromDisk(configPathOf(args, process.env), process.env);
    requireRoute(question, table);
    const documents = (await reports(values.store ?? storeUrl(table), table, question)).map(toDocument);
    if (values.json) printJson({ object: "list", data: documents });
    else
      process.stdout.write(
        question.route === undefined ? reportLines(documents) : documents.map(reportText).join("\n"),
      );
    return 0;
  },
};

const OPTIONS = {
  route: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  candidate: { type: "string" },
  "input-price": { type: "string" },
  "output-price": { type: "string" },
  "hosting-per-hour": { type: "string" },
  "training-cost": { type: "string" },
  "horizon-days": { type: "string" },
  store: { type: "string" },
  json: { type: "boolean" },
  config: { type: "string", short: "c" },
} as const;

/** The flags are the query parameters of the admin API. */
function asked(values: Readonly<Record<string, string | boolean | undefined>>): Question {
  const query = Object.keys(reportQuery.shape).flatMap((name) => {
    const value = values[name.replaceAll("_", "-")];
    return value === undefined ? [] : [[name, value] as const];
  });
  const parsed = reportQuery.safeParse(Object.fromEntries(query));
  if (parsed.success) return questionOf(parsed.data);
  const [issue] = parsed.error.issues;
  throw new UsageError(`--${String(issue?.path[0] ?? "").replaceAll("_", "-")}: ${issue?.message}`);
}

function requireRoute({ route }: Question, { routes }: Table): void {
  if (route !== undefined && !routes.has(route))
    throw new UsageError(
      `--route: there is no route ${JSON.stringify(route)}. There are: ${[...routes.keys()].join(", ")}`,
    );
}

async function reports(url: string, table: Table, question: Question) {
  const store = await openStore(url, { make: false });
  try {
    return await reportsOn(store, table, question, Date.now());
  } finally {
    await store.close();
  }
}
