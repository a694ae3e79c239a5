import { z } from "zod";
import type { StickyKey } from "../domain/table.ts";
import type { CompileContext } from "./compile.ts";
import { SECRET_HEADERS } from "./condition.ts";
import type { ConfigPath } from "./problem.ts";

export const stickyBy = z
  .string()
  .regex(
    /^(user|metadata\..+|headers?\.[A-Za-z0-9-]+)$/,
    "sticky by `user`, `metadata.NAME` or `header.NAME`",
  )
  .describe("What decides who stays together: user, metadata.NAME or header.NAME.");

export function stickyKey(source: string, path: ConfigPath, report: CompileContext["report"]): StickyKey {
  const dot = source.indexOf(".");
  const name = source.slice(dot + 1);
  if (dot === -1) return { from: "user" };
  if (source.startsWith("metadata.")) return { from: "metadata", name };
  const header = name.toLowerCase();
  if (SECRET_HEADERS.has(header))
    report(path, `the header \`${header}\` holds a secret: a decision would show it`);
  return { from: "header", name: header };
}
