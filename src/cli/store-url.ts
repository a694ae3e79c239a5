import type { Table } from "../domain/table.ts";
import { UsageError } from "./error-text.ts";

/** The url of the configuration's store. @throws UsageError where it has none */
export function storeUrl({ store }: Pick<Table, "store">): string {
  if (store === undefined)
    throw new UsageError("the configuration has `store: false`: give the url of a store by --store");
  return store.url;
}
