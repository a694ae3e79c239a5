import { parseArgs } from "node:util";
import { why as whyIn } from "../backtest/why.ts";
import { type WhyDocument, whyDocument } from "../backtest/why-document.ts";
import { parseCaptured } from "../gateway/rebuild.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { openStore } from "../store/open.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { UsageError } from "./error-text.ts";
import { type Command, configPathOf } from "./main.ts";
import { storeUrl } from "./store-url.ts";
import { whyText } from "./why-text.ts";

export const why: Command = {
  help: `Usage: crossover why REQUEST_ID [--json] [--url URL]
       crossover why REQUEST_ID [--json] --config FILE [--store URL]

Shows of a captured request which rules were tried and what they saw, how its variant was chosen, which models were
called, how it ended, and where its rollout stood. The id is the answer's header x-crossover-request-id.
Asks the admin API of a running gateway, with the token in CROSSOVER_ADMIN_TOKEN; with --config or --store it opens the
store itself.
  --url      where the gateway is. Default http://127.0.0.1:8787
  --config   the configuration, for its store and the tags of its keys
  --store    the store's url, where it is another than the configuration's
  --json     print what the admin API answers
`,
  run: async (args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
    const [id, ...more] = positionals;
    if (id === undefined || id === "" || more.length > 0) throw new UsageError("give the id of one request");
    const isLocal = values.config !== undefined || values.store !== undefined;
    if (isLocal && values.url !== undefined)
      throw new UsageError("give either --url, to ask a gateway, or --config or --store, to open the store");
    const document = isLocal ? await fromStore(id, args, values.store) : await fromGateway(id, values.url);
    if (values.json) printJson(document);
    else process.stdout.write(whyText(document));
    return 0;
  },
};

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  config: { type: "string", short: "c" },
  store: { type: "string" },
} as const;

function fromGateway(id: string, url: string | undefined): Promise<WhyDocument> {
  const path = `/requests/${encodeURIComponent(id)}/why`;
  return askAdmin(url, { method: "GET", path }, whyDocument);
}

async function fromStore(id: string, args: readonly string[], url: string | undefined): Promise<WhyDocument> {
  const table = loadFromDisk(configPathOf(args, process.env), process.env);
  const store = await openStore(url ?? storeUrl(table), { make: false });
  try {
    const tagsOf = (name: string) => table.keys.find((key) => key.name === name)?.tags;
    const document = await whyIn(id, { store, parse: parseCaptured, tagsOf });
    if (document === undefined) throw new Error("no capture of this id is kept");
    return document;
  } finally {
    await store.close();
  }
}
