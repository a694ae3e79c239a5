import type { BareMode } from "../domain/table.ts";
import { type CaptureFilter, type Store, scan } from "../store/store.ts";
import { type ExampleOptions, toExample } from "./from-capture.ts";
import { fromLine } from "./from-line.ts";
import { Interner } from "./interner.ts";
import { BOM, type Line } from "./read.ts";
import { inOrder, type Row } from "./row.ts";
import { eachRow, type StepOutcome } from "./step.ts";

/** What stands at one place of the source. */
interface Read {
  readonly id: string;
  readonly at: number;
  /** Or why there is none. */
  readonly row: Row | string;
}

/** The captures of a filter as rows, by time and id. @throws StoreError */
export async function readCaptures(
  store: Pick<Store, "page" | "recipe">,
  filter: CaptureFilter,
  options: Omit<ExampleOptions, "params">,
): Promise<StepOutcome<Row>> {
  const known = new Map<string, Readonly<Record<string, string>>>();
  const found: Read[] = [];
  const share = sharing();
  for await (const capture of scan(store, filter)) {
    const params = known.get(capture.recipe) ?? (await store.recipe(capture.recipe))?.params ?? {};
    known.set(capture.recipe, params);
    const row = toExample(capture, { ...options, params });
    found.push({ id: capture.id, at: capture.at, row: typeof row === "string" ? row : share(row) });
  }
  return readable(found);
}

/** The lines of a file in the chat format as rows. Empty lines are none. */
export async function readFileRows(lines: AsyncIterable<Line>, mode: BareMode): Promise<StepOutcome<Row>> {
  const found: Read[] = [];
  const share = sharing();
  for await (const { number, text } of lines) {
    const plain = number === 1 && text?.startsWith(BOM) ? text.slice(1) : text;
    if (plain?.trim() === "") continue;
    const row = plain === undefined ? "not valid UTF-8" : fromLine(plain, number, mode);
    found.push({ id: `line ${number}`, at: number, row: typeof row === "string" ? row : share(row) });
  }
  return readable(found);
}

function readable(found: readonly Read[]): StepOutcome<Row> {
  return eachRow("readable", inOrder(found), ({ row }) =>
    typeof row === "string" ? { removed: [row] } : { kept: row },
  );
}

/** Rows of a route mostly have the same tools and the same schema. */
function sharing(): (row: Row) => Row {
  const tools = new Interner<readonly unknown[]>();
  const formats = new Interner<unknown>();
  return (row) => ({
    ...row,
    responseFormat: formats.share(row.responseFormat),
    example:
      row.example.tools === undefined
        ? row.example
        : { ...row.example, tools: tools.share(row.example.tools) },
  });
}
