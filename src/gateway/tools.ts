import type { Tools } from "../comparison/answered.ts";
import { type AskDeps, ask } from "./ask.ts";
import { embed } from "./embed.ts";

/** What a comparison works with. @param judging may the judge be asked? */
export function toolsFor(deps: AskDeps, judging: boolean): Tools {
  const { compare, redaction } = deps.table;
  const { embedding, judge } = compare;
  return {
    ask: (request, variant, signal) => ask(deps, request, variant, signal),
    embed: embedding && ((texts, signal) => embed(deps, embedding, texts, signal)),
    judge: judging ? judge : undefined,
    redact: redaction.secrets.redact,
  };
}
