import type { RowDocument } from "../comparison/document.ts";
import { readable } from "../comparison/message.ts";
import type { Compared } from "../comparison/stored.ts";
import {
  agreementTable,
  differenceTable,
  judgeTable,
  simulatedNote,
  type Table,
  variantTable,
} from "../comparison/tables.ts";
import { plainText } from "./plain-text.ts";
import { textTable } from "./text-table.ts";

/** A comparison for a terminal: its tables, and before them the answers where there is one query only. */
export function comparisonText({ document, rows }: Compared): string {
  const { summary } = document;
  const [only] = rows;
  const answers = rows.length === 1 && only !== undefined ? answersText(only) : [];
  const note = simulatedNote(summary);
  const parts = [
    ...answers,
    shown("What each took (tokens: means of a query)", variantTable(summary), 2),
    note === undefined ? "" : `${plainText(note)}\n`,
    shown("How far they agree (95% intervals)", agreementTable(summary), 2),
    shown("What the judge says (a win takes both orders)", judgeTable(summary), 2),
    shown("Differences to the baseline, query by query (95% intervals)", differenceTable(summary), 2),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function shown(title: string, { head, rows }: Table, numbersFrom: number): string {
  return rows.length === 0 ? "" : `${title}\n\n${textTable(head, rows, numbersFrom)}`;
}

function answersText({ system, results }: RowDocument): readonly string[] {
  const before = system === undefined ? [] : [section("(system message)", system)];
  const answers = results.map(({ variant, message, error }) => {
    const text = error === null ? readable(message) : `error ${error.status}: ${error.message}`;
    return section(variant, text);
  });
  return [...before, ...answers];
}

function section(title: string, text: string): string {
  return `${title}\n\n${plainText(text).replaceAll(/^(?=.)/gm, "  ")}\n`;
}
